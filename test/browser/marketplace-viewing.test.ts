import { randomBytes } from 'node:crypto';

import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';

import { generateFilm } from '../../scripts/devnet/input-file.ts';
import { systemClock } from '../../sdk/pacing/clock.ts';
import { MarketplaceApi } from '../../sdk/client/marketplace-api.ts';
import { UndiciExchange } from '../../sdk/client/undici-exchange.ts';
import { domainOf } from '../../sdk/chain/deployment.ts';
import { hexToBytes } from '../../sdk/protocol/bytes.ts';
import { parseAddress } from '../../sdk/protocol/identifiers.ts';
import { signAdmission, signAudience } from '../../sdk/publish/audience.ts';
import type { Publication } from '../../sdk/publish/publish.ts';
import { nativeSecp256k1 } from '../../sdk/signing/native-secp256k1.ts';
import { accessibilityViolations } from './accessibility.ts';
import { openChromium } from './chromium.ts';
import { PageLog } from './page-log.ts';
import { PlayerNetwork } from './player/player-network.ts';
import { waitFor } from './player/viewing.ts';
import { screenshot } from './screenshots.ts';

const FILM_BYTES = 4 * 1024 * 1024;

describe("the marketplace's own pages play what the network serves", function () {
  this.timeout(300_000);
  let network: PlayerNetwork;
  let browser: Browser;
  let page: Page;
  let film: Publication;

  before(async () => {
    network = await PlayerNetwork.start();
    browser = await openChromium();
    film = await network.publish((await generateFilm(network.folder, FILM_BYTES)).path);
  });

  after(async () => {
    await browser?.close();
    await network?.stop();
  });

  beforeEach(async () => {
    page = await browser.newPage();
  });

  afterEach(() => page.close());

  it('first page: the newest content plays by a press, verified; it is the film that npm start draws', async () => {
    const log = new PageLog(page);
    await page.goto(network.marketplaceUrl);
    await page.getByRole('button', { name: 'Play it from the network' }).click();
    await waitFor(page, ({ readyState }) => readyState >= 2);
    await page.evaluate('document.querySelector("bcdn-player").media.muted = true');
    await page.evaluate('document.querySelector("bcdn-player").play()');
    const viewing = await waitFor(page, ({ seconds }) => seconds > 0.5);
    expect(viewing.error).to.equal(undefined);
    expect(viewing.shown).to.include({ kind: 'video', way: 'media-source' });
    expect(viewing.report?.verifiedBytes).to.be.greaterThan(0);
    expect(viewing.report?.nodes.some(({ bytes }) => bytes > 0)).to.equal(true);
    await screenshot(page, 'landing-playing');
    expect(log.complaints).to.deep.equal([]);
  });

  it('watch page: says what a viewer needs whom the publisher must admit, and plays with it', async () => {
    const door = randomBytes(32);
    const domain = domainOf(network.network.deployment);
    const http = new UndiciExchange();
    try {
      const api = new MarketplaceApi({ http, clock: systemClock }, network.marketplaceUrl);
      await api.declareAudience(
        signAudience(
          { domain, privateKey: hexToBytes(network.network.publisherKey, 32) },
          {
            ...{ dealId: film.dealId, audienceKey: parseAddress(nativeSecp256k1.addressOf(door)) },
            issuedAt: Math.floor(Date.now() / 1_000),
          },
        ),
      );
    } finally {
      await http.close();
    }
    await page.goto(new URL(`/watch/${film.cid.toString()}`, network.marketplaceUrl).href);
    await page.getByRole('heading', { name: 'Only viewers whom the publisher knows' }).waitFor();
    const key = page.locator('dt', { hasText: 'Your viewer key' }).locator('xpath=following-sibling::dd');
    const viewerKey = /0x[0-9a-f]{40}/.exec(await key.innerHTML())?.[0] ?? '';
    expect(await accessibilityViolations(page)).to.deep.equal([]);
    await screenshot(page, 'watch-admission');
    const admission = signAdmission(
      { domain, privateKey: door },
      {
        ...{ dealId: film.dealId, viewerKey: parseAddress(viewerKey) },
        expiresAt: Math.floor(Date.now() / 1_000) + 3_600,
      },
    );
    await page.getByLabel('Admission').fill('{"dealId":"0x12"}');
    await page.getByText('That is no admission').waitFor();
    await page.getByLabel('Admission').fill(JSON.stringify(admission));
    await page.getByRole('button', { name: 'Enter' }).click();
    const viewing = await waitFor(page, ({ report }) => (report?.verifiedBytes ?? 0) > 0);
    expect(viewing.error).to.equal(undefined);
    expect(viewing.report?.viewerKey).to.equal(viewerKey);
  });
});
