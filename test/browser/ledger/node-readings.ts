import type { SmallEdge } from '../../../scripts/kills/small-network.ts';
import { exact, type Reading } from './reading.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What a node itself says of its money: two commands and its metrics. The node serves one deal only. */
export async function readNode({ node }: SmallEdge): Promise<Reading[]> {
  const earnings = await node.command('earnings');
  const status = await node.command('status');
  const metrics = await (await fetch(new URL('/metrics', node.httpUrl))).text();
  const subject = node.operator;
  const total = earnings['total'] as Fields;
  const [deal = {}] = earnings['deals'] as readonly Fields[];
  const routes = earnings['routes'] as readonly Fields[];
  const money = status['money'] as Fields;
  const parts = ['voucherDueWei', 'inClaimWei', 'unsettledWei', 'lostWei'];
  const metered = (of: Fields): bigint =>
    parts.reduce((sum, part) => sum + exact(of[part]), exact(of['paidWei']));
  const settled = (of: Fields): bigint =>
    exact(of['paidWei']) + exact(of['voucherDueWei']) + exact(of['inClaimWei']);
  const sumOf = (rows: readonly Fields[], field: string): bigint =>
    rows.reduce((sum, row) => sum + exact(row[field]), 0n);
  const metric = (name: string, label = ''): number => metricOf(metrics, name, label);
  const shown = status['deals'] as readonly Fields[];
  return [
    {
      ...{ subject, place: 'bcdn-node earnings, total' },
      figures: {
        bytes: exact(total['bytes']),
        metered: exact(total['meteredWei']),
        settled: exact(total['settledWei']),
        paid: exact(total['paidWei']),
        fee: exact(earnings['feeWei']),
        ...unpaid(total),
      },
    },
    {
      ...{ subject, place: 'bcdn-node earnings, parts' },
      figures: { metered: metered(total), paid: sumOf(routes, 'paidWei'), fee: sumOf(routes, 'feeWei') },
    },
    {
      ...{ subject, place: 'bcdn-node earnings, deal' },
      figures: {
        bytes: exact(deal['bytes']),
        metered: exact(deal['meteredWei']),
        paid: exact(deal['paidWei']) + exact(deal['unreadWei']),
      },
    },
    {
      ...{ subject, place: 'bcdn-node status, money' },
      figures: {
        bytes: exact(money['bytes']),
        metered: exact(money['meteredWei']),
        settled: settled(money),
        paid: exact(money['paidWei']),
        ...unpaid(money),
      },
    },
    { subject, place: 'bcdn-node status, parts', figures: { metered: metered(money) } },
    ...shown.map((one) => ({
      ...{ subject, place: 'bcdn-node status, deal' },
      figures: { paid: exact(one['paidWei']), balance: exact(one['balanceWei']) },
    })),
    {
      ...{ subject, place: '/metrics of the node' },
      figures: {
        bytes: metric('bcdn_receipted_bytes'),
        paid: metric('bcdn_earnings_wei', 'part="paid"'),
        due: metric('bcdn_earnings_wei', 'part="voucher_due"'),
        unsettled: metric('bcdn_earnings_wei', 'part="unsettled"'),
        lost: metric('bcdn_earnings_wei', 'part="lost"'),
      },
    },
  ];
}

function unpaid(of: Fields): Reading['figures'] {
  return {
    due: exact(of['voucherDueWei']),
    unsettled: exact(of['unsettledWei']),
    lost: exact(of['lostWei']),
  };
}

/** The value of a sample. @throws TypeError if there is none: a missing figure is no 0 */
export function metricOf(text: string, name: string, label = ''): number {
  const line = text
    .split('\n')
    .find((each) => each.startsWith(label === '' ? `${name} ` : `${name}{`) && each.includes(label));
  const value = Number(line?.split(' ').at(-1));
  if (line === undefined || Number.isNaN(value)) throw new TypeError(`${name}{${label}} is not exported`);
  return value;
}
