import { priceWei } from '../../sdk/protocol/price.ts';
import { ALLOCATION_HEADROOM_BYTES, ALLOCATION_SHARES } from '../limits.ts';
import {
  CONSTRAINTS,
  rateOf,
  shortfallOf,
  type Constraint,
  type PlannableNode,
  type PlanRequest,
  type Shortfall,
} from './constraints.ts';
import { spread } from './spread.ts';

export interface PlannedNode {
  readonly node: PlannableNode;
  readonly ratePerGiB: bigint;
  /** To allocate to this node. */
  readonly amountWei: bigint;
}

/** A node that is not in a plan, with the first constraint that it failed. */
export interface ExcludedNode extends Shortfall {
  readonly node: PlannableNode;
}

export interface Plan {
  readonly nodes: readonly PlannedNode[];
  /** Nodes that pass every constraint. */
  readonly eligible: number;
  /** How many nodes each constraint removed; a node is counted at the first one it fails. */
  readonly removed: Readonly<Record<Constraint, number>>;
  /** Those nodes, each with what it lacks. */
  readonly excluded: readonly ExcludedNode[];
  /** Replicas that were asked for and could not be placed. */
  readonly missingReplicas: number;
  /** To escrow: the sum of the allocations. What is not earned returns. */
  readonly depositWei: bigint;
  /** What the expected delivery costs if the nodes share it evenly. */
  readonly expectedCostWei: bigint;
}

/** Chooses nodes for a distribution and what to allocate to each. Deterministic. */
export function planDistribution(nodes: readonly PlannableNode[], request: PlanRequest): Plan {
  const excluded: ExcludedNode[] = [];
  const eligible: PlannableNode[] = [];
  for (const node of nodes) {
    const shortfall = shortfallOf(node, request);
    if (shortfall === undefined) eligible.push(node);
    else excluded.push({ node, ...shortfall });
  }
  const chosen = spread(eligible, request.replicas);
  const planned = chosen.map((node) => allocationFor(node, request.expectedDeliveryBytes, chosen.length));
  return {
    nodes: planned,
    eligible: eligible.length,
    removed: countsOf(excluded),
    excluded,
    missingReplicas: request.replicas - chosen.length,
    depositWei: planned.reduce((sum, { amountWei }) => sum + amountWei, 0n),
    expectedCostWei: expectedCost(planned, request.expectedDeliveryBytes),
  };
}

function countsOf(excluded: readonly ExcludedNode[]): Record<Constraint, number> {
  const counts = Object.fromEntries(CONSTRAINTS.map((name) => [name, 0])) as Record<Constraint, number>;
  for (const { constraint } of excluded) counts[constraint] += 1;
  return counts;
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
