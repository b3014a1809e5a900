import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';

import { priceWei } from '../../sdk/protocol/price.ts';
import { exactAmountText } from '../../sdk/ui/figures.ts';
import { WEI_PER_BYTE } from '../marketplace/market-fixture.ts';
import { accessibilityViolations } from './accessibility.ts';
import { openChromium } from './chromium.ts';
import { PageLog } from './page-log.ts';
import { screenshot } from './screenshots.ts';
import { RECEIPTED_BYTES, WebMarket } from './web-market.ts';

/** Thirteen pages, each looked at twice by all rules: some 40 s on two busy cores. */
const ALL_PAGES_TIMEOUT_MS = 240_000;

describe('explorer', () => {
  let web: WebMarket;
  let browser: Browser;
  let page: Page;
  let log: PageLog;

  before(async () => {
    web = await WebMarket.open();
    browser = await openChromium();
  });

  after(async () => {
    await browser?.close();
    await web?.close();
  });

  beforeEach(async () => {
    page = await browser.newPage({ viewport: { width: 1_280, height: 900 } });
    log = new PageLog(page);
  });

  afterEach(async () => {
    expect(log.complaints).to.deep.equal([]);
    await page.close();
  });

  it('finds a node by its address and says what it is and earned', async () => {
    const edge = web.edges[0]?.address ?? '';
    await page.goto(`${web.marketplace.url}/explore`);
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
    await page.goto(`${web.marketplace.url}/explore/deals/${web.dealId}`);
    await page.getByRole('heading', { name: 'Where its money is' }).waitFor();
    const parts = await page
      .locator('.sum-table tbody data')
      .evaluateAll((cells) => cells.map((cell) => cell.getAttribute('value') ?? ''));
    const deposited = await page.locator('.sum-table tfoot data').getAttribute('value');
    expect(parts.reduce((sum, wei) => sum + BigInt(wei), 0n)).to.equal(BigInt(deposited ?? '0'));
    await screenshot(page, 'explorer-deal');
    await page.getByRole('link', { name: 'by epoch' }).first().click();
    await page.getByRole('heading', { name: 'Batches of receipts' }).waitFor();
    await page.getByRole('link', { name: String(web.epoch), exact: true }).click();
    const worth = exactAmountText(priceWei(RECEIPTED_BYTES, WEI_PER_BYTE));
    await page.getByText(worth, { exact: true }).waitFor();
    await page.getByText('No voucher covers it yet', { exact: false }).waitFor();
    await screenshot(page, 'explorer-batch');
  });

  it('tells of a transaction what the contracts announced in it', async () => {
    await page.goto(`${web.marketplace.url}/explore/transactions`);
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
    await page.goto(`${web.marketplace.url}/explore`);
    await page.getByLabel('Search').fill('0x00000000');
    await page.getByRole('button', { name: 'Find' }).click();
    await page.getByText('Nothing on this network begins with', { exact: false }).waitFor();
    await page.goto(`${web.marketplace.url}/explore/deals/0x${'00'.repeat(32)}`);
    await page.getByRole('alert').getByText('DEAL_NOT_FOUND').waitFor();
    // The browser itself notes the 404 that the page then explains.
    expect(log.complaints.splice(0).every((complaint) => complaint.includes('404'))).to.equal(true);
  });

  it('is clean by axe-core on every page, in both themes, wide and narrow', async function () {
    this.timeout(ALL_PAGES_TIMEOUT_MS);
    const edge = web.edges[0]?.address ?? '';
    const pages = [
      '/',
      '/explore',
      '/explore/nodes',
      `/explore/nodes/${edge}`,
      '/explore/deals',
      `/explore/deals/${web.dealId}`,
      `/explore/contents/${web.cid}`,
      '/explore/transactions',
      `/explore/batches?deal=${web.dealId}`,
      `/explore/batches/${web.dealId}/${edge}/${web.epoch}`,
      '/operate',
      '/new',
      '/distributions',
    ];
    const violations: string[] = [];
    for (const [index, path] of pages.entries()) {
      await page.setViewportSize({ width: index % 2 === 0 ? 1_280 : 360, height: 800 });
      await page.emulateMedia({ reducedMotion: 'reduce' });
      await page.goto(web.marketplace.url + path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.waitForFunction("document.querySelector('.skeleton') === null");
      const overflowPx = await page.evaluate<number>(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      if (overflowPx > 0) violations.push(`${path}: ${overflowPx} px wider than the screen`);
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
