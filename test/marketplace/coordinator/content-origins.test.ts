import { expect } from 'chai';

import { startMarketplace, type Marketplace } from '../../../marketplace/server/start-marketplace.ts';
import { systemClock } from '../../../sdk/pacing/clock.ts';
import { FetchExchange } from '../../../sdk/client/fetch-exchange.ts';
import { MarketplaceApi } from '../../../sdk/client/marketplace-api.ts';
import { base64UrlEncode } from '../../../sdk/protocol/bytes.ts';
import type { ContentOrigin, SignedContentOrigin } from '../../../sdk/protocol/content-origin.ts';
import { parseDealId, type DealId } from '../../../sdk/protocol/identifiers.ts';
import { signContentOrigin } from '../../../sdk/publish/content-origin.ts';
import { ApiClient, type ApiAnswer } from '../api-client.ts';
import { ReadinessServer, silentLogger, TestMarket } from '../market-fixture.ts';
import { temporaryStorage } from '../storage-fixture.ts';
import { DealRoom } from './deal-room.ts';

const PUBLISHER = 1;
const EDGE = 2;
const MIB = 2n ** 20n;
const ORIGIN_ROUTE = '/v1/deals/{dealId}/origin';

const nowSeconds = (): number => Math.floor(Date.now() / 1000);

describe('marketplace origins, on a real chain', () => {
  let market: TestMarket;
  let marketplace: Marketplace;
  let api: ApiClient;
  let dealId: DealId;
  let latest = nowSeconds() - 100;
  const cleanups: (() => Promise<void>)[] = [];

  before(async () => {
    market = await TestMarket.open({ epochSeconds: 600 });
    cleanups.push(() => market.close());
    const server = await ReadinessServer.open();
    cleanups.push(() => server.close());
    const edge = await market.registerEdge(EDGE, { region: 'eu-west', endpoints: [server.endpoint] });
    const directory = await temporaryStorage();
    cleanups.push(directory.remove);
    const options = { ...directory.choice, rpcUrl: market.chain.url, deployment: market.deployment };
    marketplace = await startMarketplace(
      { ...options, pollIntervalMs: 20, probeIntervalMs: 50 },
      silentLogger,
    );
    cleanups.push(() => marketplace.stop());
    api = await ApiClient.open(marketplace.url);
    const room = new DealRoom({ market, api, publisher: await market.sender(PUBLISHER) });
    ({ dealId } = await room.openFundedDeal(new Map([[edge, 64n * MIB]])));
  });

  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  const signer = (account: number) => ({ domain: market.domain, privateKey: market.privateKey(account) });
  const publisher = () => signer(PUBLISHER);
  const stranger = () => signer(EDGE);

  function originOf(change: Partial<ContentOrigin> = {}): ContentOrigin {
    latest += 1;
    return {
      ...{ dealId, kind: 'file', url: 'https://media.example/film.mp4', bytes: 1_000n },
      ...{ etag: '"v1"', lastModified: '', issuedAt: BigInt(latest) },
      ...change,
    };
  }

  function declare({ origin, signature }: SignedContentOrigin): Promise<ApiAnswer> {
    const { dealId: deal, bytes, issuedAt, ...texts } = origin;
    const numbers = { bytes: Number(bytes), issuedAt: Number(issuedAt) };
    const body = { ...texts, ...numbers, signature: base64UrlEncode(signature) };
    return api.call('POST', `/v1/deals/${deal}/origin`, { route: ORIGIN_ROUTE, body });
  }

  const ask = (deal = dealId): Promise<ApiAnswer> =>
    api.call('GET', `/v1/deals/${deal}/origin`, { route: ORIGIN_ROUTE });

  it('are unknown until the publisher names one', async () => {
    await api.refused(ask(), 404, 'ORIGIN_NOT_FOUND');
  });

  it('are kept as they were signed, and given to everybody', async () => {
    const signed = signContentOrigin(publisher(), originOf());
    const http = new FetchExchange();
    const client = new MarketplaceApi({ http, clock: systemClock }, marketplace.url);
    await client.declareOrigin(signed);
    // A repetition, after an answer that was lost, changes nothing.
    await client.declareOrigin(signed);
    expect(await client.contentOrigin(dealId)).to.deep.equal(signed);
  });

  it('are taken from nobody but the publisher of the deal', async () => {
    const forged = signContentOrigin(stranger(), originOf({ url: 'https://elsewhere.example/' }));
    await api.refused(declare(forged), 401, 'ORIGIN_SIGNATURE_INVALID');
    const signed = signContentOrigin(publisher(), originOf());
    const changed = { ...signed, origin: { ...signed.origin, url: 'https://elsewhere.example/' } };
    await api.refused(declare(changed), 401, 'ORIGIN_SIGNATURE_INVALID');
    const unknown = originOf({ dealId: parseDealId(`0x${'77'.repeat(32)}`) });
    await api.refused(declare(signContentOrigin(publisher(), unknown)), 404, 'DEAL_NOT_FOUND');
  });

  it('cannot be replayed, nor issued in the future', async () => {
    const earlier = signContentOrigin(publisher(), originOf());
    const later = signContentOrigin(publisher(), originOf({ etag: '"v2"' }));
    await api.ok(declare(later));
    await api.refused(declare(earlier), 409, 'ORIGIN_OUTDATED');
    const ahead = originOf({ issuedAt: BigInt(nowSeconds() + 1_000) });
    await api.refused(declare(signContentOrigin(publisher(), ahead)), 422, 'ORIGIN_TOO_EARLY');
  });

  it('have a form that is checked before anything else', async () => {
    const signed = signContentOrigin(publisher(), originOf());
    for (const url of [
      'ftp://media.example/a',
      'https://user:pass@media.example/',
      'https://media.example/#a',
    ]) {
      await api.refused(declare({ ...signed, origin: { ...signed.origin, url } }), 400, 'ORIGIN_INVALID');
    }
  });

  it('are taken back', async () => {
    await api.ok(declare(signContentOrigin(publisher(), originOf({ kind: 'none', url: '', etag: '' }))));
    await api.refused(ask(), 404, 'ORIGIN_NOT_FOUND');
  });
});
