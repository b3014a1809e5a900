import { decodeSignedGrant, encodeSignedGrant, type SignedGrant } from '../../../sdk/protocol/grant.ts';
import type { DealId, Epoch, GrantHash } from '../../../sdk/protocol/identifiers.ts';
import type { ReceiptWithGrant } from '../../../sdk/protocol/receipt.ts';
import type { JournalRecord } from './receipt-journal-format.ts';

interface JournaledGrant {
  readonly grantHash: GrantHash;
  readonly dealId: DealId;
  readonly epoch: Epoch;
  /** Encoded, because it takes a third of the decoded form and is seldom read. */
  readonly signedGrant: Uint8Array;
  bytesCumulative: bigint;
  /** Empty until the first receipt. */
  receiptSignature: Uint8Array;
}

interface JournaledDeal {
  readonly grants: Map<GrantHash, JournaledGrant>;
  closedThrough: Epoch | undefined;
  paidThrough: Epoch | undefined;
  paidBytes: bigint;
}

/** Which receipts are asked for. */
export interface ReceiptQuery {
  readonly dealId: DealId;
  /** @default the first one kept */
  readonly fromEpoch?: Epoch;
  readonly throughEpoch: Epoch;
  /** Only grants whose hash is greater: the last one of the page before. */
  readonly afterGrantHash?: GrantHash;
  /** @default all of them */
  readonly limit?: number;
}

/** Sums of one deal in the journal; bytes. */
export interface JournalTotals {
  readonly dealId: DealId;
  /** Receipts kept one by one. */
  readonly keptBytes: bigint;
  /** Receipted bytes of epochs that are paid and no longer kept one by one. */
  readonly paidBytes: bigint;
  readonly receiptedByEpoch: ReadonlyMap<Epoch, bigint>;
  readonly closedThrough: Epoch | undefined;
  readonly paidThrough: Epoch | undefined;
}

/** What the journal's file says, in memory: every grant that is not paid, with its best receipt. */
export class JournalIndex {
  readonly #grants = new Map<GrantHash, JournaledGrant>();
  readonly #deals = new Map<DealId, JournaledDeal>();
  #receipts = 0;

  get grants(): number {
    return this.#grants.size;
  }

  get receipts(): number {
    return this.#receipts;
  }

  get deals(): readonly DealId[] {
    return [...this.#deals.keys()];
  }

  has(grantHash: GrantHash): boolean {
    return this.#grants.has(grantHash);
  }

  receiptedBytes(grantHash: GrantHash): bigint {
    return this.#grants.get(grantHash)?.bytesCumulative ?? 0n;
  }

  signedGrant(grantHash: GrantHash): SignedGrant | undefined {
    const entry = this.#grants.get(grantHash);
    return entry === undefined ? undefined : decodeSignedGrant(entry.signedGrant);
  }

  /** Applies one record in the order of the file. */
  apply(record: JournalRecord): void {
    switch (record.kind) {
      case 'grant':
        this.#addGrant(record.grantHash, record.signedGrant);
        break;
      case 'receipt': {
        const { grantHash, bytesCumulative } = record.signedReceipt.receipt;
        const entry = this.#grants.get(grantHash);
        if (entry === undefined || bytesCumulative <= entry.bytesCumulative) break;
        if (entry.receiptSignature.length === 0) this.#receipts += 1;
        entry.bytesCumulative = bytesCumulative;
        entry.receiptSignature = record.signedReceipt.signature;
        break;
      }
      case 'closed': {
        const deal = this.#deal(record.dealId);
        deal.closedThrough = later(deal.closedThrough, record.throughEpoch);
        break;
      }
      case 'paid': {
        const deal = this.#deal(record.dealId);
        deal.paidThrough = later(deal.paidThrough, record.throughEpoch);
        deal.paidBytes += record.forgottenBytes;
        this.#forget(deal, record.throughEpoch);
        break;
      }
    }
  }

  /** Best receipts of a deal with their grants, in ascending order of the grant hash. */
  receiptsOf(query: ReceiptQuery): ReceiptWithGrant[] {
    const { fromEpoch = 0, throughEpoch, afterGrantHash = '', limit = Infinity } = query;
    const found: JournaledGrant[] = [];
    for (const entry of this.#deals.get(query.dealId)?.grants.values() ?? []) {
      const inSpan = entry.epoch >= fromEpoch && entry.epoch <= throughEpoch;
      if (inSpan && entry.bytesCumulative > 0n && entry.grantHash > afterGrantHash) found.push(entry);
    }
    found.sort((a, b) => (a.grantHash < b.grantHash ? -1 : 1));
    return found.slice(0, Math.min(limit, found.length)).map(pairOf);
  }

  totalsOf(dealId: DealId): JournalTotals | undefined {
    const deal = this.#deals.get(dealId);
    if (deal === undefined) return undefined;
    const receiptedByEpoch = new Map<Epoch, bigint>();
    let keptBytes = 0n;
    for (const { epoch, bytesCumulative } of deal.grants.values()) {
      keptBytes += bytesCumulative;
      receiptedByEpoch.set(epoch, (receiptedByEpoch.get(epoch) ?? 0n) + bytesCumulative);
    }
    const { paidBytes, closedThrough, paidThrough } = deal;
    return { dealId, keptBytes, paidBytes, receiptedByEpoch, closedThrough, paidThrough };
  }

  /** Receipted bytes of a deal in epochs up to one: what paying them would let the journal forget. */
  bytesThrough(dealId: DealId, throughEpoch: Epoch): bigint {
    let bytes = 0n;
    for (const entry of this.#deals.get(dealId)?.grants.values() ?? []) {
      if (entry.epoch <= throughEpoch) bytes += entry.bytesCumulative;
    }
    return bytes;
  }

  /** Every grant kept, for the ledger of a node that starts. */
  *restorable(): Generator<{ grantHash: GrantHash; signedGrant: SignedGrant; bytesCumulative: bigint }> {
    for (const { grantHash, signedGrant, bytesCumulative } of this.#grants.values()) {
      yield { grantHash, signedGrant: decodeSignedGrant(signedGrant), bytesCumulative };
    }
  }

  /** The fewest records that say the same: what a compacted file holds. */
  *snapshot(): Generator<JournalRecord> {
    for (const [dealId, deal] of this.#deals) {
      if (deal.paidThrough !== undefined) {
        yield { kind: 'paid', dealId, throughEpoch: deal.paidThrough, forgottenBytes: deal.paidBytes };
      }
      if (deal.closedThrough !== undefined) {
        yield { kind: 'closed', dealId, throughEpoch: deal.closedThrough };
      }
      for (const entry of deal.grants.values()) {
        yield {
          kind: 'grant',
          grantHash: entry.grantHash,
          signedGrant: decodeSignedGrant(entry.signedGrant),
        };
        if (entry.bytesCumulative > 0n) {
          yield { kind: 'receipt', signedReceipt: pairOf(entry).signedReceipt };
        }
      }
    }
  }

  #addGrant(grantHash: GrantHash, signedGrant: SignedGrant): void {
    if (this.#grants.has(grantHash)) return;
    const { dealId, epoch } = signedGrant.grant;
    const deal = this.#deal(dealId);
    if (deal.paidThrough !== undefined && epoch <= deal.paidThrough) return;
    const entry: JournaledGrant = {
      grantHash,
      dealId,
      epoch,
      signedGrant: encodeSignedGrant(signedGrant),
      bytesCumulative: 0n,
      receiptSignature: new Uint8Array(0),
    };
    this.#grants.set(grantHash, entry);
    deal.grants.set(grantHash, entry);
  }

  #forget(deal: JournaledDeal, throughEpoch: Epoch): void {
    for (const entry of deal.grants.values()) {
      if (entry.epoch > throughEpoch) continue;
      deal.grants.delete(entry.grantHash);
      this.#grants.delete(entry.grantHash);
      if (entry.bytesCumulative > 0n) this.#receipts -= 1;
    }
  }

  #deal(dealId: DealId): JournaledDeal {
    let deal = this.#deals.get(dealId);
    if (deal === undefined) {
      deal = { grants: new Map(), closedThrough: undefined, paidThrough: undefined, paidBytes: 0n };
      this.#deals.set(dealId, deal);
    }
    return deal;
  }
}

function pairOf(entry: JournaledGrant): ReceiptWithGrant {
  const { grantHash, bytesCumulative, receiptSignature } = entry;
  return {
    signedGrant: decodeSignedGrant(entry.signedGrant),
    signedReceipt: { receipt: { grantHash, bytesCumulative }, signature: receiptSignature },
  };
}

function later(known: Epoch | undefined, epoch: Epoch): Epoch {
  return known === undefined || epoch > known ? epoch : known;
}
