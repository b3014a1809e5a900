import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { request } from 'undici';

import type { NetworkNode } from '../../scripts/devnet/network-node.ts';
import { ClientError } from '../../sdk/client/client-error.ts';
import { fetchContent } from '../../sdk/client/fetch-content.ts';
import { patternBytes } from '../node/adapters/content-fixture.ts';
import { openChromium } from './chromium.ts';
import { InjectedWallet } from './injected-wallet.ts';
import { PageLog } from './page-log.ts';
import { PublishingNetwork } from './publishing-network.ts';
import { cidOf, depositOf, PublishingPage } from './publishing-page.ts';
import { screenshot } from './screenshots.ts';

const MIB = 1024 * 1024;
const TOKEN_WEI = 10n ** 18n;
/** Where the page counts what servers acknowledged. */
const ACKNOWLEDGED = 'acknowledgedBytes';
const UPLOADS = '**/bcdn/v1/content/**';
const PROVIDERS = '**/routing/v1/providers/**';

describe('what dies in the middle of publishing, against real processes', function () {
  this.timeout(240_000);
  let network: PublishingNetwork;
  let browser: Browser;
  let context: BrowserContext;
  let wallet: InjectedWallet;
  let publishing: PublishingPage;
  let page: Page;
  let seed = 20;

  before(async () => {
    network = await PublishingNetwork.start();
    browser = await openChromium();
  });

  after(async () => {
    await browser?.close();
    await network?.stop();
  });

  beforeEach(async () => {
    context = await browser.newContext();
    wallet = new InjectedWallet(network.network.chain.url, network.network.publisherKey);
    publishing = new PublishingPage(context, wallet, network.network.marketplaceUrl);
    page = await publishing.open();
  });

  afterEach(async () => {
    await context.close();
    wallet.close();
  });

  /** A file that no node has. */
  async function file(name: string, bytes = MIB): Promise<{ path: string; bytes: Uint8Array }> {
    const content = patternBytes(bytes, (seed += 1));
    const path = join(network.folder, name);
    await writeFile(path, content);
    return { path, bytes: content };
  }

  /** The edge that is alone in its region: nobody takes a content in its place. */
  const loneEdge = (): NetworkNode =>
    network.network.edges.find(({ plan }) => plan.region === 'us-east') ?? expect.fail('no edge is alone');

  const transactions = () => wallet.confirmed.filter(({ method }) => method === 'eth_sendTransaction').length;

  /** From the review to the last node in one go. */
  const agree = () => page.getByRole('button', { name: /^(Sign and open|Open)$/ }).click();

  it('goes on with an upload whose edge was killed and came back, and sends nothing twice', async () => {
    const film = await file('killed-edge.bin', 40 * MIB);
    await page.addInitScript(countAcknowledged, ACKNOWLEDGED);
    await page.reload();
    await wallet.connect(page);
    await publishing.review(page, film.path);
    const edge = loneEdge();
    const { origin, port } = new URL(edge.httpUrl);
    let sent = 0;
    let back: Promise<void> | undefined;
    await page.route(`${origin}${UPLOADS.slice(2)}`, async (route) => {
      // The skeleton and two slices of five arrive; the edge dies with the next on the way.
      if (route.request().method() === 'PUT' && ++sent === 4) {
        await edge.kill();
        back = edge.start(['--http-port', port]);
      }
      await route.continue();
    });
    await agree();
    await page.getByText('To us-east').waitFor({ timeout: 60_000 });
    await expectEventually(() => back !== undefined);
    await screenshot(page, 'new-distribution-edge-killed');
    await publishing.isInPlace(page);
    await back;
    expect(transactions()).to.equal(1);
    const acknowledged = await page.evaluate<number[]>(`window.${ACKNOWLEDGED}['${origin}']`);
    const whole = acknowledged.reduce((sum, bytes) => sum + bytes, 0);
    expect(whole, 'bytes that the edge acknowledged').to.be.within(
      film.bytes.length,
      film.bytes.length * 1.01,
    );
    const cid = await cidOf(page);
    // Without a grant an edge gives a MiB a minute: what was on the way when it died.
    const [from, to] = [16 * MIB, 16 * MIB + MIB / 2];
    await expectServed(`${origin}/ipfs/${cid}`, film.bytes.subarray(from, to), {
      range: `bytes=${from}-${to - 1}`,
    });
    expect(Buffer.compare(await watched(cid), film.bytes)).to.equal(0);
  });

  describe('a page that is closed', () => {
    it('behind the review has asked for nothing, and keeps what was wished', async () => {
      await wallet.connect(page);
      const before = await network.tokensOf(wallet.address);
      await page.getByLabel('Days', { exact: false }).first().fill('3');
      await publishing.review(page, (await file('reviewed.bin')).path);
      await page.close();
      page = await publishing.open();
      await page.getByRole('button', { name: 'Review' }).waitFor();
      expect(await page.getByLabel('Days', { exact: false }).first().inputValue()).to.equal('3');
      expect(wallet.confirmed).to.deep.equal([]);
      expect(await network.tokensOf(wallet.address)).to.equal(before);
    });

    it('before it heard the answer of the wallet finds the deal that was opened, and pays it once', async () => {
      const content = await file('unheard.bin');
      await closedAndFinished(content.path, async () => {
        const closed = Promise.withResolvers<void>();
        wallet.answering = async (method) => {
          if (method !== 'eth_sendTransaction') return;
          await page.close();
          closed.resolve();
        };
        await agree();
        await closed.promise;
      });
    });

    it('while the transaction was on its way finds the deal that was opened, and pays it once', async () => {
      const content = await file('on-its-way.bin');
      await closedAndFinished(content.path, async () => {
        wallet.answering = (method) =>
          method === 'eth_getTransactionReceipt' ? new Promise(() => undefined) : Promise.resolve();
        await agree();
        await page.getByText('Sent. Waiting until the chain has it').waitFor({ timeout: 60_000 });
        await screenshot(page, 'new-distribution-waiting');
        await page.close();
      });
    });

    it('before the first byte was sent pays the deal once', async () => {
      const content = await file('no-byte.bin');
      await closedAndFinished(content.path, async () => {
        await page.route(UPLOADS, (route) => route.abort());
        const asked = page.waitForRequest((sent) => sent.url().includes('/bcdn/v1/content/'));
        await agree();
        await asked;
        await page.close();
      });
    });

    it('while an edge died and came back at another address finds it there', async () => {
      const content = await file('moved-edge.bin');
      await closedAndFinished(content.path, async () => {
        await page.route(UPLOADS, (route) => route.abort());
        const asked = page.waitForRequest((sent) => sent.url().includes('/bcdn/v1/content/'));
        await agree();
        await asked;
        await page.close();
        const edge = loneEdge();
        const before = edge.httpUrl;
        await edge.kill();
        await edge.start();
        expect(edge.httpUrl).not.to.equal(before);
        await network.announces(edge);
      });
    });

    it('while the nodes filled each other pays the deal once', async () => {
      const content = await file('filling.bin');
      await closedAndFinished(content.path, async () => {
        const isAsked = Promise.withResolvers<void>();
        await page.route(PROVIDERS, async (route) => {
          isAsked.resolve();
          await route.abort();
        });
        await agree();
        await isAsked.promise;
        await page.getByText('0 of 3', { exact: true }).waitFor();
        await screenshot(page, 'new-distribution-filling');
        await page.close();
      });
    });
  });

  /** Reviews, has the page die, opens it again and finishes: one transaction, one deposit by the chain's balances. */
  async function closedAndFinished(path: string, die: () => Promise<void>): Promise<void> {
    await wallet.connect(page);
    const before = await network.tokensOf(wallet.address);
    await publishing.review(page, path);
    await die();
    wallet.answering = async () => undefined;
    page = await publishing.open();
    await page.getByRole('button', { name: /^Go on with / }).click();
    await page.getByText('Choose the same file or folder again').waitFor({ timeout: 60_000 });
    const depositWei = await depositOf(page);
    await page.locator('input[data-choice=file]').setInputFiles(path);
    await publishing.isInPlace(page);
    expect(transactions()).to.equal(1);
    expect(before - (await network.tokensOf(wallet.address))).to.equal(depositWei);
    await page.goto(new URL('/new', network.network.marketplaceUrl).href);
    await page.getByRole('button', { name: 'Review' }).waitFor();
    expect(await page.getByRole('button', { name: /^Go on with / }).count()).to.equal(0);
  }

  it('has a wallet on another chain change before anything is asked of it', async () => {
    wallet.otherChain = '0x1';
    await page.getByRole('button', { name: 'Connect wallet' }).first().click();
    await page.getByRole('dialog').getByRole('button', { name: 'Test wallet' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await page.getByText('Your wallet is on another chain than this marketplace').waitFor();
    await screenshot(page, 'new-distribution-wrong-chain');
    await page.getByRole('button', { name: 'Change the chain' }).click();
    await page.locator('input[data-choice=file]').waitFor({ state: 'attached' });
    expect(wallet.confirmed).to.deep.equal([]);
  });

  it('tells an empty account what it needs and has, fills it by the faucet, and publishes a folder that is served by path', async () => {
    const folder = join(network.folder, 'site');
    await mkdir(join(folder, 'clips'), { recursive: true });
    const clip = patternBytes(MIB / 4 + 7, (seed += 1));
    await writeFile(join(folder, 'index.html'), '<h1>A site</h1>');
    await writeFile(join(folder, 'clips', 'one.bin'), clip);
    const log = new PageLog(page);
    await page.getByRole('button', { name: 'Connect wallet' }).first().click();
    await page.getByRole('button', { name: 'Use a burner account' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await page.locator('input[data-choice=folder]').setInputFiles(folder);
    await page.getByText('meet your wishes').waitFor();
    await page.getByRole('button', { name: 'Review' }).click();
    await page.getByText(/You need .* BCDN and have 0 BCDN/).waitFor();
    expect(await page.getByRole('button', { name: 'Sign and open' }).isDisabled()).to.equal(true);
    await screenshot(page, 'new-distribution-shortage');
    await page.getByRole('button', { name: 'Ask the faucet' }).click();
    await page.getByText(/You need .* BCDN and have 0 BCDN/).waitFor({ state: 'detached', timeout: 30_000 });
    await agree();
    await publishing.isInPlace(page);
    await screenshot(page, 'new-distribution-folder-done');
    const cid = await cidOf(page);
    for (const edge of network.network.edges) {
      await expectServed(`${edge.httpUrl}/ipfs/${cid}/clips/one.bin`, clip);
      await expectServed(`${edge.httpUrl}/ipfs/${cid}/index.html`, Buffer.from('<h1>A site</h1>'));
    }
    expect(log.complaints).to.deep.equal([]);
  });

  it('rests when it is paused: grants end, and a top-up resumes it with what it had', async () => {
    const film = await file('paused.bin');
    await wallet.connect(page);
    const before = await network.tokensOf(wallet.address);
    await publishing.review(page, film.path);
    await agree();
    await publishing.isInPlace(page);
    const cid = await cidOf(page);
    const depositWei = await depositOf(page);
    await page.getByRole('link', { name: 'Open the distribution' }).click();
    await page.getByRole('tab', { name: 'Settings' }).click();
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByText('Pause: the chain has it.').waitFor({ timeout: 30_000 });
    await page.getByText('It rests: viewers are granted nothing').waitFor({ timeout: 30_000 });
    await screenshot(page, 'distribution-paused');
    await expectRefused(() => watched(cid));
    await page.getByLabel('Amount, BCDN').fill('1');
    await page.getByRole('button', { name: 'Top up', exact: true }).click();
    await page.getByText('Top up: the chain has it.').waitFor({ timeout: 30_000 });
    await page.getByText('It rests: viewers').waitFor({ state: 'detached', timeout: 30_000 });
    await screenshot(page, 'distribution-resumed');
    expect(Buffer.compare(await watched(cid), film.bytes)).to.equal(0);
    expect(before - (await network.tokensOf(wallet.address))).to.equal(depositWei + TOKEN_WEI);
  });

  /** A whole content as a viewer gets it by grants. */
  async function watched(cid: string): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    const { marketplaceUrl } = network.network;
    await fetchContent({
      ...{ cid, marketplaceUrl, viewerKey: randomBytes(32) },
      sink: { write: (part) => void parts.push(Uint8Array.from(part)) },
    });
    return Buffer.concat(parts);
  }

  describe('a chain that was started anew', () => {
    it('gets nothing of what was under way: pages say so, keep the drafts, and publish again when asked', async () => {
      const paid = await file('old-chain-paid.bin');
      const refused = await file('old-chain-refused.bin');
      await wallet.connect(page);
      await page.route(UPLOADS, (route) => route.abort());
      const uploading = page.waitForRequest((sent) => sent.url().includes('/bcdn/v1/content/'));
      await publishing.review(page, paid.path);
      await agree();
      await uploading;
      const other = await publishing.open();
      wallet.refuses = true;
      await publishing.review(other, refused.path);
      await other.getByRole('button', { name: 'Sign and open' }).click();
      await other.getByText('WALLET_REJECTED').waitFor();
      wallet.refuses = false;
      const confirmed = wallet.confirmed.length;
      // It hears nothing of the marketplace for a while, so that only the wallet can tell it.
      await other.route('**/v1/network', (route) => route.abort());

      await network.replaceChain();
      const fresh = await network.tokensOf(wallet.address);
      await other.getByRole('button', { name: 'Ask the wallet again' }).click();
      await other.getByText('CHAIN_DIFFERS').waitFor({ timeout: 30_000 });
      await screenshot(other, 'new-distribution-chain-differs');
      await other.unroute('**/v1/network');
      await other.reload();
      for (const one of [page, other]) {
        await one.getByText('Chain 31337 was started anew').waitFor({ timeout: 90_000 });
        await one.getByText('nonce too high').waitFor();
        await one.getByText('not the one of this marketplace now').waitFor();
      }
      await screenshot(page, 'new-distribution-chain-replaced');
      expect(wallet.confirmed).to.have.length(confirmed);

      await page.getByRole('button', { name: 'Keep them and go on' }).click();
      await page.getByRole('button', { name: 'Back' }).click();
      for (const name of ['old-chain-paid.bin', 'old-chain-refused.bin'])
        await page.getByRole('button', { name: `Go on with ${name}` }).waitFor();
      await page.unroute(UPLOADS);
      await publishing.review(page, (await file('new-chain.bin')).path);
      expect(wallet.confirmed).to.have.length(confirmed);
      await agree();
      await publishing.isInPlace(page);
      expect(fresh - (await network.tokensOf(wallet.address))).to.equal(await depositOf(page));
      expect(wallet.confirmed).to.have.length(confirmed + 2);
    });
  });
});

async function expectRefused(ask: () => Promise<unknown>): Promise<void> {
  const failure = await ask().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(failure).to.be.instanceOf(ClientError);
}

async function expectServed(
  url: string,
  bytes: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { statusCode, body } = await request(url, { headers });
  const received = await body.bytes();
  expect(statusCode, new TextDecoder().decode(received.subarray(0, 200))).to.be.oneOf([200, 206]);
  expect(Buffer.compare(received, bytes), url).to.equal(0);
}

async function expectEventually(isReached: () => boolean): Promise<void> {
  for (let look = 0; look < 240 && !isReached(); look++) await new Promise((next) => setTimeout(next, 250));
  expect(isReached()).to.equal(true);
}

/** Runs in the page: keeps how many bytes each server acknowledged of each body that it was put. */
function countAcknowledged(name: string): void {
  const acknowledged: Record<string, number[]> = {};
  Reflect.set(window, name, acknowledged);
  const ask = window.fetch.bind(window);
  window.fetch = async (input, init) => {
    const answer = await ask(input, init);
    if (init?.method === 'PUT' && answer.ok && init.body instanceof Blob)
      (acknowledged[new URL(answer.url).origin] ??= []).push(init.body.size);
    return answer;
  };
}
