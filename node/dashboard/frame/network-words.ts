import { byteText, countedText, countText, shareText } from '../../../sdk/ui/figures.ts';
import type { StatusAnswer } from '../node-data/documents.ts';

/** How the node sees the ring, its group and its domain, one sentence each. */
export function networkWords(
  status: Pick<StatusAnswer, 'ring' | 'group' | 'carriage' | 'contributedBytes' | 'domain' | 'role'>,
): readonly string[] {
  const { ring, group, carriage, contributedBytes, domain, role } = status;
  return [
    ringWords(ring, role),
    groupWords(group, role),
    ...(carriage === null
      ? []
      : [
          `It lends ${carriage.sharePercent} % of its upload cap between domains and has carried ${byteText(carriage.carriedBytes)} so; ${byteText(carriage.transitBytes)} are under way.`,
        ]),
    ...(contributedBytes === null
      ? []
      : [
          `Peers exchange directly in the domain ${domain}; this one has given ${byteText(contributedBytes)}.`,
        ]),
  ];
}

function ringWords(ring: StatusAnswer['ring'], role: StatusAnswer['role']): string {
  if (role === 'peer') return 'A peer asks edges and is not on the ring itself.';
  if (ring === null) return 'It is not on the ring yet.';
  const { members, lookups, oneHop } = ring;
  const hops =
    lookups === 0
      ? 'it has looked nothing up yet'
      : `${shareText(oneHop, lookups)} of ${countedText(lookups, 'lookup')} took one hop`;
  return `It sees ${countedText(members, 'edge')} on the ring, itself included; ${hops}.`;
}

function groupWords(group: StatusAnswer['group'], role: StatusAnswer['role']): string {
  if (group === null)
    return role === 'peer' ? 'Peers are in no cooperation group.' : 'It is in no cooperation group.';
  const { members, claimedContents, summaryBytes, routed, beyondTwoHops, falsePositives } = group;
  const routes = routed.own + routed.group + routed.ring;
  const split =
    routes === 0
      ? 'No request has been routed yet.'
      : `Of ${countedText(routes, 'request')} ${countText(routed.own)} ended here, ${countText(routed.group)} at a member and ${countText(routed.ring)} by the index of the ring; ${countText(beyondTwoHops)} took more than two hops, ${countedText(falsePositives, 'claim')} of members proved wrong.`;
  return `Its cooperation group has ${countedText(members, 'other member')}, claiming ${countedText(claimedContents, 'content')} in ${byteText(summaryBytes)} of memory. ${split}`;
}
