import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';

import { fetchContent } from '../../sdk/client/fetch-content.ts';
import { patternBytes } from '../node/adapters/content-fixture.ts';
import { openChromium } from './chromium.ts';
import { InjectedWallet } from './injected-wallet.ts';
import { flawsOf } from './looks.ts';
import { PageLog } from './page-log.ts';
import { PublishingNetwork } from './publishing-network.ts';

const MIB = 1024 * 1024;
const TOKEN_WEI = 10n ** 18n;

describe('a distribution and its publisher, against real edges', function () {
  this.timeout(240_000);
  let network: PublishingNetwork;
  let browser: Browser;
  let page: Page;
  let wallet: InjectedWallet;
  let log: PageLog;
  const bytes = patternBytes(6 * MIB, 11);

  before(async () => {
    network = await PublishingNetwork.start();
    browser = await openChromium();
    wallet = new InjectedWallet(network.network.chain.url, network.network.publisherKey);
    page = await browser.newPage();
    log = new PageLog(page);
    await wallet.injectInto(page);
  });

  after(async () => {
    wallet.close();
    await browser.close();
    await network.stop();
  });

  const flaws: string[] = [];

  const tab = (name: string) => page.getByRole('tab', { name }).click();
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
  const figure = async (title: string): Promise<bigint> =>
    BigInt(
      (await page
        .locator('dt', { hasText: title })
        .locator('xpath=following-sibling::dd//data')
        .getAttribute('value')) ?? '-1',
    );

  /** Receipts come in one after the other. */
  const expectFigure = async (title: string, isReached: (value: bigint) => boolean): Promise<void> => {
    for (let look = 0; look < 120 && !isReached(await figure(title)); look++) await page.waitForTimeout(250);
    expect(isReached(await figure(title)), title).to.equal(true);
  };

  it('is opened, watched, topped up, closed and refunded to the last unit', async () => {
    const file = join(network.folder, 'film.bin');
    await writeFile(file, bytes);
    await page.goto(new URL('/new', network.network.marketplaceUrl).href);
    await wallet.connect(page);
    const atFirst = await network.tokensOf(wallet.address);
    await page.locator('input[data-choice=file]').setInputFiles(file);
    await page.getByText('meet your wishes').waitFor();
    await press('Review');
    await press('Sign and open');
    await page.getByText('every node of the plan has the whole content').waitFor({ timeout: 90_000 });
    await page.getByRole('link', { name: 'Open the distribution' }).click();
    await page.getByRole('heading', { name: /^Distribution 0x/ }).waitFor();
    const cid = new URL(
      (await page.getByRole('link', { name: 'Its own page' }).getAttribute('href')) ?? '',
      'http://x',
    ).pathname
      .split('/')
      .at(-1);
    const depositedWei = atFirst - (await network.tokensOf(wallet.address));

    let received = 0;
    await fetchContent({
      ...{ cid: cid ?? '', marketplaceUrl: network.network.marketplaceUrl, viewerKey: randomBytes(32) },
      sink: { write: (part) => void (received += part.length) },
    });
    expect(received).to.equal(bytes.length);
    await page.getByText('Delivered by node').waitFor({ state: 'attached', timeout: 30_000 });
    await expectFigure('Delivered in all', (value) => value >= BigInt(bytes.length));
    flaws.push(...(await flawsOf(page, 'distribution-live')));
    await tab('Delivery');
    await page.getByText('The last minutes').waitFor();
    flaws.push(...(await flawsOf(page, 'distribution-delivery')));
    await tab('Nodes');
    await page.getByRole('rowheader').nth(2).waitFor();
    flaws.push(...(await flawsOf(page, 'distribution-nodes')));

    await tab('Settings');
    await page.getByLabel('Amount, BCDN').fill('10');
    await press('Top up');
    await page.getByText('Top up: the chain has it.').waitFor({ timeout: 30_000 });
    expect(atFirst - (await network.tokensOf(wallet.address))).to.equal(depositedWei + 10n * TOKEN_WEI);
    flaws.push(...(await flawsOf(page, 'distribution-settings')));
    await tab('Money');
    await page.getByText('add up to the deposit, to the last unit').waitFor({ timeout: 30_000 });
    flaws.push(...(await flawsOf(page, 'distribution-money')));

    await tab('Settings');
    await press('Close the distribution');
    await page.getByText('Close: the chain has it.').waitFor({ timeout: 30_000 });
    const held = page
      .locator('dt', { hasText: 'Held for nodes' })
      .locator('xpath=following-sibling::dd//data');
    await expectValue(held, '0');
    const refundWei = await figure('Yours now');
    const beforeRefund = await network.tokensOf(wallet.address);
    await press('Take back what is yours');
    await page.getByText('Refund: the chain has it.').waitFor({ timeout: 30_000 });
    expect((await network.tokensOf(wallet.address)) - beforeRefund).to.equal(refundWei);
    await tab('Money');
    await page.locator('.sum-table').getByText('Taken back').waitFor();
    const taken = page.locator('.sum-table tr', { hasText: 'Taken back' }).locator('data');
    await expectValue(taken, refundWei.toString());
    const paid = await page
      .locator('.sum-table tr', { hasText: 'Paid to nodes' })
      .locator('data')
      .getAttribute('value');
    expect(atFirst - (await network.tokensOf(wallet.address))).to.equal(BigInt(paid ?? '-1'));
    flaws.push(...(await flawsOf(page, 'distribution-closed')));
    await page.getByRole('link', { name: 'Distributions', exact: true }).click();
    await page.getByRole('rowheader').first().waitFor();
    flaws.push(...(await flawsOf(page, 'distributions')));
    expect(flaws).to.deep.equal([]);
    expect(wallet.confirmed.map(({ method }) => method)).to.deep.equal([
      ...['eth_signTypedData_v4', 'eth_sendTransaction', 'eth_signTypedData_v4', 'eth_sendTransaction'],
      ...['eth_sendTransaction', 'eth_sendTransaction'],
    ]);
    expect(log.complaints).to.deep.equal([]);
  });
});

/** Waits until an element carries a value, however often the page draws it anew meanwhile. */
async function expectValue(element: ReturnType<Page['locator']>, value: string): Promise<void> {
  await element.and(element.page().locator(`data[value="${value}"]`)).waitFor({ timeout: 60_000 });
}
