import type { Simulation } from '../engine/simulation.ts';
import { shareOfRightTables } from '../output/time-series.ts';
import type { LimitCheck } from './limit-check.ts';
import type { ProvidedKey, ProvidedKeys } from './provided-keys.ts';

/** Between two looks at all tables and all replicas. */
export const LOOK_INTERVAL_MS = 250;

/** RING.md, numbers: after 30 % died, and after a split. */
const MAX_HEALED_MS = 20_000;
const MAX_RESTORED_MS = 30_000;

/** When everything was whole again, milliseconds after it broke; NaN for what did not come about. */
export interface Recovery {
  /** Every table is the truth, and stays so. */
  readonly healedMs: number;
  /** Every record lies with all its holders, for the first time when the tables are healed. */
  readonly replicasRestoredMs: number;
}

/** Lets this much time pass and looks when the tables, and then the replicas, are whole. */
export async function watchRecovery(
  simulation: Simulation,
  provided: ProvidedKeys,
  durationMs: number,
): Promise<Recovery> {
  const brokenMs = simulation.nowMs;
  let healedMs = Number.NaN;
  let replicasRestoredMs = Number.NaN;
  let missing: readonly ProvidedKey[] = provided.all;
  while (simulation.nowMs - brokenMs < durationMs) {
    await simulation.run(LOOK_INTERVAL_MS);
    const sinceMs = simulation.nowMs - brokenMs;
    const isHealed = shareOfRightTables(simulation) === 1;
    if (!isHealed) healedMs = Number.NaN;
    else if (Number.isNaN(healedMs)) healedMs = sinceMs;
    if (!isHealed || !Number.isNaN(replicasRestoredMs)) continue;
    missing = missing.filter((each) => !provided.isFullyReplicated(each));
    if (missing.length > 0) continue;
    // All of them at one time, not each at some time.
    missing = provided.underReplicated();
    if (missing.length === 0) replicasRestoredMs = sinceMs;
  }
  return { healedMs, replicasRestoredMs };
}

/** Was everything whole again in time, with nothing lost? */
export function checkRecovery(check: LimitCheck): void {
  check.atMost('healedMs', MAX_HEALED_MS, 'all tables are soon true');
  check.atMost('replicasRestoredMs', MAX_RESTORED_MS, 'all replicas are soon restored');
  check.atMost('lostRecords', 0, 'no record is lost');
}
