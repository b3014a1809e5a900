import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';

import type { Publication } from '../../sdk/publish/publish.ts';
import { openChromium } from './chromium.ts';
import { PageLog } from './page-log.ts';
import { ForeignSite } from './player/foreign-site.ts';
import { generateFilm } from './player/media-files.ts';
import { PlayerNetwork } from './player/player-network.ts';
import { closeView, complaintsOf, play, waitFor } from './player/viewing.ts';
import { screenshot } from './screenshots.ts';

const FILM = 'fragmented.mp4';
/** Longer than what is buffered ahead: something is left to fetch when edges die. */
const FILM_SECONDS = 60;

describe('the player on a page of another site', function () {
  this.timeout(240_000);
  let network: PlayerNetwork;
  let browser: Browser;
  let site: ForeignSite;
  let published: Publication;
  let originUrl: string;

  before(async () => {
    network = await PlayerNetwork.start();
    browser = await openChromium();
    site = new ForeignSite();
    await site.start();
    await mkdir(join(network.folder, 'media'));
    const film = join(network.folder, 'media', FILM);
    await generateFilm(film, FILM, FILM_SECONDS);
    originUrl = site.file(`/origin/${FILM}`, film);
    published = await network.publish(film);
  });

  after(async () => {
    await browser.close();
    await site.stop();
    await network.stop();
  });

  async function open(at: {
    path: string;
    attributes?: string;
    policy?: string;
  }): Promise<{ page: Page; log: PageLog }> {
    const { marketplaceUrl: market } = network;
    const html = `<!doctype html><html lang="en"><title>A site</title>
      <script type="module" src="${market}/player/embed.js"></script>
      <bcdn-player cid="${published.cid.toString()}" overlay ${at.attributes ?? ''}></bcdn-player></html>`;
    const page = await browser.newPage();
    const log = new PageLog(page);
    await page.goto(site.page(at.path, { html, policy: at.policy ?? strict(market) }));
    await waitFor(page, ({ shown }) => shown !== undefined);
    return { page, log };
  }

  it('plays under a strict policy, in a worker of the other origin, and names its marketplace by its script', async () => {
    const { page, log } = await open({ path: '/strict' });
    await play(page, 12);
    const ended = await waitFor(page, ({ ended: over }) => over);
    expect(ended.error).to.equal(undefined);
    expect(ended).to.deep.include({ thread: 'worker' });
    expect(ended.report?.verifiedBytes).to.be.at.least(published.bytes);
    await screenshot(page, 'embed');
    const report = await closeView(page);
    await network.expectReceipted(published, report);
    expect(complaintsOf(log)).to.deep.equal([]);
    await page.close();
  });

  it('verifies in the page itself where the site wants no worker', async () => {
    const policy = strict(network.marketplaceUrl).replace(/worker-src [^;]*/, "worker-src 'none'");
    const { page, log } = await open({ path: '/no-worker', attributes: 'thread="page"', policy });
    await play(page, 12);
    const ended = await waitFor(page, ({ ended: over }) => over);
    expect(ended).to.deep.include({ thread: 'page', error: undefined });
    expect(complaintsOf(log)).to.deep.equal([]);
    await page.close();
  });

  it('says what is wrong, with what to do, for a content that nobody pays for', async () => {
    const { page } = await open({
      path: '/unpaid',
      attributes: `path="missing.webm"`,
    });
    const alert = page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).to.match(/missing\.webm/);
    await page.close();
  });

  it('goes on from the origin, still verified, when every edge has died', async () => {
    const { page } = await open({ path: '/origin-page', attributes: `overlay origin="${originUrl}"` });
    await play(page, 6);
    await waitFor(page, ({ seconds }) => seconds > 1);
    for (const edge of network.network.edges) await edge.kill();
    const ended = await waitFor(page, ({ ended: over }) => over, 120_000);
    expect(ended.error, JSON.stringify(ended)).to.equal(undefined);
    expect(ended.report).to.include({ unverifiedBytes: 0, onOrigin: true });
    expect(ended.report?.originBytes).to.be.above(0);
    expect(site.asked).to.include(`/origin/${FILM}`);
    await screenshot(page, 'embed-origin');
    await page.close();
  });

  it('shows unverified bytes of an origin only where the site allows it, and marks them', async () => {
    const refused = await open({ path: '/refused', attributes: `origin="${originUrl}"` });
    await refused.page.getByRole('alert').waitFor();
    await refused.page.close();
    const { page } = await open({ path: '/allowed', attributes: `origin="${originUrl}" allow-unverified` });
    await play(page, 12);
    const ended = await waitFor(page, ({ ended: over }) => over, 120_000);
    expect(ended.report?.unverifiedBytes).to.be.at.least(published.bytes);
    await page.getByText('Unverified', { exact: true }).waitFor();
    await screenshot(page, 'embed-unverified');
    await page.close();
  });
});

/** What a site has to allow: nothing inline, nothing evaluated. */
function strict(market: string): string {
  return [
    "default-src 'none'",
    `script-src ${market}`,
    `worker-src blob: ${market}`,
    'connect-src http: https:',
    'media-src blob:',
    'img-src blob:',
  ].join('; ');
}
