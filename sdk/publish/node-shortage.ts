import type { Quote } from '../client/marketplace-answers.ts';
import { PublishError } from './publish-error.ts';

/** Why nodes were left out of a plan, in the words of a publisher. */
const REASONS: Readonly<Record<string, string>> = {
  active: 'not staked, not on the ring or leaving',
  healthy: 'did not answer when last asked',
  region: 'in another region',
  price: 'more expensive',
  stake: 'with too little stake',
  capacity: 'without room or bandwidth',
};

/** What would bring nodes back that a constraint removed. */
const REMEDIES: Readonly<Record<string, string>> = {
  active: 'wait until nodes have staked and joined the ring',
  healthy: 'wait until they answer again',
  region: 'allow more regions',
  price: 'allow a higher price',
  stake: 'ask for less stake',
  capacity: 'ask for fewer viewers at once',
};

/** A plan with fewer nodes than were asked for. */
export interface NodeShortage {
  readonly need: number;
  readonly have: number;
  /** How many nodes each constraint removed. */
  readonly removed: Quote['removed'];
}

/** @returns undefined if a quote has as many nodes as were asked for */
export function shortageOf(
  quote: Pick<Quote, 'nodes' | 'removed'>,
  replicas: number,
): NodeShortage | undefined {
  const have = quote.nodes.length;
  return have < replicas ? { need: replicas, have, removed: quote.removed } : undefined;
}

/** `2 more expensive, 1 in another region`, the most first; empty if nothing was removed. */
export function removedText(removed: Quote['removed']): string {
  return worstFirst(removed)
    .map(([constraint, count]) => `${count} ${REASONS[constraint] ?? constraint}`)
    .join(', ');
}

/** `You need 3 nodes, have 1: left out are 2 more expensive.` */
export function shortageText({ need, have, removed }: NodeShortage): string {
  const why = removedText(removed);
  const reason = why === '' ? 'no others are registered' : `left out are ${why}`;
  return `You need ${need} ${need === 1 ? 'node' : 'nodes'}, have ${have}: ${reason}.`;
}

/** A refusal of a plan that has fewer nodes than its publisher needs. */
export function tooFewNodes(shortage: NodeShortage): PublishError {
  const { need, have, removed } = shortage;
  const [worst] = worstFirst(removed);
  const remedy = worst === undefined ? undefined : REMEDIES[worst[0]];
  const fewer = have === 0 ? '' : `${remedy === undefined ? '' : '; or '}ask for ${have}, or allow fewer`;
  const whatToDo = `${remedy ?? ''}${fewer}` || 'wait until nodes have registered';
  return new PublishError(have === 0 ? 'NO_NODES' : 'TOO_FEW_NODES', shortageText(shortage), {
    values: { need, have, ...removed },
    remedy: `${whatToDo.charAt(0).toUpperCase()}${whatToDo.slice(1)}${have === 0 ? '' : ' (`--allow-fewer`)'}.`,
  });
}

function worstFirst(removed: Quote['removed']): [constraint: string, count: number][] {
  return Object.entries(removed)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a);
}
