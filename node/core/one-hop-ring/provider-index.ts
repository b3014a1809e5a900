import { bytesToHex, type Hex } from '../../../sdk/protocol/bytes.ts';
import { MAX_INDEX_KEYS, MAX_PROVIDED_KEYS, MAX_PROVIDERS_PER_KEY } from './limits.ts';
import { expiresAtMs, type ProviderRecord } from './provider-record.ts';
import type { RingId } from './ring-identifier.ts';

/** What a store did; `full` and `expired` are refusals. */
export type IndexVerdict = 'stored' | 'held' | 'older' | 'full' | 'expired';

interface KeyEntry {
  readonly key: RingId;
  readonly providers: Map<Hex, ProviderRecord>;
}

/** Key → newest record of each provider, within limits of keys and providers (RING.md, index). */
export class ProviderIndex {
  readonly #keys = new Map<Hex, KeyEntry>();
  /** Records held of each provider: one that floods cannot take the room of the others. */
  readonly #heldOf = new Map<Hex, number>();

  get keyCount(): number {
    return this.#keys.size;
  }

  /** The record must have been verified. */
  store(record: ProviderRecord, nowMs: number): IndexVerdict {
    if (expiresAtMs(record) <= nowMs) return 'expired';
    const id = bytesToHex(record.key);
    const provider = bytesToHex(record.publicKey);
    const entry = this.#keys.get(id);
    const held = entry?.providers.get(provider);
    if (held !== undefined && held.sequence > record.sequence) return 'older';
    if (held !== undefined && held.sequence === record.sequence) return 'held';
    if (entry === undefined && this.#keys.size >= MAX_INDEX_KEYS) return 'full';
    if (held === undefined) {
      const heldOf = this.#heldOf.get(provider) ?? 0;
      if ((entry?.providers.size ?? 0) >= MAX_PROVIDERS_PER_KEY || heldOf >= MAX_PROVIDED_KEYS) return 'full';
      this.#heldOf.set(provider, heldOf + 1);
    }
    if (entry === undefined) {
      this.#keys.set(id, { key: record.key, providers: new Map([[provider, record]]) });
    } else {
      entry.providers.set(provider, record);
    }
    return 'stored';
  }

  /** The record of one provider that is held for a key. */
  recordOf(key: RingId, publicKey: Uint8Array): ProviderRecord | undefined {
    return this.#keys.get(bytesToHex(key))?.providers.get(bytesToHex(publicKey));
  }

  /** Records in force: neither expired nor withdrawn. */
  providersOf(key: RingId, nowMs: number): ProviderRecord[] {
    const entry = this.#keys.get(bytesToHex(key));
    if (entry === undefined) return [];
    return [...entry.providers.values()].filter((record) => !record.withdrawn && expiresAtMs(record) > nowMs);
  }

  /** Everything held for a key, withdrawals included: replicas must know those too. */
  recordsOf(key: RingId): ProviderRecord[] {
    return [...(this.#keys.get(bytesToHex(key))?.providers.values() ?? [])];
  }

  /** Is anything held for this key, in hexadecimal? */
  has(id: Hex): boolean {
    return this.#keys.has(id);
  }

  *keys(): Generator<RingId> {
    for (const entry of this.#keys.values()) yield entry.key;
  }

  drop(key: RingId): void {
    const id = bytesToHex(key);
    for (const provider of this.#keys.get(id)?.providers.keys() ?? []) this.#release(provider);
    this.#keys.delete(id);
  }

  /** Forgets what has expired. */
  sweep(nowMs: number): void {
    for (const [id, entry] of this.#keys) {
      for (const [provider, record] of entry.providers) {
        if (expiresAtMs(record) > nowMs) continue;
        entry.providers.delete(provider);
        this.#release(provider);
      }
      if (entry.providers.size === 0) this.#keys.delete(id);
    }
  }

  #release(provider: Hex): void {
    const left = (this.#heldOf.get(provider) ?? 0) - 1;
    if (left > 0) this.#heldOf.set(provider, left);
    else this.#heldOf.delete(provider);
  }
}
