import type { Address } from '../../sdk/protocol/identifiers.ts';

/**
 * What one operator earned and was paid by the chain, wei: an edge by its own books from its allocation, a peer by the
 * coordinator's count from the peer pool.
 */
export interface OperatorReport {
  readonly address: Address;
  readonly role: 'edge' | 'peer';
  readonly earnedWei: bigint;
  readonly paidWei: bigint;
}

/** The document that `npm start -- --once --json` prints. Amounts become decimal strings. */
export interface JobReport {
  /** Every check held. */
  readonly ok: boolean;
  readonly seconds: number;
  readonly chainId: number;
  readonly edges: number;
  readonly peers: number;
  readonly content: { readonly cid: string; readonly bytes: number };
  readonly viewers: number;
  /** Verified bytes that all viewers together received. */
  readonly bytesDelivered: number;
  /** Bytes for which viewers signed receipts. */
  readonly bytesReceipted: number;
  /** Receipts that the coordinator verified when it settled: the best one of each grant. */
  readonly receiptsVerified: number;
  readonly badBlocksRejected: number;
  readonly lookups: { readonly count: number; readonly oneHop: number };
  /** From the kill of an edge until every other edge's table had it out of the ring, and the lookups meanwhile. */
  readonly ring: {
    readonly healedMs: number | null;
    readonly lookups: number;
    readonly failedLookups: number;
  };
  /** Edges first, then peers. What they were paid adds up to what the publisher spent. */
  readonly operators: readonly OperatorReport[];
  readonly publisher: {
    readonly escrowedWei: bigint;
    readonly spentWei: bigint;
    /** Part of it that peers were paid. */
    readonly paidToPeersWei: bigint;
    readonly refundedWei: bigint;
  };
  /** Escrowed = spent + refunded, spent = sum of what operators were paid, and the market holds nothing of the deal. */
  readonly conserved: boolean;
  /** Largest resident memory of any edge process; null where the system does not tell. */
  readonly edgePeakMemoryBytes: number | null;
  /** Each check with what was expected and found; `ok` is their conjunction. */
  readonly checks: readonly Check[];
}

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly found: string;
}

/** One line of JSON; amounts of tokens as decimal strings so that no reader rounds them. */
export function reportJson(report: JobReport): string {
  return JSON.stringify(report, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}
