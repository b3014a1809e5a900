import type { Locator, Page } from 'playwright-core';

import type { SmallEdge } from '../../../scripts/kills/small-network.ts';
import { exactAmountText } from '../../../sdk/ui/figures.ts';
import type { LedgerSubject } from './market-readings.ts';
import { DEAL, exact, type Reading } from './reading.ts';

/** Columns of the table of a distribution's nodes, and of the tables of the explorer. */
const MONEY_COLUMNS = ['allocated', 'metered', 'settled', 'paid', 'balance'] as const;
const ALLOCATION_COLUMNS = ['rate', 'allocated', 'paid', 'balance'] as const;
const EARNING_COLUMNS = ['bytes', 'rate', 'metered', 'settled', 'paid'] as const;
const DESK_COLUMNS = ['bytes', 'metered', 'settled', 'paid', 'unsettled', 'lost'] as const;

/** What the pages show in a browser: each amount as its text and title say it, to the last digit. */
export async function readPages(page: Page, subject: LedgerSubject): Promise<Reading[]> {
  const readings = [...(await readDistribution(page, subject)), ...(await readDealPage(page, subject))];
  for (const node of subject.nodes) readings.push(...(await readNodePage(page, subject, node)));
  return readings;
}

async function readDistribution(page: Page, subject: LedgerSubject): Promise<Reading[]> {
  const place = 'page of the distribution';
  await page.goto(`${subject.marketplaceUrl}/distributions/${subject.dealId}`);
  await page.getByRole('tab', { name: 'Money' }).click();
  await page.getByText('add up to the deposit, to the last unit').waitFor();
  const sum = await amounts(page.locator('.sum-table data'));
  const [paid = -1n, nodes = -1n, peers = -1n, free = -1n, withdrawn = -1n, deposited = -1n] = sum;
  const readings: Reading[] = [
    {
      ...{ place, subject: DEAL },
      figures: { paid, free, withdrawn, deposited, held: nodes + peers + free },
    },
    {
      ...{ place: `${place}, facts`, subject: DEAL },
      figures: {
        metered: await fact(page, 'Metered by receipts'),
        settled: await fact(page, 'Vouched for'),
        paid: await fact(page, 'Paid'),
        lost: await fact(page, 'Lost to nodes'),
      },
    },
  ];
  for (const node of subject.nodes) {
    const figures = await row(page, `/explore/nodes/${node}`, MONEY_COLUMNS);
    readings.push({ place, subject: node, figures });
  }
  await page.getByRole('tab', { name: 'Live', exact: true }).click();
  readings.push({
    ...{ place: `${place}, live`, subject: DEAL },
    figures: { bytes: await fact(page, 'Delivered in all') },
  });
  return readings;
}

async function readDealPage(page: Page, subject: LedgerSubject): Promise<Reading[]> {
  const place = 'deal in the explorer';
  await page.goto(`${subject.marketplaceUrl}/explore/deals/${subject.dealId}`);
  await page.getByRole('heading', { name: 'Where its money is' }).waitFor();
  const sum = await amounts(page.locator('.sum-table data'));
  const [paid = -1n, nodes = -1n, peers = -1n, free = -1n, withdrawn = -1n, deposited = -1n] = sum;
  const figures = { paid, free, withdrawn, deposited, held: nodes + peers + free };
  const readings: Reading[] = [{ place, subject: DEAL, figures }];
  for (const node of subject.nodes) {
    const shown = await row(page, `/explore/nodes/${node}`, ALLOCATION_COLUMNS);
    readings.push({ place, subject: node, figures: shown });
  }
  return readings;
}

async function readNodePage(page: Page, subject: LedgerSubject, node: string): Promise<Reading[]> {
  const place = 'node in the explorer';
  await page.goto(`${subject.marketplaceUrl}/explore/nodes/${node}`);
  await page.locator('.ledger').waitFor();
  const [metered = -1n, settled = -1n, paid = -1n, lost = -1n] = await amounts(page.locator('.ledger data'));
  const deal = await row(page, `/explore/deals/${subject.dealId}`, EARNING_COLUMNS);
  return [
    { place, subject: node, figures: { metered, settled, paid, lost } },
    { place: `${place}, deal`, subject: node, figures: deal },
  ];
}

/** What the operator's desk shows of all deals: the same page for each node, served by the node itself. */
export async function readDesk(page: Page, { node }: SmallEdge): Promise<Reading> {
  const { address } = await node.command('dashboard');
  await page.goto(String(address));
  const total = page
    .getByRole('row')
    .filter({ has: page.getByRole('rowheader', { name: 'total', exact: true }) })
    .first();
  const found = await amounts(total.locator('data'));
  const figures = Object.fromEntries(DESK_COLUMNS.map((name, index) => [name, found[index] ?? -1n]));
  return { place: "operator's desk", subject: node.operator, figures };
}

/** The figures of the row that links to a page, by the names of its columns. */
async function row<Name extends string>(
  page: Page,
  href: string,
  names: readonly Name[],
): Promise<Record<Name, bigint>> {
  const cells = page
    .getByRole('row')
    .filter({ has: page.locator(`th a[href="${href}"]`) })
    .last();
  const found = await amounts(cells.locator('data'));
  return Object.fromEntries(names.map((name, index) => [name, found[index] ?? -1n])) as Record<Name, bigint>;
}

async function fact(page: Page, title: string): Promise<bigint> {
  const value = page.locator('dt').filter({ hasText: new RegExp(`^${title}$`) });
  const [shown = -1n] = await amounts(value.locator('xpath=following-sibling::dd//data'));
  return shown;
}

/** Figures as programs read them, each held against what people read: its title, or its text where all is shown. */
async function amounts(elements: Locator): Promise<bigint[]> {
  await elements.first().waitFor();
  const shown = await elements.evaluateAll((all) =>
    all.map((each) => ({
      ...{ value: each.getAttribute('value'), title: each.getAttribute('title') ?? '' },
      text: each.textContent ?? '',
    })),
  );
  return shown.map(({ value, title, text }) => {
    const figure = exact(value);
    const isMoney = title.endsWith(' BCDN');
    if (isMoney && title !== exactAmountText(figure)) throw new TypeError(`${title} is not ${figure}`);
    if (isMoney && figure > 0n && /^0 /.test(text)) throw new TypeError(`${figure} is shown as nothing`);
    return figure;
  });
}
