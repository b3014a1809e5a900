import { bytesToHex, type Hex } from '../../../sdk/protocol/bytes.ts';
import { MAX_REMEMBERED_LOADS } from './group-limits.ts';

/** Loads of servers in other groups, as their own groups told them, for a while (SPEC.md, other groups). */
export class LoadMemory {
  readonly #memoryMs: number;
  readonly #loads = new Map<Hex, { readonly load: number; readonly untilMs: number }>();

  constructor(options: { readonly loadMemoryMs: number }) {
    this.#memoryMs = options.loadMemoryMs;
  }

  note(nid: Uint8Array, load: number, nowMs: number): void {
    const id = bytesToHex(nid);
    this.#loads.delete(id);
    this.#loads.set(id, { load, untilMs: nowMs + this.#memoryMs });
    const oldest = this.#loads.keys().next();
    if (this.#loads.size > MAX_REMEMBERED_LOADS && oldest.done !== true) this.#loads.delete(oldest.value);
  }

  /** 0 to 255; undefined if nothing was told lately. */
  loadOf(nid: Hex, nowMs: number): number | undefined {
    const known = this.#loads.get(nid);
    return known === undefined || known.untilMs <= nowMs ? undefined : known.load;
  }
}
