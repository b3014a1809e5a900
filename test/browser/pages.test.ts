import { expect } from 'chai';
import type { Browser } from 'playwright-core';

import { startMarketplace, type Marketplace } from '../../marketplace/server/start-marketplace.ts';
import { silentLogger, temporaryDirectory, TestMarket } from '../marketplace/market-fixture.ts';
import { openChromium } from './chromium.ts';
import { PageLog } from './page-log.ts';
import { screenshot } from './screenshots.ts';

describe('pages of the marketplace', () => {
  let market: TestMarket;
  let marketplace: Marketplace;
  let directory: { path: string; remove: () => Promise<void> };
  let browser: Browser;

  before(async () => {
    market = await TestMarket.open();
    directory = await temporaryDirectory();
    marketplace = await startMarketplace(
      { dataDir: directory.path, rpcUrl: market.chain.url, deployment: market.deployment },
      silentLogger,
    );
    browser = await openChromium();
  });

  after(async () => {
    await browser.close();
    await marketplace.stop();
    await directory.remove();
    await market.close();
  });

  it('loads the landing page without a complaint', async () => {
    const page = await browser.newPage();
    const log = new PageLog(page);
    await page.goto(marketplace.url);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await screenshot(page, 'landing');
    expect(log.complaints).to.deep.equal([]);
    await page.close();
  });
});
