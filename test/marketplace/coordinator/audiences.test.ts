import { expect } from 'chai';

import { startMarketplace, type Marketplace } from '../../../marketplace/server/start-marketplace.ts';
import { systemClock } from '../../../sdk/pacing/clock.ts';
import { FetchExchange } from '../../../sdk/client/fetch-exchange.ts';
import type { GivenAdmission } from '../../../sdk/client/given-admission.ts';
import { domainOf, MarketplaceApi } from '../../../sdk/client/marketplace-api.ts';
import { ViewerSession } from '../../../sdk/client/viewer-session.ts';
import { contentRootOf } from '../../../sdk/protocol/content.ts';
import { MAX_ADMISSION_SECONDS, OPEN_AUDIENCE } from '../../../sdk/protocol/authorisation.ts';
import { parseAddress, type Address, type DealId } from '../../../sdk/protocol/identifiers.ts';
import type { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { signAdmission, signAudience } from '../../../sdk/publish/audience.ts';
import { nativeSecp256k1 as secp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { ApiClient, type ApiAnswer } from '../api-client.ts';
import { DealRoom, type Viewer } from './deal-room.ts';
import { ReadinessServer, silentLogger, TestMarket } from '../market-fixture.ts';
import { temporaryStorage } from '../storage-fixture.ts';

const PUBLISHER = 1;
const EDGE = 2;
const MIB = 2n ** 20n;
/** Far enough ahead that no pause of the machine lets an admission expire. */
const SOON_SECONDS = 3_600;
const AUDIENCE_ROUTE = '/v1/deals/{dealId}/audience';

const audiencePrivateKey = new Uint8Array(32).fill(0xa1);
const audienceKey = secp256k1.addressOf(audiencePrivateKey);
const otherPrivateKey = new Uint8Array(32).fill(0xa2);
const nowSeconds = (): number => Math.floor(Date.now() / 1000);

describe('marketplace audiences, on a real chain', () => {
  let market: TestMarket;
  let marketplace: Marketplace;
  let api: ApiClient;
  let room: DealRoom;
  let edge: TransactionSender;
  const cleanups: (() => Promise<void>)[] = [];

  before(async () => {
    market = await TestMarket.open({ epochSeconds: 600 });
    cleanups.push(() => market.close());
    const server = await ReadinessServer.open();
    cleanups.push(() => server.close());
    edge = await market.registerEdge(EDGE, { region: 'eu-west', endpoints: [server.endpoint] });
    const directory = await temporaryStorage();
    cleanups.push(directory.remove);
    marketplace = await startMarketplace(
      {
        ...{ ...directory.choice, rpcUrl: market.chain.url, deployment: market.deployment },
        ...{ pollIntervalMs: 20, probeIntervalMs: 50 },
      },
      silentLogger,
    );
    cleanups.push(() => marketplace.stop());
    api = await ApiClient.open(marketplace.url);
    room = new DealRoom({ market, api, publisher: await market.sender(PUBLISHER) });
  });

  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  function declare(
    dealId: DealId,
    audience: { readonly audienceKey?: Address; readonly issuedAt: number },
    privateKey = market.privateKey(PUBLISHER),
  ): Promise<ApiAnswer> {
    const signed = signAudience({ domain: market.domain, privateKey }, { dealId, ...audience });
    const { audienceKey: key, issuedAt, signature } = signed;
    const body = { audienceKey: key, issuedAt, signature };
    return api.call('POST', `/v1/deals/${dealId}/audience`, { route: AUDIENCE_ROUTE, body });
  }

  function admit(
    viewer: { readonly address: string },
    dealId: DealId,
    change: { readonly privateKey?: Uint8Array; readonly expiresAt?: number } = {},
  ): GivenAdmission {
    const { privateKey = audiencePrivateKey, expiresAt = nowSeconds() + SOON_SECONDS } = change;
    const viewerKey = parseAddress(viewer.address);
    return signAdmission({ domain: market.domain, privateKey }, { dealId, viewerKey, expiresAt });
  }

  async function ask(
    who: Viewer,
    wanted: { dealId: DealId } | { cid: string },
    admission?: GivenAdmission,
  ): Promise<ApiAnswer> {
    const shown = admission && { expiresAt: admission.expiresAt, signature: admission.signature };
    return api.post('/v1/grants', await room.grantsBody(who, wanted, shown && { admission: shown }));
  }

  async function requireRefused(answer: Promise<ApiAnswer>, fault: string): Promise<void> {
    const refusal = await api.refused(answer, 403, 'VIEWER_NOT_ADMITTED');
    expect(refusal.values).to.include({ fault, audienceKey });
    expect(refusal.remedy).to.contain('Admission(dealId, viewerKey, expiresAt)');
  }

  const tellsKey = async (dealId: DealId): Promise<unknown> =>
    (await api.get(`/v1/deals/${dealId}`, '/v1/deals/{dealId}')).body['audienceKey'];

  it('grants to viewers that the audience key admits, and to nobody else', async () => {
    const { dealId } = await room.openFundedDeal(new Map([[edge, 64n * MIB]]));
    const { dealId: otherDeal } = await room.openFundedDeal(new Map([[edge, 64n * MIB]]));
    const who = room.viewer();
    expect((await ask(who, { dealId })).status).to.equal(200);
    expect(await tellsKey(dealId)).to.equal(null);

    const issuedAt = nowSeconds();
    const answer = await api.ok<object>(declare(dealId, { audienceKey, issuedAt }));
    expect(answer).to.deep.equal({ dealId, audienceKey, issuedAt });
    expect(await tellsKey(dealId)).to.equal(audienceKey);

    await requireRefused(ask(who, { dealId }), 'missing');
    const notByKey = 'not by the audience key for this viewer';
    await requireRefused(ask(who, { dealId }, admit(who, dealId, { privateKey: otherPrivateKey })), notByKey);
    await requireRefused(ask(who, { dealId }, admit(room.viewer(), dealId)), notByKey);
    await requireRefused(ask(who, { dealId }, admit(who, otherDeal)), notByKey);
    const zeros = { ...admit(who, dealId), signature: '' };
    await requireRefused(ask(who, { dealId }, zeros), notByKey);
    const expired = { expiresAt: nowSeconds() };
    await requireRefused(ask(who, { dealId }, admit(who, dealId, expired)), 'expired');
    const long = { expiresAt: nowSeconds() + MAX_ADMISSION_SECONDS + SOON_SECONDS };
    await requireRefused(ask(who, { dealId }, admit(who, dealId, long)), 'good for too long');
    const stretched = { ...admit(who, dealId), expiresAt: nowSeconds() + 2 * SOON_SECONDS };
    await requireRefused(ask(who, { dealId }, stretched), notByKey);

    const admission = admit(who, dealId);
    const granted = await ask(who, { dealId }, admission);
    expect(granted.status, JSON.stringify(granted.body)).to.equal(200);
    await requireRefused(ask(room.viewer(), { dealId }, admission), notByKey);
    expect((await ask(who, { dealId: otherDeal })).status).to.equal(200);
  });

  it('takes the publisher’s latest message, and no older one again', async () => {
    const { dealId } = await room.openFundedDeal(new Map([[edge, 64n * MIB]]));
    const issuedAt = nowSeconds() - 100;
    const forged = await api.refused(
      declare(dealId, { audienceKey, issuedAt }, otherPrivateKey),
      401,
      'AUDIENCE_SIGNATURE_INVALID',
    );
    expect(forged.values['signer']).to.equal(secp256k1.addressOf(otherPrivateKey));
    await api.refused(
      declare(dealId, { audienceKey, issuedAt: nowSeconds() + SOON_SECONDS }),
      422,
      'AUDIENCE_TOO_EARLY',
    );
    expect(await tellsKey(dealId)).to.equal(null);

    await api.ok(declare(dealId, { audienceKey, issuedAt }));
    await api.ok(declare(dealId, { audienceKey, issuedAt }));
    await api.refused(declare(dealId, { issuedAt }), 409, 'AUDIENCE_OUTDATED');
    await api.refused(declare(dealId, { issuedAt: issuedAt - 1 }), 409, 'AUDIENCE_OUTDATED');
    expect(await tellsKey(dealId)).to.equal(audienceKey);

    const opened = await api.ok<object>(declare(dealId, { issuedAt: issuedAt + 1 }));
    expect(opened).to.include({ audienceKey: OPEN_AUDIENCE });
    expect(await tellsKey(dealId)).to.equal(null);
    await api.refused(declare(dealId, { audienceKey, issuedAt }), 409, 'AUDIENCE_OUTDATED');
    expect((await ask(room.viewer(), { dealId })).status).to.equal(200);

    const unknown = dealId.replace(/..$/, dealId.endsWith('00') ? '01' : '00') as DealId;
    await api.refused(declare(unknown, { audienceKey, issuedAt }), 404, 'DEAL_NOT_FOUND');
  });

  it('lets the SDK’s viewer in with what the publisher’s log-in service gave it, also by content', async () => {
    const { dealId, cid } = await room.openFundedDeal(new Map([[edge, 64n * MIB]]));
    const marketplaceApi = new MarketplaceApi(
      { http: new FetchExchange(), clock: systemClock },
      marketplace.url,
    );
    const publisher = { domain: market.domain, privateKey: market.privateKey(PUBLISHER) };
    await marketplaceApi.declareAudience(
      signAudience(publisher, { dealId, audienceKey, issuedAt: nowSeconds() }),
    );
    const [deal] = await marketplaceApi.dealsOf(cid);
    expect(deal?.audienceKey).to.equal(audienceKey);

    const who = room.viewer();
    const domain = domainOf(await marketplaceApi.network());
    const identity = { domain, dealId, contentRoot: contentRootOf(cid), privateKey: who.key };
    const components = { api: marketplaceApi, secp256k1, clock: systemClock };
    const refusal = await new ViewerSession(components, identity)
      .requestGrants({})
      .catch((error: unknown) => error);
    expect(refusal).to.have.nested.property('values.refusal', 'VIEWER_NOT_ADMITTED');
    const admission = admit(who, dealId);
    const admitted = new ViewerSession(components, { ...identity, admission });
    expect((await admitted.requestGrants({})).map(({ node }) => node)).to.deep.equal([edge.address]);

    await requireRefused(ask(who, { cid: cid.toString() }), 'missing');
    const byContent = await ask(who, { cid: cid.toString() }, admission);
    expect([byContent.status, byContent.body['dealId']]).to.deep.equal([200, dealId]);

    const { dealId: openDealId } = await room.openFundedDeal(new Map([[edge, 64n * MIB]]), 0n, cid);
    const { dealId: newest } = await room.openFundedDeal(new Map([[edge, 64n * MIB]]), 0n, cid);
    await api.ok(declare(newest, { audienceKey, issuedAt: nowSeconds() }));
    const passedOver = await ask(room.viewer(), { cid: cid.toString() });
    expect([passedOver.status, passedOver.body['dealId']]).to.deep.equal([200, openDealId]);
  });
});
