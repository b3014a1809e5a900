/** The parts of a deal's money that add up. Amounts in wei. */
export interface DealParts {
  readonly depositedWei: bigint;
  readonly withdrawnWei: bigint;
  readonly freeWei: bigint;
  readonly allocations: readonly {
    readonly paidWei: bigint;
    readonly balanceWei: bigint;
    readonly lockedWei: bigint;
  }[];
  readonly peerPool: { readonly fundedWei: bigint; readonly claimedWei: bigint } | null;
}

/** Where a deposit is: the five parts are the deposit, to the last unit. */
export interface DealSums {
  /** To nodes and peers, fee included. */
  readonly paidWei: bigint;
  /** Held for nodes and not yet paid. */
  readonly heldForNodesWei: bigint;
  /** Held for peers and not yet claimed. */
  readonly heldForPeersWei: bigint;
  /** Not allocated: the publisher can take it out or give it to a node. */
  readonly freeWei: bigint;
  readonly withdrawnWei: bigint;
  /** What is missing or too much: 0 unless a figure is wrong, and then it is shown. */
  readonly differenceWei: bigint;
}

/** Adds a deal up from what the marketplace read from the chain. */
export function dealSums({
  depositedWei,
  withdrawnWei,
  freeWei,
  allocations,
  peerPool,
}: DealParts): DealSums {
  const claimedWei = peerPool?.claimedWei ?? 0n;
  const paidWei = allocations.reduce((sum, allocation) => sum + allocation.paidWei, claimedWei);
  const heldForNodesWei = allocations.reduce(
    (sum, { balanceWei, lockedWei }) => sum + balanceWei + lockedWei,
    0n,
  );
  const heldForPeersWei = (peerPool?.fundedWei ?? 0n) - claimedWei;
  const differenceWei = depositedWei - paidWei - withdrawnWei - freeWei - heldForNodesWei - heldForPeersWei;
  return { paidWei, heldForNodesWei, heldForPeersWei, freeWei, withdrawnWei, differenceWei };
}
