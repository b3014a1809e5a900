import { formatSize, formatTokens } from '../app/config/units.ts';
import type { EarningsDocument } from '../app/control/documents.ts';

/** The earnings document for people: the table, then routes, gas and net, open claims, and what is lost and why. */
export function earningsLines(table: EarningsDocument): string[] {
  return [
    ...table.rows.flatMap(rowLines),
    ...rowLines(table.total),
    ...table.routes.map(routeLine),
    netLine(table),
    ...table.claims.map(claimLine),
    ...table.peerAccounts.map(peerLine),
    ...table.deals.flatMap(lossLines),
    ...(table.paidFrom === 'chain' ? [] : ['Paid sums are as last known: the chain does not answer.']),
  ];
}

/** An amount of the chain's coin for people. */
export function formatCoin(wei: string): string {
  return formatTokens(BigInt(wei)).replace(' BCDN', ' coin');
}

function tokens(wei: string): string {
  return formatTokens(BigInt(wei));
}

function rowLines(row: EarningsDocument['total']): string[] {
  const { key, bytes, meteredWei, settledWei, paidWei } = row;
  const line = `${key}: ${formatSize(Number(bytes))}, metered ${tokens(meteredWei)} → settled ${tokens(settledWei)} → paid ${tokens(paidWei)}`;
  const unpaid = (
    [
      ['voucher due', row.voucherDueWei],
      ['in claim', row.inClaimWei],
      ['not settled yet', row.unsettledWei],
      ['lost', row.lostWei],
    ] as const
  ).filter(([, wei]) => wei !== '0');
  if (unpaid.length === 0) return [line];
  return [line, `  unpaid: ${unpaid.map(([name, wei]) => `${name} ${tokens(wei)}`).join(', ')}`];
}

function routeLine({
  route,
  payments,
  paidWei,
  gasUsed,
  gasCostWei,
}: EarningsDocument['routes'][number]): string {
  return `By ${route}: ${tokens(paidWei)} in ${payments} payment(s), ${gasUsed} gas for ${formatCoin(gasCostWei)}`;
}

function netLine({ gasCostWei, gasTokenWei, netWei, feeWei, total }: EarningsDocument): string {
  const fee = feeWei === '0' ? '' : `, protocol fee ${tokens(feeWei)}`;
  if (netWei === null || gasTokenWei === null) {
    return `Paid ${tokens(total.paidWei)}${fee}; gas ${formatCoin(gasCostWei)} (bcdn-node start --gas-token-wei WEI gives it a price in tokens)`;
  }
  return `Net ${tokens(netWei)}: paid ${tokens(total.paidWei)}${fee}, gas ${formatCoin(gasCostWei)} worth ${tokens(gasTokenWei)}`;
}

function claimLine(claim: EarningsDocument['claims'][number]): string {
  const left = claim.blocksLeft === null ? '' : `, ${claim.blocksLeft} blocks left`;
  const time = claim.deadline === null ? '' : `, about ${claim.deadline}`;
  return `Claim of ${claim.dealId}, epochs ${claim.fromEpoch + 1} to ${claim.toEpoch}: ${claim.state}, ${tokens(claim.lockedWei)} for ${claim.receipts} receipts, bond ${tokens(claim.bondWei)}; to be opened by block ${claim.lastBlock}${left}${time}`;
}

function peerLine(account: EarningsDocument['peerAccounts'][number]): string {
  const { dealId, earnedWei, paidWei, claimableWei, unpostedWei, unhandedBytes } = account;
  return `Peer pool of ${dealId}: earned ${tokens(earnedWei)} = paid ${tokens(paidWei)} + promised by a root ${tokens(claimableWei)} + in no root yet ${tokens(unpostedWei)}; ${formatSize(Number(unhandedBytes))} not handed in yet`;
}

function lossLines({ dealId, lost }: EarningsDocument['deals'][number]): string[] {
  return lost.flatMap(({ wei, reason, rule, remedy }) => [
    `Lost ${tokens(wei)} of ${dealId} (${reason}): ${rule}`,
    `  → ${remedy}`,
  ]);
}
