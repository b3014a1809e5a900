import { join } from 'node:path';

import { readAllocation, readDeal } from '../../../sdk/chain/deals.ts';
import { readTokenBalance } from '../../../sdk/chain/tokens.ts';
import { parseDealId } from '../../../sdk/protocol/identifiers.ts';
import type { PublisherDesk } from '../../end-to-end/publisher-commands/publisher-desk.ts';
import type { LedgerSubject } from './market-readings.ts';
import { DEAL, exact, type Reading } from './reading.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What the commands of the publisher say: `deal show`, and an audit of receipts that were downloaded for it. */
export async function readCommands(desk: PublisherDesk, { dealId }: LedgerSubject): Promise<Reading[]> {
  const shown = await desk.document('deal', 'show', dealId);
  const file = join(desk.folder, `${crypto.randomUUID()}.audit`);
  await desk.document('audit', 'download', '--deal', dealId, '--out', file);
  const report = await desk.document('audit', file);
  if (report['agrees'] !== true) throw new TypeError(`the audit differs: ${JSON.stringify(report)}`);
  const bills = report['nodes'] as readonly Fields[];
  const allocations = shown['allocations'] as readonly Fields[];
  return [
    {
      ...{ subject: DEAL, place: 'bcdn deal show' },
      figures: {
        deposited: exact(shown['depositedWei']),
        withdrawn: exact(shown['withdrawnWei']),
        free: exact(shown['freeWei']),
        paid: exact(shown['paidWei']),
        held: exact(shown['remainingWei']),
      },
    },
    { subject: DEAL, place: 'bcdn audit', figures: { paid: exact(report['paidWei']) } },
    ...allocations.map((one) => ({
      ...{ subject: String(one['node']), place: 'bcdn deal show' },
      figures: {
        rate: exact(one['ratePerGiB']),
        paid: exact(one['paidWei']),
        balance: exact(one['balanceWei']) + exact(one['lockedWei']),
      },
    })),
    ...bills.map((bill) => ({
      ...{ subject: String(bill['node']), place: 'bcdn audit' },
      figures: {
        bytes: exact(bill['receiptBytes']),
        settled: exact(bill['billedWei']),
        paid: exact(bill['paidWei']),
        fee: exact(bill['feeWei']),
      },
    })),
  ];
}

/** What the contracts themselves say. */
export async function readContracts(desk: PublisherDesk, subject: LedgerSubject): Promise<Reading[]> {
  const { provider, deployment } = desk.network;
  const dealId = parseDealId(subject.dealId);
  const deal = await readDeal(provider, deployment, dealId);
  const readings: Reading[] = [];
  const sums = { paid: 0n, held: deal?.freeWei ?? 0n, fee: 0n };
  for (const node of subject.nodes) {
    const allocation = await readAllocation(provider, deployment, { dealId, node });
    const {
      ratePerGiB = 0n,
      paidWei = 0n,
      balanceWei = 0n,
      lockedWei = 0n,
      feeUncollectedWei = 0n,
    } = allocation ?? {};
    sums.paid += paidWei;
    sums.held += balanceWei + lockedWei;
    sums.fee += feeUncollectedWei;
    const figures = {
      rate: ratePerGiB,
      paid: paidWei,
      balance: balanceWei + lockedWei,
      fee: feeUncollectedWei,
    };
    readings.push({ subject: node, place: 'contracts', figures });
  }
  // Nobody has collected a fee: the market holds what is left of the deal, and the fees.
  const held = (await readTokenBalance(provider, deployment, deployment.market)) - sums.fee;
  return [
    ...readings,
    { subject: DEAL, place: 'contracts', figures: { ...sums, free: deal?.freeWei ?? 0n } },
    { subject: DEAL, place: 'tokens that the market holds', figures: { held } },
  ];
}
