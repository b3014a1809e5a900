import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';

import { patternBytes } from '../node/adapters/content-fixture.ts';
import { openChromium } from './chromium.ts';
import { InjectedWallet } from './injected-wallet.ts';
import { PageLog } from './page-log.ts';
import { PublishingNetwork } from './publishing-network.ts';
import { screenshot } from './screenshots.ts';

const MIB = 1024 * 1024;

describe('publishing from a browser, against real edges', function () {
  this.timeout(240_000);
  let network: PublishingNetwork;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let wallet: InjectedWallet;
  let log: PageLog;
  let film: string;

  before(async () => {
    network = await PublishingNetwork.start();
    browser = await openChromium();
    film = join(network.folder, 'film.bin');
    await writeFile(film, patternBytes(24 * MIB + 321, 5));
  });

  after(async () => {
    await browser.close();
    await network.stop();
  });

  beforeEach(async () => {
    context = await browser.newContext();
    wallet = new InjectedWallet(network.network.chain.url, network.network.publisherKey);
    await open();
  });

  afterEach(async () => {
    await context.close();
    wallet.close();
  });

  async function open(path = '/new'): Promise<void> {
    page = await context.newPage();
    log = new PageLog(page);
    await wallet.injectInto(page);
    await page.goto(new URL(path, network.network.marketplaceUrl).href);
  }

  async function review(file: string): Promise<void> {
    await page.locator('input[data-choice=file]').setInputFiles(file);
    await page.getByText('meet your wishes').waitFor();
    await page.getByRole('button', { name: 'Review' }).click();
    await page.getByRole('button', { name: 'Sign and open' }).waitFor();
  }

  it('opens by one signature and one transaction, and uploads until every node holds the content', async () => {
    await screenshot(page, 'new-distribution-no-wallet');
    await wallet.connect(page);
    await page.locator('input[data-choice=file]').setInputFiles(film);
    await page.getByText('meet your wishes').waitFor();
    await screenshot(page, 'new-distribution-form');
    await page.getByRole('button', { name: 'Review' }).click();
    await page.getByRole('button', { name: 'Sign and open' }).waitFor();
    await screenshot(page, 'new-distribution-review');
    const before = await network.tokensOf(wallet.address);
    await page.getByRole('button', { name: 'Sign and open' }).click();
    await page.getByText('every node of the plan has the whole content').waitFor({ timeout: 90_000 });
    await screenshot(page, 'new-distribution-done');
    expect(wallet.confirmed.map(({ method }) => method)).to.deep.equal([
      'eth_signTypedData_v4',
      'eth_sendTransaction',
    ]);
    expect(await network.tokensOf(wallet.address)).to.be.below(before);
    expect(log.complaints).to.deep.equal([]);
  });

  it('goes on after the page was closed and the marketplace killed in the middle of the upload, charging nothing twice', async () => {
    // Another content than before, which the nodes would have already.
    const second = join(network.folder, 'second.bin');
    await writeFile(second, patternBytes(24 * MIB + 99, 8));
    await wallet.connect(page);
    await review(second);
    let slices = 0;
    await page.route('**/bcdn/v1/content/**', async (route) => {
      if (route.request().method() === 'PUT' && ++slices > 2) await route.abort();
      else await route.continue();
    });
    const before = await network.tokensOf(wallet.address);
    await page.getByRole('button', { name: 'Sign and open' }).click();
    await page.getByText('To eu-west').first().waitFor({ timeout: 60_000 });
    const charged = before - (await network.tokensOf(wallet.address));
    await page.close();
    await network.network.restartMarketplace();
    await open(`/new${new URL(page.url()).search}`);
    await page.getByText('Choose the same file or folder again').waitFor({ timeout: 30_000 });
    await screenshot(page, 'new-distribution-resumed');
    const other = join(network.folder, 'other.bin');
    await writeFile(other, patternBytes(1_000, 6));
    await page.locator('input[data-choice=file]').setInputFiles(other);
    await page.getByText('That is another content').waitFor();
    await page.locator('input[data-choice=file]').setInputFiles(second);
    await page.getByText('every node of the plan has the whole content').waitFor({ timeout: 90_000 });
    expect(before - (await network.tokensOf(wallet.address))).to.equal(charged);
    expect(wallet.confirmed.filter(({ method }) => method === 'eth_sendTransaction')).to.have.length(1);
  });

  it('keeps the plan when the wallet refuses, and opens it when asked again', async () => {
    const third = join(network.folder, 'third.bin');
    await writeFile(third, patternBytes(MIB, 12));
    await wallet.connect(page);
    await review(third);
    const before = await network.tokensOf(wallet.address);
    wallet.refuses = true;
    await page.getByRole('button', { name: 'Sign and open' }).click();
    await page.getByText('WALLET_REJECTED').waitFor();
    await screenshot(page, 'new-distribution-refused');
    expect(await network.tokensOf(wallet.address)).to.equal(before);
    wallet.refuses = false;
    await page.reload();
    await page.getByRole('button', { name: 'Ask the wallet again' }).click();
    await page.getByText('Choose the same file or folder again').waitFor({ timeout: 60_000 });
    await page.locator('input[data-choice=file]').setInputFiles(third);
    await page.getByText('every node of the plan has the whole content').waitFor({ timeout: 90_000 });
    expect(wallet.confirmed.filter(({ method }) => method === 'eth_sendTransaction')).to.have.length(1);
  });

  it('knows a draft of another chain, and does nothing for it', async () => {
    await wallet.connect(page);
    const kept = await page.evaluate(() => {
      const draft = {
        ...{ version: 1, chainId: '31337', genesisHash: `0x${'00'.repeat(32)}` },
        ...{
          publisher: `0x${'11'.repeat(20)}`,
          dealId: `0x${'d1'.repeat(32)}`,
          salt: `0x${'5a'.repeat(32)}`,
        },
        ...{ uploadNonce: `0x${'4e'.repeat(32)}`, uploadKey: `0x${'6b'.repeat(32)}`, name: 'old film' },
        ...{ cid: 'bafyold', contentRoot: `0x${'c0'.repeat(32)}`, contentCodec: 112, bytes: '5' },
        ...{ collector: `0x${'22'.repeat(20)}`, grantKey: `0x${'33'.repeat(20)}`, serviceLevel: 0 },
        ...{ depositWei: '1', nodes: [], reviewedAt: 1_700_000_000 },
      };
      localStorage.setItem(
        `bcdn-of-chain:${draft.genesisHash}:new-distribution:${draft.dealId}`,
        JSON.stringify(draft),
      );
      return draft.name;
    });
    await page.reload();
    await page.getByRole('button', { name: `Go on with ${kept}` }).click();
    await page.getByText('not the one of this marketplace now').waitFor();
    await screenshot(page, 'new-distribution-other-chain');
    expect(wallet.confirmed).to.deep.equal([]);
  });
});
