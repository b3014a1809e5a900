import type { Address } from '../../sdk/protocol/identifiers.ts';
import { priceWei } from '../../sdk/protocol/price.ts';
import { ALLOCATION_HEADROOM_BYTES, ALLOCATION_SHARES } from '../limits.ts';

/** A node as a plan sees it. */
export interface PlannableNode {
  readonly address: Address;
  readonly region: string;
  readonly endpoints: readonly string[];
  readonly askWeiPerGiB: bigint;
  /** Staked, on the ring, not leaving. */
  readonly active: boolean;
  /** Did not answer when it was last asked. */
  readonly down: boolean;
}

export interface PlanRequest {
  /** Bytes that all viewers together are expected to fetch. */
  readonly expectedDeliveryBytes: bigint;
  readonly replicas: number;
  /** Only nodes of these regions; empty means everywhere. */
  readonly regions: readonly string[];
  readonly maxRatePerGiB: bigint | undefined;
}

/** What can remove a node from a plan, in the order in which it is asked. */
export const CONSTRAINTS = ['active', 'healthy', 'region', 'price'] as const;
export type Constraint = (typeof CONSTRAINTS)[number];

export interface PlannedNode {
  readonly node: PlannableNode;
  readonly ratePerGiB: bigint;
  /** To allocate to this node. */
  readonly amountWei: bigint;
}

export interface Plan {
  readonly nodes: readonly PlannedNode[];
  /** Nodes that pass every constraint. */
  readonly eligible: number;
  /** How many nodes each constraint removed; a node is counted at the first one it fails. */
  readonly removed: Readonly<Record<Constraint, number>>;
  /** Replicas that were asked for and could not be placed. */
  readonly missingReplicas: number;
  /** To escrow: the sum of the allocations. What is not earned returns. */
  readonly depositWei: bigint;
  /** What the expected delivery costs if the nodes share it evenly. */
  readonly expectedCostWei: bigint;
}

/** Chooses nodes for a distribution: as many regions as possible, the cheapest of each first. Deterministic. */
export function planDistribution(nodes: readonly PlannableNode[], request: PlanRequest): Plan {
  const removed: Record<Constraint, number> = { active: 0, healthy: 0, region: 0, price: 0 };
  const eligible = nodes.filter((node) => {
    const failed = CONSTRAINTS.find((constraint) => !passes(node, constraint, request));
    if (failed !== undefined) removed[failed] += 1;
    return failed === undefined;
  });
  const chosen = spreadOverRegions(eligible, request.replicas);
  const planned = chosen.map((node) => allocationFor(node, request.expectedDeliveryBytes, chosen.length));
  return {
    nodes: planned,
    eligible: eligible.length,
    removed,
    missingReplicas: request.replicas - chosen.length,
    depositWei: planned.reduce((sum, { amountWei }) => sum + amountWei, 0n),
    expectedCostWei: expectedCost(planned, request.expectedDeliveryBytes),
  };
}

function passes(node: PlannableNode, constraint: Constraint, request: PlanRequest): boolean {
  switch (constraint) {
    case 'active':
      return node.active;
    case 'healthy':
      return !node.down;
    case 'region':
      return request.regions.length === 0 || request.regions.includes(node.region);
    case 'price':
      return request.maxRatePerGiB === undefined || rateOf(node) <= request.maxRatePerGiB;
  }
}

/** One node of each region in turn, cheapest first; the region with the cheapest node begins. */
function spreadOverRegions(nodes: readonly PlannableNode[], replicas: number): PlannableNode[] {
  const cheapestFirst = [...nodes].sort(byPrice);
  const regions = new Map<string, PlannableNode[]>();
  for (const node of cheapestFirst) {
    const queue = regions.get(node.region);
    if (queue === undefined) regions.set(node.region, [node]);
    else queue.push(node);
  }
  const chosen: PlannableNode[] = [];
  for (let round = 0; chosen.length < Math.min(replicas, nodes.length); round++) {
    for (const queue of regions.values()) {
      const node = queue[round];
      if (node !== undefined && chosen.length < replicas) chosen.push(node);
    }
  }
  return chosen;
}

function byPrice(a: PlannableNode, b: PlannableNode): number {
  if (a.askWeiPerGiB !== b.askWeiPerGiB) return a.askWeiPerGiB < b.askWeiPerGiB ? -1 : 1;
  return a.address < b.address ? -1 : 1;
}

/** The contract refuses a rate of zero: who asks nothing gets one wei per GiB. */
function rateOf(node: PlannableNode): bigint {
  return node.askWeiPerGiB > 0n ? node.askWeiPerGiB : 1n;
}

/** Viewers choose the nodes that serve them best, so each allocation covers more than an even share. */
function allocationFor(node: PlannableNode, expectedBytes: bigint, count: number): PlannedNode {
  const share = (expectedBytes * ALLOCATION_SHARES) / BigInt(count);
  const bytes = (share < expectedBytes ? share : expectedBytes) + ALLOCATION_HEADROOM_BYTES;
  const ratePerGiB = rateOf(node);
  // One wei more than the price, so that an allocation is never zero, which the contract refuses.
  return { node, ratePerGiB, amountWei: priceWei(bytes, ratePerGiB) + 1n };
}

function expectedCost(planned: readonly PlannedNode[], expectedBytes: bigint): bigint {
  if (planned.length === 0) return 0n;
  const rates = planned.reduce((sum, { ratePerGiB }) => sum + ratePerGiB, 0n);
  return priceWei(expectedBytes, rates) / BigInt(planned.length);
}
