import type { SignedGrant } from '../../../sdk/protocol/grant.ts';
import type { Address, GrantHash } from '../../../sdk/protocol/identifiers.ts';
import type { SignedReceipt } from '../../../sdk/protocol/receipt.ts';
import type { GrantStanding, ReceiptAnswer, SentBytes } from './delivery-desk.ts';

/** A grant whose signer was recovered. */
export interface CheckedGrant {
  readonly grantHash: GrantHash;
  readonly signedGrant: SignedGrant;
  readonly signer: Address;
}

/** A receipt whose signer was recovered. */
export interface CheckedReceipt {
  readonly signedReceipt: SignedReceipt;
  readonly signer: Address;
}

/** Bytes set aside, and how the grant stands with them. */
export interface ReservedBytes {
  /** Names the reservation until it is settled. */
  readonly leaveId: number;
  readonly standing: GrantStanding;
}

/**
 * The part of the desk that must be in one place: ledger, journal and free allowances. Questions and answers are plain
 * data, so that they may cross a process; signatures are recovered before (front-desk.ts), wherever there is time.
 */
export interface DeliveryAccounts {
  /** Begins the session of a grant, or finds it. @throws DeliveryError, StorageError, DeskError CHAIN_UNAVAILABLE */
  open(grant: CheckedGrant): Promise<GrantStanding>;

  /**
   * The standing of a grant that this same document has opened before, its newest receipt credited; undefined if the
   * ledger no longer knows it. @throws DeliveryError RECEIPT_*
   */
  resume(grantHash: GrantHash, receipt: CheckedReceipt | undefined): Promise<GrantStanding | undefined>;

  /** @throws DeliveryError GRANT_*, CREDIT_EXHAUSTED, ALLOCATION_*, …; DeskError CHAIN_UNAVAILABLE; StorageError */
  reserve(grantHash: GrantHash, bytes: number): Promise<ReservedBytes>;

  /** Takes bytes from the allowance of an address. @throws DeliveryError FREE_ALLOWANCE_EXHAUSTED */
  takeFree(client: string, bytes: number): Promise<{ readonly leaveId: number }>;

  /** Ends a reservation or a free transfer; one that is not open is ignored. */
  settle(leaveId: number, sent: SentBytes): void;

  /** Whoever was sending ended abruptly: what left is unknown, and nothing is credited for it that no viewer signs. */
  lose(leaveId: number): void;

  /** Credits receipts and answers, in their order, when they are on disk. */
  takeReceipts(receipts: readonly CheckedReceipt[]): Promise<readonly ReceiptAnswer[]>;
}
