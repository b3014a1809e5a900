import type { PlannableNode } from './constraints.ts';

/**
 * Chooses `replicas` of the nodes: one of each region in turn, in a region one of each operator in turn, the cheapest
 * first. The region with the cheapest node begins. Deterministic.
 */
export function spread(nodes: readonly PlannableNode[], replicas: number): PlannableNode[] {
  const cheapestFirst = [...nodes].sort(byPrice);
  const queues = [...groupedBy(cheapestFirst, ({ region }) => region).values()].map((region) =>
    inTurn([...groupedBy(region, ({ operator }) => operator).values()]),
  );
  return inTurn(queues).slice(0, replicas);
}

function byPrice(a: PlannableNode, b: PlannableNode): number {
  if (a.askWeiPerGiB !== b.askWeiPerGiB) return a.askWeiPerGiB < b.askWeiPerGiB ? -1 : 1;
  return a.address < b.address ? -1 : 1;
}

/** Groups in the order of their first members. */
function groupedBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

/** The first of each queue, then the second of each, until all are taken. */
function inTurn<T>(queues: readonly (readonly T[])[]): T[] {
  const taken: T[] = [];
  const longest = Math.max(0, ...queues.map((queue) => queue.length));
  for (let round = 0; round < longest; round++) {
    for (const queue of queues) taken.push(...queue.slice(round, round + 1));
  }
  return taken;
}
