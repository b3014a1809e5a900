import type { Address } from '../../sdk/protocol/identifiers.ts';

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
  readonly stakeWei: bigint;
  /** Nodes with the same text share an operator or at least a host, and so a fate. */
  readonly operator: string;
  /** As the node said last; undefined if it is not known. */
  readonly freeDiskBytes: number | undefined;
  /** Most bytes a second that the node sends, as it said last; undefined if it names no bound or is not known. */
  readonly uplinkBytesPerSecond: number | undefined;
  /** Bytes a second that receipts of the last minutes count. */
  readonly loadBytesPerSecond: number;
}

/** What a publisher asks of each node. */
export interface PlanRequest {
  /** Size of the content, which each node stores whole. */
  readonly contentBytes: number;
  /** Bytes that all viewers together are expected to fetch. */
  readonly expectedDeliveryBytes: bigint;
  readonly replicas: number;
  /** Only nodes of these regions; empty means everywhere. */
  readonly regions: readonly string[];
  readonly maxRatePerGiB: bigint | undefined;
  readonly minStakeWei: bigint;
  /** What all viewers together fetch at the busiest moment; undefined if nobody said. */
  readonly peakBytesPerSecond: number | undefined;
}

/** What can remove a node from a plan, in the order in which it is asked. */
export const CONSTRAINTS = ['active', 'healthy', 'region', 'price', 'stake', 'capacity'] as const;
export type Constraint = (typeof CONSTRAINTS)[number];
export type ConstraintUnit = 'state' | 'region' | 'wei/GiB' | 'wei' | 'bytes' | 'bytes/s';

/** Why a node is not in a plan: what was needed of it, and what it has. */
export interface Shortfall {
  readonly constraint: Constraint;
  readonly need: string;
  readonly have: string;
  /** Of both. */
  readonly unit: ConstraintUnit;
}

/** The first constraint that a node fails; undefined if it passes all. What is not known of a node fails nothing. */
export function shortfallOf(node: PlannableNode, request: PlanRequest): Shortfall | undefined {
  for (const constraint of CONSTRAINTS) {
    const failed = CHECKS[constraint](node, request);
    if (failed !== undefined) return { constraint, ...failed };
  }
  return undefined;
}

type Check = (node: PlannableNode, request: PlanRequest) => Omit<Shortfall, 'constraint'> | undefined;

const CHECKS: Readonly<Record<Constraint, Check>> = {
  active: ({ active }) =>
    active ? undefined : { need: 'staked, on the ring, staying', have: 'inactive', unit: 'state' },
  healthy: ({ down }) => (down ? { need: 'answers', have: 'did not answer', unit: 'state' } : undefined),
  region: ({ region }, { regions }) =>
    regions.length === 0 || regions.includes(region)
      ? undefined
      : { need: regions.join(', '), have: region, unit: 'region' },
  price: (node, { maxRatePerGiB }) =>
    maxRatePerGiB === undefined || rateOf(node) <= maxRatePerGiB
      ? undefined
      : { need: maxRatePerGiB.toString(), have: rateOf(node).toString(), unit: 'wei/GiB' },
  stake: ({ stakeWei }, { minStakeWei }) =>
    stakeWei >= minStakeWei
      ? undefined
      : { need: minStakeWei.toString(), have: stakeWei.toString(), unit: 'wei' },
  capacity: (node, request) => diskShortfall(node, request) ?? uplinkShortfall(node, request),
};

const diskShortfall: Check = ({ freeDiskBytes }, { contentBytes }) =>
  freeDiskBytes === undefined || freeDiskBytes >= contentBytes
    ? undefined
    : { need: String(contentBytes), have: String(freeDiskBytes), unit: 'bytes' };

/** Of the busiest moment each node takes an even share, beside what it delivers now. */
const uplinkShortfall: Check = (
  { uplinkBytesPerSecond, loadBytesPerSecond },
  { peakBytesPerSecond, replicas },
) => {
  if (uplinkBytesPerSecond === undefined || peakBytesPerSecond === undefined) return undefined;
  const need = Math.ceil(peakBytesPerSecond / replicas);
  const have = Math.max(0, Math.floor(uplinkBytesPerSecond - loadBytesPerSecond));
  return have >= need ? undefined : { need: String(need), have: String(have), unit: 'bytes/s' };
};

/** The contract refuses a rate of zero: who asks nothing gets one wei per GiB. */
export function rateOf(node: Pick<PlannableNode, 'askWeiPerGiB'>): bigint {
  return node.askWeiPerGiB > 0n ? node.askWeiPerGiB : 1n;
}
