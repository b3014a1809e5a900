import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';

import { systemClock } from '../../sdk/pacing/clock.ts';
import { fetchContent } from '../../sdk/client/fetch-content.ts';
import { MarketplaceApi } from '../../sdk/client/marketplace-api.ts';
import { UndiciExchange } from '../../sdk/client/undici-exchange.ts';
import { parseDealId } from '../../sdk/protocol/identifiers.ts';
import { CID } from 'multiformats/cid';
import { OriginServer } from '../node/adapters/origin/origin-server.ts';
import { eventually } from '../node/cli/eventually.ts';
import { openChromium } from './chromium.ts';
import { InjectedWallet } from './injected-wallet.ts';
import { PageLog } from './page-log.ts';
import { PublishingNetwork } from './publishing-network.ts';
import { screenshot } from './screenshots.ts';

const MIB = 1024 * 1024;
const IN_PLACE = 'knows the content and where to fetch it';
/** What an origin answers that lets pages read it and all that they need to know. */
const OPEN_TO_PAGES = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'content-range, etag, content-encoding',
};

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('publishing by origin URL from a browser, against real edges', function () {
  this.timeout(240_000);
  let network: PublishingNetwork;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let wallet: InjectedWallet;
  let log: PageLog;
  let origin: OriginServer;
  let file: Uint8Array;

  before(async () => {
    network = await PublishingNetwork.start();
    browser = await openChromium();
  });

  after(async () => {
    await browser.close();
    await network.stop();
  });

  beforeEach(async () => {
    file = new Uint8Array(randomBytes(12 * MIB + 345));
    origin = await new OriginServer(file).start();
    context = await browser.newContext();
    wallet = new InjectedWallet(network.network.chain.url, network.network.publisherKey);
    await open();
    await wallet.connect(page);
  });

  afterEach(async () => {
    await context.close();
    wallet.close();
    await origin.stop();
  });

  async function open(path = '/new'): Promise<void> {
    page = await context.newPage();
    log = new PageLog(page);
    await wallet.injectInto(page);
    await page.goto(new URL(path, network.network.marketplaceUrl).href);
  }

  async function readOrigin(): Promise<void> {
    await page.getByText('Origin URL').click();
    await page.getByLabel('Address of the file').fill(origin.url);
    await page.getByRole('button', { name: 'Read it' }).click();
  }

  async function reviewed(): Promise<void> {
    await page.getByText('meet your wishes').waitFor();
    await page.getByRole('button', { name: 'Review' }).click();
    await page.getByRole('button', { name: 'Sign and open' }).waitFor();
  }

  /** What a viewer gets, and the origin that nodes were told. */
  async function delivered(): Promise<{ hash: string; declared: Record<string, unknown> }> {
    const link = await page.getByRole('link', { name: 'Open the distribution' }).getAttribute('href');
    const watch = await page.getByRole('link', { name: 'Watch it' }).getAttribute('href');
    const dealId = /0x[0-9a-f]{64}/.exec(link ?? '')?.[0] ?? '';
    const cid = /baf[a-z2-7]+/.exec(watch ?? '')?.[0] ?? '';
    const { marketplaceUrl } = network.network;
    const http = new UndiciExchange();
    try {
      const api = new MarketplaceApi({ http, clock: systemClock }, marketplaceUrl);
      const { url, etag, bytes, kind } = (await api.contentOrigin(parseDealId(dealId))).origin;
      const hash = await eventually(async () => {
        const got = createHash('sha256');
        const viewer = { cid: CID.parse(cid), marketplaceUrl, viewerKey: randomBytes(32) };
        await fetchContent({ ...viewer, sink: { write: (part) => void got.update(part) } });
        return got.digest('hex');
      });
      return { hash, declared: { url, etag, bytes, kind } };
    } finally {
      await http.close();
    }
  }

  const signatures = () => wallet.confirmed.map(({ method }) => method);

  it('reads the file, signs its address, opens, and nodes fetch from the origin what a viewer asks for', async () => {
    origin.headers = OPEN_TO_PAGES;
    await readOrigin();
    await page.getByText('shows its length and which version it has').waitFor();
    await screenshot(page, 'new-distribution-origin');
    await reviewed();
    await page.getByText('You sign twice').waitFor();
    await screenshot(page, 'new-distribution-origin-review');
    const readByPage = origin.requests;
    await page.getByRole('button', { name: 'Sign and open' }).click();
    await page.getByText(IN_PLACE).waitFor({ timeout: 90_000 });
    await screenshot(page, 'new-distribution-origin-done');
    expect(signatures()).to.deep.equal([
      'eth_signTypedData_v4',
      'eth_signTypedData_v4',
      'eth_sendTransaction',
    ]);
    const { hash, declared } = await delivered();
    expect(hash).to.equal(sha256(file));
    expect(declared).to.deep.equal({
      ...{ url: origin.url, etag: '"v1"', bytes: BigInt(file.length), kind: 'file' },
    });
    expect(origin.requests).to.be.greaterThan(readByPage);
    // Once by the page, the others by nodes.
    expect(Math.min(...origin.sent)).to.be.at.least(2);
    // Pages ask for ranges without asking for permission first.
    expect([...origin.methods]).to.deep.equal(['GET']);
    expect(log.complaints).to.deep.equal([]);
  });

  it('asks for the same file where the server lets no page read it, and says what it could not see', async () => {
    const same = join(network.folder, 'same.mp4');
    await writeFile(same, file);
    await readOrigin();
    await page.getByText('ORIGIN_UNREADABLE').waitFor();
    await screenshot(page, 'new-distribution-origin-unreadable');
    await page.locator('input[data-choice=same-file]').setInputFiles(same);
    await page.getByText('whether it serves byte ranges').waitFor();
    await reviewed();
    await page.getByRole('button', { name: 'Sign and open' }).click();
    await page.getByText(IN_PLACE).waitFor({ timeout: 90_000 });
    const { hash, declared } = await delivered();
    expect([hash, declared['etag']]).to.deep.equal([sha256(file), '']);
    expect(Math.min(...origin.sent)).to.be.at.least(1);
  });

  it('refuses a server that ignores ranges, before anything is asked of the wallet', async () => {
    origin.headers = OPEN_TO_PAGES;
    origin.misbehaviour = 'whole in place of a part';
    await readOrigin();
    await page.getByText('it ignores Range and sends the whole file').waitFor();
    expect(await page.getByRole('button', { name: 'Review' }).isDisabled()).to.equal(true);
    expect(signatures()).to.deep.equal([]);
  });

  it('goes on after the page was closed behind the transaction, without asking the wallet again', async () => {
    origin.headers = OPEN_TO_PAGES;
    await readOrigin();
    await reviewed();
    await page.route('**/v1/deals/*/origin', async (route) => route.abort());
    await page.getByRole('button', { name: 'Sign and open' }).click();
    await page.getByText('ORIGIN_REFUSED').waitFor({ timeout: 90_000 });
    const asked = signatures().length;
    const resumed = `/new${new URL(page.url()).search}`;
    await page.close();
    await open(resumed);
    await page.getByRole('button', { name: 'Read it at the server again' }).click({ timeout: 60_000 });
    await page.getByText(IN_PLACE).waitFor({ timeout: 90_000 });
    expect(signatures()).to.have.length(asked);
    expect((await delivered()).hash).to.equal(sha256(file));
  });
});
