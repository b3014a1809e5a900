import type { Hex } from '../protocol/bytes.ts';
import type { Address, DealId } from '../protocol/identifiers.ts';

/** A node that was paid for in advance, and how. */
export interface PlacedNode {
  readonly node: Address;
  readonly region: string;
  readonly endpoints: readonly string[];
  readonly allocatedWei: bigint;
  readonly ratePerGiB: bigint;
}

/** What a publisher writes down before it sends anything: enough to go on with the very same deal. */
export interface PublicationRecord {
  /** Chosen by the publisher; the deal's identifier follows from it, so no second deal can be opened with it. */
  readonly salt: Hex;
  readonly dealId: DealId;
  /** Root of the content. */
  readonly cid: string;
  readonly grantKey: Address;
  readonly collector: Address;
  readonly depositWei: bigint;
  /** Part of the deposit that is set aside for peers. */
  readonly peerPoolWei: bigint;
  readonly nodes: readonly PlacedNode[];
}

/** Where such a record is kept until the publication is there. */
export interface PublicationJournal {
  /** @returns the record of an interrupted publication, if there is one */
  read(): Promise<PublicationRecord | undefined>;
  /** Returns once the record would survive a power cut. */
  write(record: PublicationRecord): Promise<void>;
}
