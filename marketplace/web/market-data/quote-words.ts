import { amountText, byteText, rateText } from '../../../sdk/ui/figures.ts';
import type { ExcludedNode } from './quotes.ts';

/** What each constraint asks of a node, in words. */
const CONSTRAINT_WORDS: Readonly<Record<string, string>> = {
  active: 'registered, staked and staying',
  healthy: 'answering',
  region: 'in a region of yours',
  price: 'within your price cap',
  stake: 'with the stake you ask for',
  capacity: 'with room on disk and uplink',
};

/** A constraint in words; one that these pages do not know keeps its name. */
export function constraintText(constraint: string): string {
  return CONSTRAINT_WORDS[constraint] ?? constraint;
}

/** What would bring nodes back that a constraint removed. */
const CONSTRAINT_REMEDIES: Readonly<Record<string, string>> = {
  active: 'Wait until nodes have staked and drawn their places on the ring.',
  healthy: 'Wait until the nodes answer again, or look at them in the explorer.',
  region: 'Allow more regions.',
  price: 'Raise the price cap.',
  stake: 'Ask for less stake.',
  capacity: 'Ask for a smaller content or fewer viewers at once: no node has the room.',
};

/** What to change when nodes are missing: about the constraint that removed the most. */
export function missingNodesRemedy(removed: Readonly<Record<string, number>>): string {
  const [worst] = Object.entries(removed).sort(([, a], [, b]) => b - a);
  if (worst === undefined || worst[1] === 0) return 'Ask for fewer replicas.';
  return CONSTRAINT_REMEDIES[worst[0]] ?? 'Ask for less.';
}

/** What a node lacks: `needs 1 GiB, has 512 MiB`. */
export function lackText({ need, have, unit }: Pick<ExcludedNode, 'need' | 'have' | 'unit'>): string {
  return `needs ${inUnit(need, unit)}, has ${inUnit(have, unit)}`;
}

function inUnit(value: string, unit: string): string {
  if (!/^\d{1,39}$/.test(value)) return value;
  switch (unit) {
    case 'wei':
      return amountText(BigInt(value));
    case 'wei/GiB':
      return `${amountText(BigInt(value))} per GiB`;
    case 'bytes':
      return byteText(BigInt(value));
    case 'bytes/s':
      return rateText(Number(value));
    default:
      return value;
  }
}

/** How many nodes were left after each constraint, in order. */
export function funnelOf(
  considered: number,
  removed: Readonly<Record<string, number>>,
): readonly { readonly constraint: string; readonly removed: number; readonly left: number }[] {
  let left = considered;
  return Object.entries(removed).map(([constraint, count]) => {
    left -= count;
    return { constraint, removed: count, left };
  });
}
