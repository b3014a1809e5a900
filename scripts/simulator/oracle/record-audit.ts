import type { Random } from '../../measuring/random-streams.ts';
import { isInTruth } from '../engine/simulated-node.ts';
import { START_MS, type Simulation } from '../engine/simulation.ts';
import type { Violation } from '../scenarios/scenario.ts';
import { isRight, type ProvidedKey } from './provided-keys.ts';

/**
 * Random members look every key with a living provider up once.
 * @param limitMs virtual time for all answers
 * @returns the keys that are not found
 */
export async function auditRecords(
  simulation: Simulation,
  keys: readonly ProvidedKey[],
  { random, limitMs }: { readonly random: Random; readonly limitMs: number },
): Promise<Violation[]> {
  const lost = new Set(keys.filter(({ provider }) => isInTruth(provider)));
  let open = lost.size;
  for (const provided of [...lost]) {
    simulation.lookup(simulation.live.random(random), provided.key, (outcome) => {
      open -= 1;
      if (isRight(outcome, provided)) lost.delete(provided);
    });
  }
  await simulation.run(limitMs, () => open === 0);
  return [...lost].map(({ provider, sinceMs }) => ({
    invariant: 'no provider record is lost',
    atMs: simulation.nowMs - START_MS,
    node: provider.index,
    detail: `a key that it provides since ${sinceMs - START_MS} ms is not found`,
  }));
}
