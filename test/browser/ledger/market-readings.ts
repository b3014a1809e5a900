import type { Address } from '../../../sdk/protocol/identifiers.ts';
import { metricOf } from './node-readings.ts';
import { DEAL, exact, type Reading } from './reading.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The deal whose money is read, and who earns it. */
export interface LedgerSubject {
  readonly marketplaceUrl: string;
  readonly dealId: string;
  readonly nodes: readonly Address[];
}

/** What the API and the metrics of a marketplace say. The deal is the only one of its market. */
export async function readMarket(subject: LedgerSubject): Promise<Reading[]> {
  const { marketplaceUrl, dealId, nodes } = subject;
  const ask = async (path: string): Promise<Fields> => {
    const response = await fetch(new URL(path, marketplaceUrl));
    if (!response.ok) throw new TypeError(`${path} answered ${response.status}`);
    return (await response.json()) as Fields;
  };
  const money = await ask(`/v1/deals/${dealId}/money`);
  const totals = money['totals'] as Fields;
  const delivery = await ask(`/v1/deals/${dealId}/delivery`);
  const { now } = (await ask('/v1/statistics')) as { now: Fields };
  const metrics = await (await fetch(new URL('/metrics', marketplaceUrl))).text();
  const readings: Reading[] = [
    { subject: DEAL, place: '/v1/deals/:id/money', figures: dealFigures(money, totals) },
    {
      ...{ subject: DEAL, place: '/v1/deals/:id/delivery' },
      figures: { bytes: exact(delivery['totalBytes']) },
    },
    {
      ...{ subject: DEAL, place: '/v1/statistics' },
      figures: {
        bytes: exact(now['deliveredBytes']),
        paid: exact(now['paidWei']),
        held: exact(now['escrowedWei']),
      },
    },
    {
      ...{ subject: DEAL, place: '/metrics of the marketplace' },
      figures: {
        bytes: metricOf(metrics, 'bcdn_marketplace_delivered_bytes'),
        paid: metricOf(metrics, 'bcdn_marketplace_paid_wei'),
        held: metricOf(metrics, 'bcdn_marketplace_escrowed_wei'),
      },
    },
  ];
  for (const one of money['allocations'] as readonly Fields[]) {
    readings.push({
      ...{ subject: String(one['node']), place: '/v1/deals/:id/money' },
      figures: {
        metered: exact(one['meteredWei']),
        settled: exact(one['vouchedWei']),
        paid: exact(one['paidWei']),
        fee: exact(one['feeWei']),
        lost: exact(one['lostWei']),
        balance: exact(one['balanceWei']) + exact(one['lockedWei']),
        allocated: exact(one['allocatedWei']),
      },
    });
  }
  for (const one of delivery['nodes'] as readonly Fields[]) {
    const place = '/v1/deals/:id/delivery';
    readings.push({ place, subject: String(one['node']), figures: { bytes: exact(one['bytes']) } });
  }
  for (const node of nodes) readings.push(...(await readOperator(ask, dealId, node)));
  return readings;
}

function dealFigures(money: Fields, totals: Fields): Reading['figures'] {
  return {
    deposited: exact(money['depositedWei']),
    withdrawn: exact(money['withdrawnWei']),
    free: exact(money['freeWei']),
    metered: exact(totals['meteredWei']),
    settled: exact(totals['vouchedWei']),
    paid: exact(totals['paidWei']),
    fee: exact(totals['feeWei']),
    lost: exact(totals['lostWei']),
    held: exact(totals['remainingWei']),
  };
}

async function readOperator(
  ask: (path: string) => Promise<Fields>,
  dealId: string,
  node: Address,
): Promise<Reading[]> {
  const earnings = await ask(`/v1/operators/${node}/earnings`);
  const deals = earnings['deals'] as readonly Fields[];
  const list = await ask(`/v1/batches?deal=${dealId}&node=${node}&limit=100`);
  const batches = list['batches'] as readonly Fields[];
  const pages: Fields[] = [];
  for (const { epoch } of batches) pages.push(await ask(`/v1/batches/${dealId}/${node}/${String(epoch)}`));
  const sumOf = (rows: readonly Fields[], field: string): bigint =>
    rows.reduce((sum, row) => sum + exact(row[field]), 0n);
  return [
    {
      ...{ subject: node, place: '/v1/operators/:address/earnings' },
      figures: earnedFigures(earnings['total'] as Fields),
    },
    ...deals.map((deal) => ({
      ...{ subject: node, place: '/v1/operators/:address/earnings, deal' },
      figures: { ...earnedFigures(deal), bytes: exact(deal['bytes']) },
    })),
    {
      ...{ subject: node, place: '/v1/batches' },
      figures: { bytes: sumOf(batches, 'bytes'), metered: sumOf(pages, 'wei') },
    },
  ];
}

function earnedFigures(earned: Fields): Reading['figures'] {
  return {
    metered: exact(earned['meteredWei']),
    settled: exact(earned['settledWei']),
    paid: exact(earned['paidWei']),
    fee: exact(earned['feeWei']),
    lost: exact(earned['lostWei']),
  };
}
