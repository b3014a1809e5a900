import type { Address, ContentRoot, DealId, Epoch } from '../../../sdk/protocol/identifiers.ts';

/** What the chain says about a deal, as far as serving it needs. */
export interface DealView {
  readonly dealId: DealId;
  readonly publisher: Address;
  readonly contentRoot: ContentRoot;
  /** multicodec of the root CID: 0x55 raw, 0x70 dag-pb. */
  readonly contentCodec: number;
  readonly state: 'open' | 'closing' | 'closed';
  /** Signs grants now. */
  readonly grantKey: Address;
  /** The key that was rotated out: its grants stay good for epochs up to `lastEpoch`. */
  readonly previousGrantKey?: { readonly address: Address; readonly lastEpoch: Epoch } | undefined;
}

/** What the chain says about this node's own allocation in a deal. */
export interface AllocationView {
  readonly state: 'active' | 'thawing' | 'released';
  /** Most that this node can still be paid. */
  readonly balanceWei: bigint;
  readonly ratePerGiB: bigint;
  /** Epochs up to this one are settled and pay no more. */
  readonly throughEpoch: Epoch;
  /** First epoch in which a thawing allocation can be taken back. */
  readonly thawEndEpoch?: Epoch | undefined;
  /** Paid from the deal's peer pool: it pays for serving what the node has, not for storing. */
  readonly isPeerPool?: boolean;
  /** The publisher took the content down: nothing more is served for the deal. */
  readonly isWithdrawn?: boolean;
}

/**
 * This node's view of the chain's deals. Answers may come from a cache: the same call is made for every
 * request. A deal that does not exist, or that allocates nothing to this node, is undefined.
 */
export interface DealDirectory {
  deal(dealId: DealId): Promise<DealView | undefined>;
  /** The allocation of this node in the deal. */
  allocation(dealId: DealId): Promise<AllocationView | undefined>;
}
