import type { ContentRoot } from '../../../sdk/protocol/identifiers.ts';
import { TRANSIT_BUFFER_BYTES } from './carriage-limits.ts';

interface CarriedBlock {
  readonly bytes: Uint8Array;
  /** Contents that it was carried as part of. */
  readonly roots: Set<ContentRoot>;
}

/** Verified blocks on their way from one domain to another (SPEC.md, rule 6); the least recently asked for leaves. */
export class TransitBuffer {
  readonly #blocks = new Map<string, CarriedBlock>();
  readonly #maxBytes: number;
  #bytes = 0;

  /** @param options.maxBytes @default 64 MiB */
  constructor(options: { readonly maxBytes?: number } = {}) {
    this.#maxBytes = options.maxBytes ?? TRANSIT_BUFFER_BYTES;
  }

  /** Takes a verified block in; one that is larger than the whole buffer is not kept. */
  put(root: ContentRoot, cid: string, bytes: Uint8Array): void {
    const known = this.#blocks.get(cid);
    if (known !== undefined) {
      known.roots.add(root);
      this.#touch(cid, known);
      return;
    }
    if (bytes.length > this.#maxBytes) return;
    this.#blocks.set(cid, { bytes, roots: new Set([root]) });
    this.#bytes += bytes.length;
    for (const [oldest, block] of this.#blocks) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#drop(oldest, block);
    }
  }

  /** The caller must not change the bytes. */
  get(cid: string): Uint8Array | undefined {
    const block = this.#blocks.get(cid);
    if (block !== undefined) this.#touch(cid, block);
    return block?.bytes;
  }

  sizeOf(cid: string): number | undefined {
    return this.#blocks.get(cid)?.bytes.length;
  }

  /** Whether the block is here as part of the content. */
  contains(root: ContentRoot, cid: string): boolean {
    return this.#blocks.get(cid)?.roots.has(root) === true;
  }

  /** A content that must not be sent on any more. */
  forget(root: ContentRoot): void {
    for (const [cid, block] of this.#blocks) {
      block.roots.delete(root);
      if (block.roots.size === 0) this.#drop(cid, block);
    }
  }

  get bytes(): number {
    return this.#bytes;
  }

  #touch(cid: string, block: CarriedBlock): void {
    this.#blocks.delete(cid);
    this.#blocks.set(cid, block);
  }

  #drop(cid: string, block: CarriedBlock): void {
    this.#blocks.delete(cid);
    this.#bytes -= block.bytes.length;
  }
}
