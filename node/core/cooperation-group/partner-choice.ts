import { compareBytes } from '../../../sdk/protocol/bytes.ts';
import { leadingWord, type RingId } from '../one-hop-ring/ring-identifier.ts';
import { mix } from './content-fingerprint.ts';
import { MAX_PARTNERS } from './group-limits.ts';

/**
 * Whom a member exchanges with: the whole region, or, of a region beyond `maxPartners` others, the nearest half on
 * either side in a pseudo-random order of its members (SPEC.md, partners). The choice is symmetric if both sides know
 * the same members: whoever chooses X is chosen by X. The order has nothing to do with the ring's, so that the death
 * of an arc does not take one neighbourhood.
 */
export function choosePartners<M extends { readonly nid: RingId }>(
  self: RingId,
  others: readonly M[],
  maxPartners = MAX_PARTNERS,
): M[] {
  if (others.length <= maxPartners) return [...others];
  const ordered = others.toSorted((a, b) => compareOrder(a.nid, b.nid));
  const after = ordered.findIndex((other) => compareOrder(self, other.nid) < 0);
  const first = after < 0 ? 0 : after;
  const half = Math.floor(maxPartners / 2);
  const chosen: M[] = [];
  for (let step = -half; step < half; step++) {
    const partner = ordered.at((first + step + ordered.length) % ordered.length);
    if (partner !== undefined) chosen.push(partner);
  }
  return chosen;
}

function compareOrder(a: RingId, b: RingId): number {
  return mix(leadingWord(a)) - mix(leadingWord(b)) || compareBytes(a, b);
}
