import { formatSize, formatTokens } from '../app/config/units.ts';
import type { StatusDocument } from '../app/control/documents.ts';

/** The status for people; its last line says whether the node is earning. */
export function statusLines(status: StatusDocument): string[] {
  const { bytes, disk, chain, settlement, earning } = status;
  const lines = [
    `${status.role} ${status.operator} in ${status.region}: ${status.state} for ${status.uptimeSeconds} s`,
    `Gateway:    ${status.httpUrl}`,
    ...(status.dashboardUrl === null ? [] : [`Desk:       ${status.dashboardUrl} (\`bcdn-node dashboard\`)`]),
    `Chain:      ${chain.state} since ${chain.since}${chain.block === null ? '' : `, block ${chain.block}`}${chain.reason === null ? '' : ` (${chain.reason})`}`,
    `Disk:       ${formatSize(Number(disk.usedBytes))} of ${formatSize(Number(disk.limitBytes))}`,
    `Content:    ${status.content.complete} complete, ${status.content.incomplete} being filled`,
    `Served:     ${formatSize(Number(bytes.served))}, receipted ${formatSize(Number(bytes.receipted))}, at risk ${formatSize(Number(bytes.atRisk))}`,
    `Settlement: due ${formatTokens(BigInt(settlement.dueWei))}, last ${settlement.lastAt ?? 'never'}`,
    moneyLine(status.money),
    `Deals:      ${status.deals.length}`,
  ];
  if (status.traffic !== null) {
    const { month, sentBytes, capBytes } = status.traffic;
    lines.push(
      `Month:      ${month}: ${formatSize(Number(sentBytes))} of ${formatSize(Number(capBytes))} sent`,
    );
  }
  if (status.workers !== null) {
    const { wanted, serving, restarts, connections } = status.workers;
    lines.push(
      `Workers:    ${serving} of ${wanted} serve ${connections} connections; begun again ${restarts} times`,
    );
  }
  if (status.ring !== null) {
    const { members, lookups, oneHop } = status.ring;
    lines.push(`Ring:       ${members} members, ${lookups} lookups, ${oneHop} of them in one hop`);
  }
  if (status.group !== null) {
    const { members, routed } = status.group;
    lines.push(
      `Group:      ${members} members; routed ${routed.own} here, ${routed.group} to the group, ${routed.ring} by the ring`,
    );
  }
  for (const { url, storedBytes, bytes, complete, trouble } of status.origins) {
    const state = complete
      ? 'complete'
      : `${formatSize(Number(storedBytes))} of ${formatSize(Number(bytes))} stored`;
    lines.push(
      `Origin:     ${url}: ${state}${trouble === null ? '' : ` (${trouble.code}: ${trouble.message})`}`,
    );
  }
  if (status.contributedBytes !== null) {
    const given = formatSize(Number(status.contributedBytes));
    lines.push(`Domain:     ${status.domain}; contributed ${given} to others`);
  }
  if (status.carriage !== null) {
    const { sharePercent, carriedBytes, transitBytes } = status.carriage;
    lines.push(
      `Carriage:   lends ${sharePercent} % of the upload cap; carried ${formatSize(Number(carriedBytes))} between domains, ${formatSize(transitBytes)} under way`,
    );
  }
  if (status.drainingSince !== null) {
    lines.push(`Draining:   since ${status.drainingSince}; see \`bcdn-node drain --wait\``);
  }
  for (const { message } of status.problems) lines.push(`Problem:    ${message}`);
  return [...lines, earningLine(earning)];
}

/** The sentence that every status ends with. */
export function earningLine({ yes, because, run }: StatusDocument['earning']): string {
  if (yes) return 'Earning: yes';
  return `Earning: no, because ${because ?? 'the reason is not known'} → ${run ?? 'run bcdn-node doctor'}`;
}

/** Where the money is; the parts add up to what is metered, as in `earnings`. */
function moneyLine(money: StatusDocument['money']): string {
  const parts = (
    [
      ['voucher due', money.voucherDueWei],
      ['in claim', money.inClaimWei],
      ['not settled yet', money.unsettledWei],
      ['lost', money.lostWei],
    ] as const
  ).filter(([, wei]) => wei !== '0');
  const unpaid = parts.map(([name, wei]) => `, ${name} ${formatTokens(BigInt(wei))}`).join('');
  const claims = money.openClaims === 0 ? '' : `, ${money.openClaims} claim(s) open`;
  return `Money:      metered ${formatTokens(BigInt(money.meteredWei))}: paid ${formatTokens(BigInt(money.paidWei))}${unpaid}${claims}`;
}
