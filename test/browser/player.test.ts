import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';

import type { ViewReport } from '../../sdk/player/engine/view-report.ts';
import type { Publication } from '../../sdk/publish/publish.ts';
import { openChromium } from './chromium.ts';
import { flawsOf } from './looks.ts';
import { PageLog } from './page-log.ts';
import { contentAnswers } from './player/edge-answers.ts';
import { FILM_SECONDS, generateFilm, generateStream } from './player/media-files.ts';
import { PlayerNetwork } from './player/player-network.ts';
import { closeView, complaintsOf, leaveAt, play, seek, waitFor } from './player/viewing.ts';
import { screenshot } from './screenshots.ts';

/** Played while an edge dies and another lies: longer than what is buffered ahead. */
const LONG_FILM_SECONDS = 75;
const LONG_FILM = 'long.mp4';
const CAPTIONS = 'WEBVTT\n\n00:00.000 --> 00:05.000\nA test picture with noise.\n';

describe('watching in a browser', function () {
  this.timeout(240_000);
  let network: PlayerNetwork;
  let browser: Browser;
  let published: Publication;

  before(async () => {
    network = await PlayerNetwork.start();
    browser = await openChromium();
    const media = join(network.folder, 'media');
    await mkdir(media);
    for (const form of ['film.webm', 'fragmented.mp4', 'progressive.mp4'] as const)
      await generateFilm(join(media, form), form);
    await generateFilm(join(media, LONG_FILM), 'fragmented.mp4', LONG_FILM_SECONDS);
    for (const segments of ['mpegts', 'fmp4'] as const)
      await generateStream(join(media, segments), segments, CAPTIONS);
    published = await network.publish(media);
  });

  after(async () => {
    await browser.close();
    await network.stop();
  });

  async function watch(path: string): Promise<{ page: Page; log: PageLog }> {
    const page = await browser.newPage();
    const log = new PageLog(page);
    await page.goto(`${network.marketplaceUrl}/watch/${published.cid.toString()}/${path}`);
    await waitFor(page, ({ shown }) => shown !== undefined);
    return { page, log };
  }

  /** Every verified byte has a receipt at the marketplace, node by node. */
  async function expectPaid(report: ViewReport): Promise<void> {
    await network.expectReceipted(published, report);
    expect(report.confirmedBytes).to.equal(report.verifiedBytes);
  }

  for (const form of ['film.webm', 'fragmented.mp4'] as const) {
    it(`plays ${form} by Media Source to its end, seeks, and pays for every byte`, async () => {
      const { page, log } = await watch(form);
      await play(page, 8);
      const ended = await waitFor(page, ({ ended: over }) => over);
      expect(ended.error, JSON.stringify(ended)).to.equal(undefined);
      expect(ended.shown).to.include({ kind: 'video', way: 'media-source' });
      expect(ended.thread).to.equal('worker');
      expect(ended.duration).to.be.closeTo(FILM_SECONDS, 0.5);
      expect(ended.report?.verifiedBytes).to.be.above(0);
      // All three are asked, but one that is slow to answer may find nothing left to send of so short a film.
      const serving = ended.report?.nodes.filter(({ bytes }) => bytes > 0).length ?? 0;
      expect(serving).to.be.within(2, 3);
      await seek(page, 3);
      await waitFor(page, ({ seconds, readyState }) => Math.abs(seconds - 3) < 0.5 && readyState >= 2);
      await page.getByText(/^Served by [23] nodes$/).waitFor();
      expect(await flawsOf(page, `watch-${form.replace('.', '-')}`)).to.deep.equal([]);
      const report = await closeView(page);
      await expectPaid(report);
      expect(complaintsOf(log)).to.deep.equal([]);
      await page.close();
    });
  }

  it('is paid for to the last byte though its page is closed in the middle and nobody comes again', async () => {
    const page = await browser.newPage();
    const { size } = await stat(join(network.folder, 'media/film.webm'));
    // The last blocks have no request after them that would carry their receipts, and rest has not begun yet.
    const left = await leaveAt(page, size, `${network.marketplaceUrl}/v1/network`);
    await page.goto(`${network.marketplaceUrl}/watch/${published.cid.toString()}/film.webm`);
    const seen = await left();
    await page.close();
    expect(seen.verifiedBytes).to.be.above(seen.confirmedBytes);
    await network.expectReceiptedAtLeast(published, seen);
  });

  it('asks edges for blocks only, never for leave to ask', async () => {
    const { page } = await watch('fragmented.mp4');
    await play(page, 8);
    const ended = await waitFor(page, ({ ended: over }) => over);
    expect(ended.report?.verifiedBytes).to.be.above(0);
    await closeView(page);
    const counts = await Promise.all(network.network.edges.map(({ httpUrl }) => contentAnswers(httpUrl)));
    for (const count of counts) {
      expect(count.get('200')).to.be.above(0);
      expect(count.get('204')).to.equal(undefined);
    }
    await page.close();
  });

  it('plays an MP4 whose index comes last through the service worker, ranges and seeking included', async () => {
    const { page, log } = await watch('progressive.mp4');
    await play(page, 8);
    const ended = await waitFor(page, ({ ended: over }) => over);
    expect(ended.error, JSON.stringify(ended)).to.equal(undefined);
    expect(ended.shown).to.include({ kind: 'video', way: 'url' });
    await seek(page, 5);
    await waitFor(page, ({ seconds, readyState }) => Math.abs(seconds - 5) < 0.5 && readyState >= 2);
    expect(complaintsOf(log)).to.deep.equal([]);
    await page.close();
  });

  for (const segments of ['mpegts', 'fmp4'] as const) {
    it(`plays a playlist with ${segments} segments, its qualities and captions by hls.js`, async () => {
      const { page, log } = await watch(`${segments}/master.m3u8`);
      await page.getByLabel('Quality').waitFor();
      expect(await page.getByLabel('Quality').locator('option').allTextContents()).to.have.length(3);
      await page.getByLabel('Quality').selectOption({ label: '180p' });
      await play(page, 4);
      const ended = await waitFor(page, ({ ended: over }) => over);
      expect(ended.error, JSON.stringify(ended)).to.equal(undefined);
      expect(ended.shown).to.include({ kind: 'hls', path: `${segments}/master.m3u8` });
      expect(await page.locator('bcdn-player track[srclang=en]').count()).to.equal(1);
      await screenshot(page, `watch-hls-${segments}`);
      await expectPaid(await closeView(page));
      expect(complaintsOf(log)).to.deep.equal([]);
      await page.close();
    });
  }

  it('plays on while an edge is killed and another lies: the liar is named on screen, the rest is paid', async () => {
    const { edges } = network.network;
    const [victim] = edges;
    const liar = edges.find(({ plan }) => plan.hostile);
    if (victim === undefined || liar === undefined) return expect.fail('the network has too few edges');
    const { page } = await watch(LONG_FILM);
    await play(page, 6);
    await waitFor(page, ({ seconds }) => seconds > 2);
    liar.corrupt();
    await victim.kill();
    await page
      .getByText(/sent bytes that are not those of the content/)
      .first()
      .waitFor();
    await screenshot(page, 'watch-bad-edge');
    const ended = await waitFor(page, ({ ended: over }) => over, 120_000);
    expect(ended.error, JSON.stringify(ended)).to.equal(undefined);
    const dropped = new Map(ended.report?.nodes.map(({ node, dropped: why }) => [node, why?.reason]));
    expect(dropped.get(liar.operator)).to.equal('corrupt');
    expect(ended.report?.badBlocks).to.be.at.least(1);
    await screenshot(page, 'watch-after-faults');
    const report = await closeView(page);
    // What it had acknowledged before it was killed is on its disk, and handed in when it is back.
    await victim.start();
    await expectPaid(report);
    await page.close();
  });
});
