import type { Address } from '../../sdk/protocol/identifiers.ts';
import type { Plan } from './plan.ts';

const DAY_SECONDS = 86_400;

/** How a node delivered lately: the median over grants of what each was receipted at, at the least. */
export interface MeasuredRate {
  readonly bytesPerSecond: number;
  /** Grants that it is the median of. */
  readonly samples: number;
}

/** What one grant says about the rate of its node. */
export interface RateSample {
  readonly bytes: number;
  /** From the grant to the receipt, or the length of an epoch if that is shorter: the fetch took no longer. */
  readonly seconds: number;
}

/** @returns undefined without samples: a rate is never guessed */
export function measuredRate(samples: readonly RateSample[]): MeasuredRate | undefined {
  const rates = samples
    .filter(({ bytes, seconds }) => bytes > 0 && seconds > 0)
    .map(({ bytes, seconds }) => bytes / seconds)
    .sort((a, b) => a - b);
  const median = rates[Math.floor((rates.length - 1) / 2)];
  return median === undefined ? undefined : { bytesPerSecond: median, samples: rates.length };
}

/**
 * How long one viewer fetches the whole content, at the most: its size by the sum of the planned nodes' measured rates,
 * for a viewer fetches from all of them at a time. Nodes without a measurement add nothing.
 * @returns seconds; undefined if no planned node was measured
 */
export function expectedFetchSeconds(
  contentBytes: number,
  plan: Pick<Plan, 'nodes'>,
  rates: ReadonlyMap<Address, MeasuredRate>,
): number | undefined {
  const sum = plan.nodes.reduce(
    (total, { node }) => total + (rates.get(node.address)?.bytesPerSecond ?? 0),
    0,
  );
  return sum > 0 ? contentBytes / sum : undefined;
}

/**
 * How long the deposit lasts: the deposit by what the expected delivery costs a second.
 * @param days in which the expected delivery happens
 * @returns whole seconds; undefined if nothing is spent or nobody said in which time
 */
export function runwaySeconds(
  plan: Pick<Plan, 'depositWei' | 'expectedCostWei'>,
  days: number | undefined,
): number | undefined {
  if (days === undefined || plan.expectedCostWei === 0n) return undefined;
  const seconds = (plan.depositWei * BigInt(Math.round(days * DAY_SECONDS))) / plan.expectedCostWei;
  return seconds > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(seconds);
}
