import type { DealId, Epoch, GrantHash } from '../../../sdk/protocol/identifiers.ts';
import { CARRIAGE_STEP_BYTES, MAX_CARRIAGE_GRANTS } from './carriage-limits.ts';

/** A carriage grant and how much of it is used. Bytes. */
export interface CarriedGrant {
  readonly grantHash: GrantHash;
  readonly dealId: DealId;
  readonly epoch: Epoch;
  readonly capBytes: number;
  /** On disk as carried; what really left is never more. */
  readonly writtenBytes: number;
}

/** Leave to carry, if there is room. */
export type CarriageOutcome =
  | {
      readonly ok: true;
      /** To be on disk before a byte leaves; undefined if enough was written before. */
      readonly write: CarriedGrant | undefined;
    }
  | {
      readonly ok: false;
      readonly reason: 'over-cap' | 'ledger-full' | 'unknown';
      readonly usedBytes: number;
      readonly capBytes: number;
    };

interface Entry {
  readonly dealId: DealId;
  readonly epoch: Epoch;
  readonly capBytes: number;
  carriedBytes: number;
  writtenBytes: number;
}

/**
 * What left under each carriage grant, exact to the byte while the node runs and never too low after a fall (SPEC.md,
 * rule 3). Decides only: it says what must be on disk, and callers write it before they send.
 */
export class CarriageLedger {
  readonly #grants = new Map<GrantHash, Entry>();
  readonly #stepBytes: number;
  readonly #maxGrants: number;
  #carriedBytes = 0;

  /** @param options.stepBytes written ahead @default 4 MiB @param options.maxGrants @default 20,000 */
  constructor(options: { readonly stepBytes?: number; readonly maxGrants?: number } = {}) {
    this.#stepBytes = options.stepBytes ?? CARRIAGE_STEP_BYTES;
    this.#maxGrants = options.maxGrants ?? MAX_CARRIAGE_GRANTS;
  }

  /** Takes over what was on disk: all that was written counts as carried. */
  restore(grants: Iterable<CarriedGrant>): void {
    for (const { grantHash, dealId, epoch, capBytes, writtenBytes } of grants) {
      if (this.#grants.has(grantHash)) continue;
      const carriedBytes = writtenBytes;
      this.#grants.set(grantHash, { dealId, epoch, capBytes, carriedBytes, writtenBytes });
      this.#carriedBytes += carriedBytes;
    }
  }

  /** Begins a grant, or finds it. @returns whether there was room for it */
  open(grant: Omit<CarriedGrant, 'writtenBytes'>): boolean {
    const { grantHash, dealId, epoch, capBytes } = grant;
    if (this.#grants.has(grantHash)) return true;
    if (this.#grants.size >= this.#maxGrants) return false;
    this.#grants.set(grantHash, { dealId, epoch, capBytes, carriedBytes: 0, writtenBytes: 0 });
    return true;
  }

  /** Sets bytes aside. Call `giveBack` with what did not leave. */
  reserve(grantHash: GrantHash, bytes: number): CarriageOutcome {
    const entry = this.#grants.get(grantHash);
    if (entry === undefined) return { ok: false, reason: 'unknown', usedBytes: 0, capBytes: 0 };
    const { capBytes, carriedBytes } = entry;
    if (carriedBytes + bytes > capBytes)
      return { ok: false, reason: 'over-cap', usedBytes: carriedBytes, capBytes };
    entry.carriedBytes += bytes;
    this.#carriedBytes += bytes;
    if (entry.carriedBytes <= entry.writtenBytes) return { ok: true, write: undefined };
    entry.writtenBytes = Math.min(capBytes, entry.carriedBytes + this.#stepBytes);
    const { dealId, epoch, writtenBytes } = entry;
    return { ok: true, write: { grantHash, dealId, epoch, capBytes, writtenBytes } };
  }

  /** Bytes that were set aside and did not leave. What was written stays written. */
  giveBack(grantHash: GrantHash, bytes: number): void {
    const entry = this.#grants.get(grantHash);
    if (entry === undefined) return;
    const unused = Math.min(Math.max(0, bytes), entry.carriedBytes);
    entry.carriedBytes -= unused;
    this.#carriedBytes -= unused;
  }

  /** Bytes carried under a grant; undefined for one that is not known. */
  carriedUnder(grantHash: GrantHash): number | undefined {
    return this.#grants.get(grantHash)?.carriedBytes;
  }

  /** Forgets grants of epochs up to this one. @returns how many */
  forgetThrough(epoch: number): number {
    let forgotten = 0;
    for (const [grantHash, entry] of this.#grants) {
      if (entry.epoch > epoch) continue;
      this.#grants.delete(grantHash);
      forgotten += 1;
    }
    return forgotten;
  }

  /** Under all grants that this ledger has had: it never forgets what was carried. */
  get carriedBytes(): number {
    return this.#carriedBytes;
  }

  /** Grants that are remembered. */
  get grants(): number {
    return this.#grants.size;
  }

  /** Deals with a grant that is remembered. */
  get deals(): ReadonlySet<DealId> {
    return new Set([...this.#grants.values()].map(({ dealId }) => dealId));
  }
}
