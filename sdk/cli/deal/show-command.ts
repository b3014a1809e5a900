import type { Command } from 'commander';

import { readAllocation, readDeal, readMarketTerms, type AllocationRecord } from '../../chain/deals.ts';
import { peerPoolOf } from '../../chain/peer-pool.ts';
import { formatTokens } from '../amounts.ts';
import type { Perform } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { dealIdOf } from '../option-values.ts';
import { SESSION_SETTINGS, withPublisher } from '../publisher-session.ts';
import { addSettings, Settings } from '../settings/settings.ts';
import type { SettingTexts } from '../settings/setting-names.ts';
import type { Terminal } from '../terminal.ts';
import { findOwnDeal } from './own-deal.ts';

interface ShowFlags extends SettingTexts {
  readonly json?: boolean;
}

/** `bcdn deal show`. */
export function addDealShow(deal: Command, perform: Perform): void {
  const command = deal
    .command('show')
    .description('where the money of a deal is, node by node, as the chain has it now')
    .exitOverride()
    .argument('<deal>', 'the deal, 0x and 64 digits');
  addSettings(command, SESSION_SETTINGS)
    .option('--json', 'print one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  $ bcdn deal show 0x… --json')
    .action(async (id: string, flags: ShowFlags) =>
      perform('deal-show', flags, (terminal) => runShow(id, flags, terminal)),
    );
}

async function runShow(id: string, flags: ShowFlags, terminal: Terminal): Promise<ExitCode> {
  const dealId = dealIdOf('<deal>', id);
  return withPublisher(await Settings.read(flags), async (session) => {
    const { provider, deployment } = session;
    const { nodes, terms } = await findOwnDeal(session, dealId);
    const [deal, pool, market, found] = await Promise.all([
      readDeal(provider, deployment, dealId),
      peerPoolOf(provider, deployment, dealId),
      readMarketTerms(provider, deployment),
      Promise.all(nodes.map(async (node) => readAllocation(provider, deployment, { dealId, node }))),
    ]);
    const allocations = found.filter((allocation) => allocation !== undefined);
    const { state = 'closed', freeWei = 0n } = deal ?? {};
    const sumOf = (part: 'paidWei' | 'balanceWei' | 'lockedWei'): bigint =>
      allocations.reduce((sum, allocation) => sum + allocation[part], 0n);
    const paidWei = sumOf('paidWei') + pool.claimedWei;
    const [balanceWei, lockedWei] = [sumOf('balanceWei'), sumOf('lockedWei')];
    const poolWei = pool.fundedWei - pool.claimedWei;
    const remainingWei = freeWei + balanceWei + lockedWei + poolWei;
    const { cid, depositedWei, withdrawnWei } = terms;
    terminal.document('deal-show', {
      ...{ dealId, state, cid, depositedWei, withdrawnWei, freeWei, paidWei, balanceWei },
      ...{ lockedWei, remainingWei },
      peerPool: { fundedWei: pool.fundedWei, claimedWei: pool.claimedWei },
      allocations: allocations.map(({ dealId: _deal, ...allocation }) => allocation),
    });
    terminal.data(`${dealId}  ${state}  ${cid ?? ''}`);
    terminal.data(`Deposited  ${formatTokens(depositedWei)}, ${formatTokens(withdrawnWei)} withdrawn`);
    terminal.data(`Paid       ${formatTokens(paidWei)}`);
    terminal.data(`Allocated  ${formatTokens(balanceWei)} that nodes can still be paid`);
    if (lockedWei > 0n) terminal.data(`In claims  ${formatTokens(lockedWei)} that open claims hold`);
    if (pool.fundedWei > 0n) terminal.data(`Peers      ${formatTokens(poolWei)} that they can still claim`);
    terminal.data(`Free       ${formatTokens(freeWei)}`);
    for (const allocation of allocations)
      terminal.data(`  ${allocationLine(allocation, market.epochSeconds)}`);
    return EXIT.fine;
  });
}

function allocationLine(allocation: AllocationRecord, epochSeconds: number): string {
  const { node, state, paidWei, balanceWei, ratePerGiB, thawEndEpoch } = allocation;
  const money = `paid ${formatTokens(paidWei)}, left ${formatTokens(balanceWei)} at ${formatTokens(ratePerGiB)}/GiB`;
  const thaw = thawEndEpoch === undefined ? '' : `, thaws until ${dateText(thawEndEpoch * epochSeconds)}`;
  return `${node}  ${state.padEnd(8)}  ${money}${thaw}`;
}

/** A moment of the chain's clock. */
export function dateText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
