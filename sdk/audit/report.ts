import type { Hex } from '../protocol/bytes.ts';
import type { Address, DealId } from '../protocol/identifiers.ts';
import type { AuditHeader, EventSource } from './audit-file.ts';
import type { NodeBill } from './node-bill.ts';
import type { PeersBill } from './peer-bill.ts';
import type { ReceiptFault } from './receipt-check.ts';

/** A receipt that does not count, and why. */
export interface RejectedReceipt extends ReceiptFault {
  /** Which receipt of the file it is, from 0. */
  readonly position: number;
  /** Undefined when not even the grant could be decoded. */
  readonly grantHash: Hex | undefined;
  readonly node: Address | undefined;
  readonly epoch: number;
  readonly bytes: bigint;
}

/** What an audit found. */
export interface AuditReport {
  readonly dealId: DealId;
  readonly chainId: bigint;
  readonly market: Address;
  readonly publisher: Address | undefined;
  readonly block: AuditHeader['block'];
  /** Whose word on the chain was taken. */
  readonly source: EventSource;
  /** Whether a trusted chain said something else than the file. */
  readonly eventsDiffer: boolean;
  /** Whether nothing is billed or paid that receipts and claims do not justify. */
  readonly agrees: boolean;
  readonly receipts: {
    readonly total: number;
    /** How many there were when the file was downloaded. */
    readonly stated: number;
    readonly counted: number;
    /** Receipts that do not count, by code. */
    readonly rejected: Readonly<Record<string, number>>;
  };
  /** The first MAX_LISTED_RECEIPTS of them. */
  readonly rejected: readonly RejectedReceipt[];
  readonly billedWei: bigint;
  readonly recomputedWei: bigint;
  readonly paidWei: bigint;
  readonly nodes: readonly NodeBill[];
  /** Undefined for a deal that never had a peer pool. Its amounts are not in the sums above. */
  readonly peers: PeersBill | undefined;
  /** Names of events that this audit does not know: what they did is not recomputed. */
  readonly notAuditedEvents: readonly string[];
}
