import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';

import { expect } from 'chai';
import { Wallet } from 'ethers';
import type { Browser, Page } from 'playwright-core';

import type { EarningsDocument, StatusDocument } from '../../node/app/control/documents.ts';
import { openProvider } from '../../sdk/chain/provider.ts';
import { TransactionSender } from '../../sdk/chain/transactions.ts';
import { fetchContent } from '../../sdk/client/fetch-content.ts';
import { publish } from '../../sdk/publish/publish.ts';
import { eventually } from '../node/cli/eventually.ts';
import type { NodeProcess } from '../node/cli/node-process.ts';
import { TestNetwork, type InitialisedNode } from '../node/cli/test-network.ts';
import { accessibilityViolations } from './accessibility.ts';
import { openChromium } from './chromium.ts';
import { NARROWEST_PX } from './looks.ts';
import { PageLog } from './page-log.ts';
import { screenshot } from './screenshots.ts';

const CONTENT_BYTES = 900_000;
/** What a loaded machine takes for transactions and checks. */
const PATIENCE_MS = 60_000;

describe("the operator's desk", function () {
  this.timeout(180_000);
  let network: TestNetwork;
  let edge: InitialisedNode;
  let running: NodeProcess;
  let browser: Browser;
  let address: string;
  let page: Page;
  let log: PageLog;

  before(async () => {
    network = await TestNetwork.start();
    const { url: marketplaceUrl } = await network.marketplace();
    edge = await network.init('edge');
    running = network.run(edge, ['--settle-minimum-wei', `1${'0'.repeat(30)}`, '--monthly-cap', '10GiB']);
    await running.ready();
    const wallet = new Wallet(network.chain.privateKeys[5] ?? '');
    await network.fund(wallet.address);
    const provider = openProvider({ url: network.chain.url, chainId: network.chain.chainId });
    const sender = new TransactionSender({ provider, wallet, deployment: network.deployment });
    const content = new Uint8Array(randomBytes(CONTENT_BYTES));
    const { cid } = await eventually(() =>
      publish({
        source: { kind: 'stream', stream: Readable.from([content]) },
        ...{ sender, marketplaceUrl, replicas: 1 },
      }),
    );
    provider.destroy();
    await eventually(async () => {
      const sink = { write: () => undefined };
      await fetchContent({ cid, marketplaceUrl, viewerKey: randomBytes(32), sink });
    });
    ({ address } = await said<{ address: string }>('dashboard'));
    browser = await openChromium();
    page = await browser.newPage();
    log = new PageLog(page);
  });

  after(async () => {
    await browser.close();
    await network.stop();
  });

  async function said<T>(command: string, ...args: string[]): Promise<T> {
    const { stdout } = await network.command(edge, command, '--json', ...args);
    return JSON.parse(stdout) as T;
  }

  /** The exact figure behind a step of the panel of today. */
  async function figureOf(row: string, step: string): Promise<string | null> {
    const panel = page.locator(`.money[data-row="${row}"]`);
    return panel.locator(`.money-step:has(dt:text-is("${step}")) .money-sum data`).getAttribute('value');
  }

  /** What makes the page scroll sideways. */
  async function tooWide(): Promise<string[]> {
    return page.evaluate(() =>
      document.documentElement.scrollWidth <= innerWidth
        ? []
        : [...document.querySelectorAll('main *')]
            .filter((element) => element.getBoundingClientRect().right > innerWidth)
            .map((element) => element.outerHTML.slice(0, 120)),
    );
  }

  it('refuses a page without the token, and says how to get it', async () => {
    const other = await browser.newPage();
    await other.goto(address.split('#')[0] ?? '');
    await other.getByRole('alert').getByText('DASHBOARD_TOKEN_WRONG').waitFor();
    await other.getByText('Run `bcdn-node dashboard`', { exact: false }).waitFor();
    await screenshot(other, 'desk-without-token');
    await other.close();
  });

  it('says in one sentence whether the node earns, and takes the token out of the address', async () => {
    await page.goto(address);
    const { earning } = await said<StatusDocument>('status');
    expect(earning.yes, earning.because ?? '').to.equal(true);
    await page.getByRole('heading', { level: 1, name: 'Earning: yes', exact: true }).waitFor();
    expect(page.url()).not.to.contain('token');
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Earning: yes', exact: true }).waitFor();
  });

  it('shows the figures of the command line, to the last unit', async () => {
    await page.locator('.money[data-row="total"]').waitFor();
    await eventually(async () => {
      const { total } = await said<EarningsDocument>('earnings', '--by', 'day');
      expect(await figureOf('total', 'Metered')).to.equal(total.meteredWei);
      expect(await figureOf('total', 'Settled')).to.equal(total.settledWei);
      expect(await figureOf('total', 'Paid')).to.equal(total.paidWei);
    });
  });

  it('opens an amount down to the receipt, and saves it as CSV', async () => {
    await page.getByRole('tab', { name: 'By deal' }).click();
    await page.getByRole('button', { name: /^Entries of 0x/ }).click();
    const entries = page.getByRole('region', { name: 'Entries' });
    await entries.getByRole('table', { name: /^Receipts in the journal/ }).waitFor();
    const download = page.waitForEvent('download');
    await page.getByRole('tabpanel').getByRole('button', { name: 'Save as CSV' }).first().click();
    const saved = await readFile(await (await download).path(), 'utf8');
    const { rows } = await said<EarningsDocument>('earnings', '--by', 'deal');
    expect(saved.split('\r\n')[1]).to.contain(rows[0]?.key).and.contain(rows[0]?.meteredWei);
    await screenshot(page, 'desk-entries');
  });

  it('is usable by those who do not see it, light and dark, wide and narrow', async () => {
    await page.getByText('Check again').waitFor();
    await page.locator('.finding').first().waitFor({ timeout: PATIENCE_MS });
    await page.locator('.chart-drawing canvas').first().waitFor({ timeout: PATIENCE_MS });
    expect(await accessibilityViolations(page)).to.deep.equal([]);
    await screenshot(page, 'desk');
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await accessibilityViolations(page)).to.deep.equal([]);
    await screenshot(page, 'desk-dark');
    await page.setViewportSize({ width: NARROWEST_PX, height: 740 });
    expect(await accessibilityViolations(page)).to.deep.equal([]);
    expect(await tooWide()).to.deep.equal([]);
    await screenshot(page, 'desk-narrow');
    await page.setViewportSize({ width: 1_280, height: 900 });
    await page.emulateMedia({ colorScheme: 'light' });
  });

  it('settles by keyboard, after it has shown gas and net', async () => {
    await eventually(async () => {
      await page.getByRole('button', { name: 'Settle now …' }).focus();
      await page.keyboard.press('Enter');
      const dialog = page.getByRole('dialog', { name: 'Settle now' });
      await dialog.getByText(/Gas, as estimated|There is nothing to settle now/).waitFor();
      const settle = dialog.getByRole('button', { name: /^Settle / });
      if ((await settle.count()) === 0) {
        await page.keyboard.press('Escape');
        expect.fail('the epoch has not ended yet');
      }
      await screenshot(page, 'desk-settle');
      await settle.focus();
    });
    await page.keyboard.press('Enter');
    await page
      .getByRole('dialog')
      .getByText(/Paid [\d.]+ BCDN/)
      .waitFor({ timeout: PATIENCE_MS });
    await screenshot(page, 'desk-settled');
    await page.keyboard.press('Escape');
    await eventually(async () => {
      const { total } = await said<EarningsDocument>('earnings', '--by', 'day');
      expect(total.paidWei).to.equal(total.meteredWei);
      expect(await figureOf('total', 'Paid')).to.equal(total.paidWei);
    });
  });

  it('drains and takes new work again', async () => {
    await page.getByRole('button', { name: 'Drain …' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Drain', exact: true }).click();
    const cancel = page.getByRole('dialog').getByRole('button', { name: 'Take new work again' });
    await cancel.waitFor();
    expect((await said<StatusDocument>('status')).drainingSince).not.to.equal(null);
    await cancel.click();
    await page.getByRole('dialog').getByRole('button', { name: 'Drain', exact: true }).waitFor();
    expect((await said<StatusDocument>('status')).drainingSince).to.equal(null);
    await page.keyboard.press('Escape');
  });

  it('changes the price', async () => {
    await page.getByRole('button', { name: 'Price …' }).click();
    await page.getByLabel(/^New price/).fill('0.5');
    await page.getByRole('button', { name: 'Ask this price' }).click();
    await page.getByText('The price is changed', { exact: false }).waitFor({ timeout: PATIENCE_MS });
    expect(await said('price')).to.include({ askWeiPerGib: '500000000000000000' });
    await page.keyboard.press('Escape');
    expect(log.complaints).to.deep.equal([]);
  });

  it('says that the node is stopped, with the command that starts it, and keeps the last figures', async () => {
    await running.end('SIGTERM');
    await page
      .getByText('The node does not answer', { exact: false })
      .first()
      .waitFor({ timeout: PATIENCE_MS });
    await page.getByText('Run `bcdn-node start`', { exact: false }).first().waitFor();
    const sentence = 'Earning: no, because the node is not running → run bcdn-node start';
    await page.getByRole('heading', { level: 1, name: sentence, exact: true }).waitFor();
    await page.getByText('what follows was last known', { exact: false }).waitFor();
    expect(await page.getByRole('button', { name: 'Settle now …' }).count()).to.equal(0);
    await screenshot(page, 'desk-stopped');
  });
});
