import type { Grant } from '../../../sdk/protocol/grant.ts';
import type { GrantHash } from '../../../sdk/protocol/identifiers.ts';

/** What the client of a grant is told with every answer. Bytes. */
export interface GrantStanding {
  readonly windowBytes: number;
  /** Sent or under way. */
  readonly servedBytes: number;
  /** Receipted and on disk. */
  readonly durableBytes: number;
}

/** A grant that the desk has opened. */
export interface OpenGrant {
  readonly grantHash: GrantHash;
  readonly grant: Grant;
  /** As of the newest answer of the desk about this grant: the desk brings it up to date. */
  standing: GrantStanding;
}

/** How far a transfer got. */
export interface SentBytes {
  /** Bytes that left this process, to the accuracy of one slice when the client broke off. */
  readonly sentBytes: number;
  readonly complete: boolean;
}

/** Leave to send some bytes. Settled once, with what was sent. */
export interface TransferLeave {
  settle(sent: SentBytes): void;
}

/** What became of one of several receipts. */
export type ReceiptAnswer =
  | {
      readonly grantHash: GrantHash;
      /** Bytes that are durably recorded as earned. */
      readonly durableBytes: number;
    }
  | {
      readonly grantHash: GrantHash;
      /** DeliveryError RECEIPT_*, StorageError JOURNAL_*. */
      readonly error: Error;
    };

/**
 * Where a transport asks before it serves and hands in what viewers sign: the same rules over HTTP, over libp2p and in
 * worker processes (README.md beside this file, `../../core/delivery/SPEC.md`).
 */
export interface DeliveryDesk {
  /**
   * Opens the session of a signed grant, or finds it, and credits the newest receipt that came with the request.
   * @throws DeskError GRANT_MALFORMED, RECEIPT_MALFORMED, RECEIPT_WRONG_GRANT, CHAIN_UNAVAILABLE;
   *   DeliveryError GRANT_*, RECEIPT_*, ALLOCATION_*, …; StorageError JOURNAL_*
   */
  admit(presented: {
    readonly grant: Uint8Array;
    readonly receipt?: Uint8Array | undefined;
  }): Promise<OpenGrant>;

  /**
   * Credits a receipt that comes by itself while a grant is open, for transports that present the grant once.
   * @throws DeskError RECEIPT_MALFORMED, RECEIPT_WRONG_GRANT; DeliveryError RECEIPT_*
   */
  credit(open: OpenGrant, receipt: Uint8Array): Promise<void>;

  /** Sets bytes of a grant aside before they are sent. @throws DeliveryError GRANT_*, CREDIT_EXHAUSTED, …; DeskError */
  reserve(open: OpenGrant, bytes: number): Promise<TransferLeave>;

  /** Takes bytes from the free allowance of an address. @throws DeliveryError FREE_ALLOWANCE_EXHAUSTED */
  takeFree(client: string, bytes: number): Promise<TransferLeave>;

  /** More than this is never given at once without a grant; Infinity where bytes are not rationed. */
  freeRoomBytes(client: string): number;

  /**
   * Takes final receipts, concatenated. Answers after they are on disk; one bad receipt does not hold up the others.
   * @throws DeskError RECEIPT_MALFORMED for what is no sequence of receipts; StorageError JOURNAL_*
   */
  takeReceipts(receipts: Uint8Array): Promise<readonly ReceiptAnswer[]>;
}
