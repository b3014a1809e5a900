import { expect } from 'chai';
import type { Page } from 'playwright-core';

import { priceWei } from '../../sdk/protocol/price.ts';
import { exactAmountText } from '../../sdk/ui/figures.ts';
import { WEI_PER_BYTE } from '../marketplace/market-fixture.ts';
import { accessibilityViolations } from './accessibility.ts';
import { NARROWEST_PX, overflowOf } from './looks.ts';
import { MarketVisit } from './market-visit.ts';
import { screenshot } from './screenshots.ts';
import { RECEIPTED_BYTES } from './web-market.ts';

/** Wide and narrow screens, pixels. */
const WIDTHS_PX = [1_280, NARROWEST_PX] as const;
/** Thirteen pages, each looked at twice by all rules: some 40 s on two busy cores. */
const ALL_PAGES_TIMEOUT_MS = 240_000;

describe('explorer', () => {
  const visit = MarketVisit.aroundTests();

  it('finds a node by its address and says what it is and earned', async () => {
    const { page } = visit;
    const edge = visit.web.edges[0]?.address ?? '';
    await page.goto(`${visit.web.marketplace.url}/explore`);
    await page.getByLabel('Search').fill(edge);
    await page.getByRole('button', { name: 'Find' }).click();
    await page.getByRole('heading', { level: 1, name: /^Node 0x/ }).waitFor();
    expect(new URL(page.url()).pathname).to.equal(`/explore/nodes/${edge}`);
    await page.getByText('has staked', { exact: false }).first().waitFor();
    await page.getByText('A node registered').waitFor();
    const earned = exactAmountText(priceWei(RECEIPTED_BYTES, WEI_PER_BYTE));
    await page.locator('.ledger').getByText(earned, { exact: true }).waitFor();
    await screenshot(page, 'explorer-node');
  });

  it('leads from a deal to its receipts, and the figures agree to the last unit', async () => {
    const { page } = visit;
    await page.goto(`${visit.web.marketplace.url}/explore/deals/${visit.web.dealId}`);
    await page.getByRole('heading', { name: 'Where its money is' }).waitFor();
    const parts = await page
      .locator('.sum-table tbody data')
      .evaluateAll((cells) => cells.map((cell) => cell.getAttribute('value') ?? ''));
    const deposited = await page.locator('.sum-table tfoot data').getAttribute('value');
    expect(parts.reduce((sum, wei) => sum + BigInt(wei), 0n)).to.equal(BigInt(deposited ?? '0'));
    await screenshot(page, 'explorer-deal');
    await page.getByRole('link', { name: 'by epoch' }).first().click();
    await page.getByRole('heading', { name: 'Batches of receipts' }).waitFor();
    await page.getByRole('link', { name: String(visit.web.epoch), exact: true }).click();
    const worth = exactAmountText(priceWei(RECEIPTED_BYTES, WEI_PER_BYTE));
    await page.getByText(worth, { exact: true }).waitFor();
    await page.getByText('No voucher covers it yet', { exact: false }).waitFor();
    await screenshot(page, 'explorer-batch');
  });

  it('tells of a transaction what the contracts announced in it', async () => {
    const { page } = visit;
    await page.goto(`${visit.web.marketplace.url}/explore/transactions`);
    await page
      .getByRole('row', { name: /A deal was opened/ })
      .getByRole('link')
      .last()
      .click();
    await page.getByRole('heading', { level: 1, name: /^Transaction 0x/ }).waitFor();
    await page.getByRole('heading', { name: 'A deal was opened' }).waitFor();
    await screenshot(page, 'explorer-transaction');
  });

  it('says what is missing and what to do, where there is nothing', async () => {
    const { page } = visit;
    await page.goto(`${visit.web.marketplace.url}/explore`);
    await page.getByLabel('Search').fill('0x00000000');
    await page.getByRole('button', { name: 'Find' }).click();
    await page.getByText('Nothing on this network begins with', { exact: false }).waitFor();
    await page.goto(`${visit.web.marketplace.url}/explore/deals/0x${'00'.repeat(32)}`);
    await page.getByRole('alert').getByText('DEAL_NOT_FOUND').waitFor();
    await page.goto(`${visit.web.marketplace.url}/explore/nodes/hello`);
    await page.getByRole('heading', { level: 1, name: 'There is no such node' }).waitFor();
    await page.getByText('0x and 40 hexadecimal digits').waitFor();
    await page.goto(`${visit.web.marketplace.url}/nosuch`);
    await page.getByRole('heading', { level: 1, name: 'There is no such page' }).waitFor();
    await page.getByRole('link', { name: 'search the network' }).click();
    await page.getByRole('heading', { level: 1, name: 'Explore' }).waitFor();
    // The browser itself notes the 404 that the page then explains.
    expect(visit.log.complaints.splice(0).every((complaint) => complaint.includes('404'))).to.equal(true);
  });

  it('is clean by axe-core on every page, in both themes, wide and narrow', async function () {
    const { page } = visit;
    this.timeout(ALL_PAGES_TIMEOUT_MS);
    const edge = visit.web.edges[0]?.address ?? '';
    const pages = [
      '/',
      '/explore',
      '/explore/nodes',
      `/explore/nodes/${edge}`,
      '/explore/deals',
      `/explore/deals/${visit.web.dealId}`,
      `/explore/contents/${visit.web.cid}`,
      '/explore/transactions',
      `/explore/batches?deal=${visit.web.dealId}`,
      `/explore/batches/${visit.web.dealId}/${edge}/${visit.web.epoch}`,
      '/operate',
      '/new',
      '/distributions',
    ];
    const violations: string[] = [];
    for (const [index, path] of pages.entries()) {
      await page.emulateMedia({ reducedMotion: 'reduce' });
      await page.goto(visit.web.marketplace.url + path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.locator('.skeleton').first().waitFor({ state: 'detached' });
      violations.push(...(await tooWide(page, path)));
      await page.setViewportSize({ width: WIDTHS_PX[index % 2] ?? NARROWEST_PX, height: 800 });
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        const found = await accessibilityViolations(page);
        violations.push(...found.map((violation) => `${path} (${colorScheme}): ${violation}`));
      }
      await screenshot(
        page,
        `page${
          path
            .split('?')[0]
            ?.replaceAll(/0x\w+|bafk\w+|\d{3,}/g, '_')
            .replaceAll('/', '-') ?? ''
        }`,
      );
    }
    expect(violations).to.deep.equal([]);
  });
});

/** Where the page scrolls sideways, wide and narrow. */
async function tooWide(page: Page, path: string): Promise<string[]> {
  const found: string[] = [];
  for (const width of WIDTHS_PX) {
    await page.setViewportSize({ width, height: 800 });
    found.push(...(await overflowOf(page, path)));
  }
  return found;
}
