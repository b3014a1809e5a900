import type { Command } from 'commander';
import { formatSize, formatTokens } from '../app/config/units.ts';
import { askNode } from '../app/control/control-client.ts';
import { statusDocument, type StatusDocument } from '../app/control/documents.ts';
import { NodeError } from '../app/node-error.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { addPlaceOptions, dataDirOf, type PlaceOptions } from './place.ts';
import { tellError, type Terminal } from './terminal.ts';

/** A node that is alive answers at once; a busy one within this. */
const STATUS_TIMEOUT_MS = 10_000;

export function describeStatus(command: Command): Command {
  return addPlaceOptions(command)
    .description('tell how the node is doing, and whether it is earning')
    .addHelpText(
      'after',
      `
Exit code: 0 fine, 1 failed, 3 degraded, 4 offline.

Examples:
  $ bcdn-node status
  $ bcdn-node status --json | jq .earning`,
    );
}

/** Asks the running node how it is. */
export async function runStatus(options: PlaceOptions, terminal: Terminal): Promise<ExitCode> {
  const { controlSocket } = dataDirOf(options);
  let status: StatusDocument;
  try {
    status = await askNode({
      socket: controlSocket,
      path: '/status',
      answer: statusDocument,
      timeoutMs: STATUS_TIMEOUT_MS,
    });
  } catch (error) {
    if (!(error instanceof NodeError) || error.code !== 'NODE_OFFLINE') throw error;
    if (terminal.json) {
      const because = 'the node is not running';
      terminal.document('status', {
        state: 'offline',
        earning: { yes: false, because, run: 'run bcdn-node start' },
      });
    } else {
      tellError(terminal, 'status', error);
      terminal.data('Earning: no, because the node is not running → run bcdn-node start');
    }
    return EXIT.offline;
  }
  terminal.document('status', status);
  for (const line of describe(status)) terminal.data(line);
  return status.state === 'serving' && status.problems.length === 0 ? EXIT.fine : EXIT.degraded;
}

function describe(status: StatusDocument): string[] {
  const { bytes, disk, chain, settlement, earning } = status;
  const lines = [
    `${status.role} ${status.operator} in ${status.region}: ${status.state} for ${status.uptimeSeconds} s`,
    `Gateway:    ${status.httpUrl}`,
    `Chain:      ${chain.state} since ${chain.since}${chain.block === null ? '' : `, block ${chain.block}`}${chain.reason === null ? '' : ` (${chain.reason})`}`,
    `Disk:       ${formatSize(Number(disk.usedBytes))} of ${formatSize(Number(disk.limitBytes))}`,
    `Content:    ${status.content.complete} complete, ${status.content.incomplete} being filled`,
    `Served:     ${formatSize(Number(bytes.served))}, receipted ${formatSize(Number(bytes.receipted))}, at risk ${formatSize(Number(bytes.atRisk))}`,
    `Settlement: due ${formatTokens(BigInt(settlement.dueWei))}, last ${settlement.lastAt ?? 'never'}`,
    moneyLine(status.money),
    `Deals:      ${status.deals.length}`,
  ];
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
  for (const { message } of status.problems) lines.push(`Problem:    ${message}`);
  const run = earning.run === null ? '' : ` → ${earning.run}`;
  lines.push(earning.yes ? 'Earning: yes' : `Earning: no, because ${earning.because ?? 'unknown'}${run}`);
  return lines;
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
