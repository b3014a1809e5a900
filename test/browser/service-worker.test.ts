import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';

import type { ViewReport } from '../../sdk/player/engine/view-report.ts';
import type { Publication } from '../../sdk/publish/publish.ts';
import { openChromium } from './chromium.ts';
import { PageLog } from './page-log.ts';
import { ForeignSite } from './player/foreign-site.ts';
import { generateFilm, generatePicture } from './player/media-files.ts';
import { PlayerNetwork } from './player/player-network.ts';
import { complaintsOf } from './player/viewing.ts';
import { screenshot } from './screenshots.ts';

const FILM = 'progressive.mp4';
const PICTURE = 'picture.png';

/** What a fetch of the page answered. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number;
  readonly sha256: string;
}

describe('a service worker of a site', function () {
  this.timeout(240_000);
  let network: PlayerNetwork;
  let browser: Browser;
  let site: ForeignSite;
  let published: Publication;
  let page: Page;
  let log: PageLog;
  let film: Buffer;

  before(async () => {
    network = await PlayerNetwork.start();
    browser = await openChromium();
    site = new ForeignSite();
    await site.start();
    const media = join(network.folder, 'media');
    await mkdir(media);
    await generateFilm(join(media, FILM), FILM);
    await generatePicture(join(media, PICTURE));
    film = await readFile(join(media, FILM));
    published = await network.publish(media);
    site.script(
      '/bcdn-worker.js',
      `importScripts('${network.marketplaceUrl}/player/service-worker.js');
       bcdn.serve({ marketplace: '${network.marketplaceUrl}' });`,
    );
    site.script('/install.js', `navigator.serviceWorker.register('/bcdn-worker.js');`);
    page = await browser.newPage();
    log = new PageLog(page);
    await page.goto(site.page('/', { html: pageOf('<script src="/install.js"></script>') }));
    await page.evaluate(async () => {
      if (navigator.serviceWorker.controller !== null) return;
      await new Promise((resolve) =>
        navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }),
      );
    });
  });

  after(async () => {
    await browser.close();
    await site.stop();
    await network.stop();
  });

  const urlOf = (path: string) => `/ipfs/${published.cid.toString()}/${path}`;

  async function ask(
    path: string,
    init: { method?: string; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    return page.evaluate(
      async ([url, options]) => {
        const response = await fetch(url, options);
        const body = new Uint8Array(await response.arrayBuffer());
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', body));
        const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
        const { status } = response;
        return { status, headers: Object.fromEntries(response.headers), bytes: body.length, sha256 };
      },
      [urlOf(path), init] as const,
    );
  }

  /** What the service worker says of its view. */
  async function reportOf(): Promise<ViewReport> {
    return page.evaluate(async (cid) => {
      const { port1, port2 } = new MessageChannel();
      const answered = new Promise<{ report: ViewReport }>((resolve) => {
        port1.onmessage = ({ data }) => resolve(data as never);
      });
      navigator.serviceWorker.controller?.postMessage({ bcdn: 'report', cid }, [port2]);
      return (await answered).report;
    }, published.cid.toString());
  }

  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

  it('answers fetch with the whole file, its type, length and entity tag', async () => {
    const answer = await ask(FILM);
    expect(answer).to.include({ status: 200, bytes: film.length, sha256: sha256(film) });
    expect(answer.headers).to.include({
      'content-type': 'video/mp4',
      'content-length': String(film.length),
      'accept-ranges': 'bytes',
    });
    expect(answer.headers['etag']).to.match(/^"[A-Za-z0-9]+"$/);
  });

  it('answers ranges, suffixes, HEAD and conditions as a server does', async () => {
    const middle = await ask(FILM, { headers: { range: 'bytes=300000-899999' } });
    expect(middle).to.include({ status: 206, sha256: sha256(film.subarray(300_000, 900_000)) });
    expect(middle.headers['content-range']).to.equal(`bytes 300000-899999/${film.length}`);
    const suffix = await ask(FILM, { headers: { range: 'bytes=-1000' } });
    expect(suffix).to.include({ status: 206, sha256: sha256(film.subarray(-1_000)) });
    const beyond = await ask(FILM, { headers: { range: `bytes=${film.length}-` } });
    expect(beyond).to.include({ status: 416, bytes: 0 });
    const head = await ask(FILM, { method: 'HEAD' });
    expect(head).to.include({ status: 200, bytes: 0 });
    expect(head.headers['content-length']).to.equal(String(film.length));
    const known = await ask(FILM, { headers: { 'if-none-match': head.headers['etag'] ?? '' } });
    expect(known).to.include({ status: 304, bytes: 0 });
  });

  it('serves ordinary <img> and <video>, seeking included, from several edges', async () => {
    await page.goto(
      site.page('/media', {
        html: pageOf(
          `<img src="${urlOf(PICTURE)}" alt="A test picture"><video muted src="${urlOf(FILM)}"></video>`,
        ),
      }),
    );
    const shown = await page.evaluate(async () => {
      const image = document.querySelector('img') as HTMLImageElement;
      await image.decode();
      const video = document.querySelector('video') as HTMLVideoElement;
      video.playbackRate = 8;
      const ended = new Promise((resolve) => video.addEventListener('ended', resolve, { once: true }));
      await video.play();
      await ended;
      const sought = new Promise((resolve) => video.addEventListener('seeked', resolve, { once: true }));
      video.currentTime = 4;
      await sought;
      return { width: image.naturalWidth, error: video.error?.message, seconds: video.currentTime };
    });
    expect(shown).to.deep.include({ width: 640, error: undefined });
    expect(shown.seconds).to.be.closeTo(4, 0.1);
    await screenshot(page, 'service-worker');
  });

  it('leaves what is not its own to the site, and contents that nobody pays for too', async () => {
    const { status } = await page.evaluate(async () => {
      const response = await fetch('/ipfs/bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy');
      return { status: response.status };
    });
    expect(status).to.equal(404);
  });

  it('has every byte that it verified receipted, with the key that it keeps', async () => {
    const report = await reportOf();
    expect(report.verifiedBytes).to.be.at.least(film.length);
    await network.expectReceipted(published, report);
    // The browser itself writes down what was asked for to be refused.
    const asked = /status of (?:404|416)/;
    expect(complaintsOf(log).filter((complaint) => !asked.test(complaint))).to.deep.equal([]);
  });

  it('goes on with the same key after the browser has ended it', async () => {
    const before = await reportOf();
    const session = await page.context().newCDPSession(page);
    await session.send('ServiceWorker.enable');
    await session.send('ServiceWorker.stopAllWorkers');
    const picture = await readFile(join(network.folder, 'media', PICTURE));
    expect(await ask(PICTURE)).to.include({ status: 200, sha256: sha256(picture) });
    const after = await reportOf();
    expect(after.viewerKey).to.equal(before.viewerKey);
    expect(after.verifiedBytes).to.be.below(before.verifiedBytes);
  });
});

function pageOf(body: string): string {
  return `<!doctype html><html lang="en"><title>A site</title><body>${body}</body></html>`;
}
