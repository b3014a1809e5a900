/** A node's allocation, as far as it matters to who is paid next. */
export interface PayableNode {
  readonly state: string;
}

/**
 * Whom new money of a distribution goes to: the nodes that serve it, so that one that was let go is not taken back by a
 * top-up; where none serves, because the distribution rests, all that it had.
 */
export function nodesToPay<Node extends PayableNode>(nodes: readonly Node[]): readonly Node[] {
  const serving = nodes.filter(({ state }) => state === 'active');
  return serving.length > 0 ? serving : nodes;
}

/**
 * What must be added to a deal so that an amount can be given out of its free money.
 * @returns 0 where the free money suffices
 */
export const missingOf = (needWei: bigint, freeWei: bigint): bigint =>
  needWei > freeWei ? needWei - freeWei : 0n;

/** An edge that can be given money of a distribution. */
export interface Candidate {
  readonly node: string;
  readonly region: string;
  readonly ratePerGiB: bigint;
  /** It had money of the distribution before. */
  readonly wasPaid: boolean;
}

/** What the market says of an edge. */
interface ListedEdge {
  readonly address: string;
  readonly region: string;
  readonly active: boolean;
  readonly health: string;
  readonly askWeiPerGiB: bigint;
}

/**
 * Edges that answer, are on the ring, and are not paid by the distribution now: new ones first. One that was paid before has
 * the rate it had: the market refuses another.
 */
export function candidatesOf(
  edges: readonly ListedEdge[],
  allocations: readonly { readonly node: string; readonly state: string; readonly ratePerGiB: bigint }[],
): readonly Candidate[] {
  const before = new Map(allocations.map((allocation) => [allocation.node, allocation]));
  const candidates = edges.flatMap(({ address, region, active, health, askWeiPerGiB }) => {
    const allocation = before.get(address);
    if (!active || health === 'down' || allocation?.state === 'active') return [];
    const ratePerGiB = allocation?.ratePerGiB ?? askWeiPerGiB;
    return [{ node: address, region, ratePerGiB, wasPaid: allocation !== undefined }];
  });
  return candidates.sort((a, b) => Number(a.wasPaid) - Number(b.wasPaid));
}
