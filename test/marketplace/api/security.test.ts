import { expect } from 'chai';

import { ROUTE_ACCESS } from '../../../marketplace/api/route-access.ts';
import {
  startMarketplace,
  type Marketplace,
  type MarketplaceOptions,
} from '../../../marketplace/server/start-marketplace.ts';
import type { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { booksRequestDigest } from '../../../sdk/protocol/authorisation.ts';
import { base64UrlEncode } from '../../../sdk/protocol/bytes.ts';
import { parseAddress, parseDealId, type DealId } from '../../../sdk/protocol/identifiers.ts';
import { nodePresenceDigest } from '../../../sdk/protocol/network-domain.ts';
import { nativeSecp256k1 as secp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { ApiClient } from '../api-client.ts';
import { DealRoom, encodePairs, grantOf, type SettlementAnswer } from '../coordinator/deal-room.ts';
import { ReadinessServer, silentLogger, TestMarket } from '../market-fixture.ts';
import { temporaryStorage } from '../storage-fixture.ts';

const PUBLISHER = 1;
const NODE = 2;
const STRANGER = 3;
const MIB = 2n ** 20n;
const WORD = `0x${'ab'.repeat(32)}`;
const ADDRESS = `0x${'ab'.repeat(20)}`;

/** Paths of all calls that are not plain reading, with something in the place of their parameters. */
const CHANGING_PATHS = Object.keys(ROUTE_ACCESS)
  .filter((route) => route.startsWith('POST '))
  .map((route) => route.slice('POST '.length))
  .map((path) => path.replace(':dealId', WORD).replace(':address', ADDRESS));

describe('security of the marketplace API, on a real chain', function () {
  this.timeout(60_000);
  let market: TestMarket;
  let marketplace: Marketplace;
  let api: ApiClient;
  let room: DealRoom;
  let node: TransactionSender;
  let dealId: DealId;
  const cleanups: (() => Promise<void>)[] = [];

  before(async () => {
    market = await TestMarket.open({ epochSeconds: 600 });
    cleanups.push(() => market.close());
    const server = await ReadinessServer.open();
    cleanups.push(() => server.close());
    node = await market.registerEdge(NODE, { region: 'eu-west', endpoints: [server.endpoint] });
    marketplace = await start({ development: { faucetKey: market.chain.privateKeys[9] ?? '' } });
    api = await ApiClient.open(marketplace.url);
    room = new DealRoom({ market, api, publisher: await market.sender(PUBLISHER) });
    await room.levelWithChain();
    ({ dealId } = await room.openFundedDeal(new Map([[node, 64n * MIB]])));
  });

  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  async function start(options: Partial<MarketplaceOptions>): Promise<Marketplace> {
    const directory = await temporaryStorage();
    cleanups.push(directory.remove);
    const started = await startMarketplace(
      {
        ...{ ...directory.choice, rpcUrl: market.chain.url, deployment: market.deployment },
        ...{ pollIntervalMs: 20, ...options },
      },
      silentLogger,
    );
    cleanups.push(() => started.stop());
    return started;
  }

  const codeOf = async (response: Response): Promise<{ status: number; code: string }> => ({
    status: response.status,
    code: ((await response.json()) as { error: { code: string } }).error.code,
  });

  describe('requests of pages of other origins', () => {
    for (const path of CHANGING_PATHS) {
      it(`POST ${path.replace(WORD, ':dealId').replace(ADDRESS, ':address')} takes no form and no plain text`, async () => {
        // These three are what a page can send to another origin without asking first.
        for (const type of [
          'text/plain',
          'application/x-www-form-urlencoded',
          'multipart/form-data; boundary=x',
        ]) {
          const response = await fetch(marketplace.url + path, {
            method: 'POST',
            headers: { 'content-type': type, origin: 'https://elsewhere.example' },
            body: '{"address":"x"}',
          });
          expect(response.headers.get('set-cookie')).to.equal(null);
          expect(await codeOf(response), type).to.deep.equal({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' });
        }
      });

      it(`POST ${path.replace(WORD, ':dealId').replace(ADDRESS, ':address')} takes no more than its limit`, async () => {
        const response = await fetch(marketplace.url + path, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ filler: 'x'.repeat(2 ** 20) }),
        });
        expect(await codeOf(response)).to.deep.equal({ status: 413, code: 'BODY_TOO_LARGE' });
      });
    }

    it('are let through the door for viewers only when they ask first', async () => {
      const open = [];
      for (const path of CHANGING_PATHS) {
        const response = await fetch(marketplace.url + path, {
          method: 'OPTIONS',
          headers: {
            origin: 'https://elsewhere.example',
            'access-control-request-method': 'POST',
            'access-control-request-headers': 'content-type',
          },
        });
        expect(response.headers.get('access-control-allow-credentials')).to.equal(null);
        if (response.headers.get('access-control-allow-origin') !== null) open.push(path);
      }
      expect(open.sort()).to.deep.equal([
        '/v1/grants',
        '/v1/quotes',
        '/v1/receipts',
        '/v1/viewers/challenge',
      ]);
    });
  });

  describe('forged, replayed and expired messages', () => {
    it('a challenge is answered once, by its own viewer, and in no other time than its own', async () => {
      const viewer = room.viewer();
      const body = await room.grantsBody(viewer, { dealId });
      const other = room.viewer();
      await api.refused(
        api.post('/v1/grants', { ...body, viewerKey: other.address }),
        401,
        'CHALLENGE_INVALID',
      );
      const forged = await room.grantsBody({ ...viewer, key: other.key }, { dealId });
      await api.refused(api.post('/v1/grants', forged), 401, 'SIGNATURE_INVALID');
      const longer = { ...body, expiresAt: Math.floor(Date.now() / 1000) + 3_600 };
      await api.refused(api.post('/v1/grants', longer), 401, 'CHALLENGE_INVALID');
      await api.ok(api.post('/v1/grants', body));
      await api.refused(api.post('/v1/grants', body), 409, 'CHALLENGE_USED');
    });

    it('the presence of a node is its own word, and ends', async () => {
      const nowSeconds = Math.floor(Date.now() / 1000);
      const say = (account: number, expiresAt: number): object => {
        const said = { node: node.address, label: '', carries: false, expiresAt: BigInt(expiresAt) };
        const digest = nodePresenceDigest(market.domain, said);
        const signature = base64UrlEncode(secp256k1.sign(digest, market.privateKey(account)));
        return { label: '', carries: false, expiresAt, signature };
      };
      const post = (body: object) =>
        api.call('POST', `/v1/nodes/${node.address}/presence`, {
          route: '/v1/nodes/{address}/presence',
          body,
        });
      await api.refused(post(say(STRANGER, nowSeconds + 60)), 401, 'SIGNATURE_INVALID');
      await api.refused(post(say(NODE, nowSeconds - 60)), 422, 'PRESENCE_EXPIRED');
      await api.ok(post(say(NODE, nowSeconds + 120)));
      await api.refused(post(say(NODE, nowSeconds + 60)), 422, 'PRESENCE_EXPIRED');
    });

    it('the books of a deal are for its publisher, for ten minutes', async () => {
      const nowSeconds = Math.floor(Date.now() / 1000);
      const ask = (account: number, expiresAt: number) => {
        const digest = booksRequestDigest(market.domain, { dealId, expiresAt: BigInt(expiresAt) });
        const signature = base64UrlEncode(secp256k1.sign(digest, market.privateKey(account)));
        return api.call('POST', `/v1/deals/${dealId}/books/receipts`, {
          route: '/v1/deals/{dealId}/books/receipts',
          body: { expiresAt, signature },
        });
      };
      await api.refused(ask(STRANGER, nowSeconds + 60), 401, 'BOOKS_SIGNATURE_INVALID');
      await api.refused(ask(PUBLISHER, nowSeconds - 60), 401, 'BOOKS_REQUEST_EXPIRED');
      await api.refused(ask(PUBLISHER, nowSeconds + 6_000), 401, 'BOOKS_REQUEST_EXPIRED');
      await api.ok(ask(PUBLISHER, nowSeconds + 60));
    });

    it('a settlement is asked for by its node, for ten minutes: it tells what viewers fetched', async () => {
      const viewer = room.viewer();
      const { dealId: own } = await room.openFundedDeal(new Map([[node, 64n * MIB]]));
      const granted = await room.requestGrants(viewer, { dealId: own });
      const late = room.signReceipt(grantOf(granted, node), viewer.key, 77n);
      await api.ok(api.post('/v1/receipts', { receipts: encodePairs([late]) }));
      await market.endEpoch();
      await room.levelWithChain();
      const stranger = await market.sender(STRANGER);
      const nowSeconds = Math.floor(Date.now() / 1000);
      const settle = (proof: object) => {
        const terms = { dealId: own, node: node.address, throughEpoch: granted.epoch, receipts: '' };
        return api.post('/v1/settlements', { ...terms, ...proof });
      };
      const refused = (proof: object, code: string) => api.refused(settle(proof), 401, code);
      await refused(room.settlementProof(own, stranger), 'SETTLEMENT_SIGNATURE_INVALID');
      const { expiresAt, signature } = room.settlementProof(own, node);
      await refused({ expiresAt: expiresAt + 1, signature }, 'SETTLEMENT_SIGNATURE_INVALID');
      const other = parseDealId(WORD);
      await refused(room.settlementProof(other, node), 'SETTLEMENT_SIGNATURE_INVALID');
      await refused(room.settlementProof(own, node, nowSeconds - 60), 'SETTLEMENT_REQUEST_EXPIRED');
      await refused(room.settlementProof(own, node, nowSeconds + 6_000), 'SETTLEMENT_REQUEST_EXPIRED');
      await api.refused(settle({}), 400, 'INVALID_REQUEST');
      const answer = await api.ok<SettlementAnswer>(settle({ expiresAt, signature }));
      expect(answer.better).to.equal(encodePairs([late]));
    });

    it('receipts, and with them the keys of viewers, are nowhere to be read without a proof', async () => {
      const viewer = room.viewer();
      const { dealId: own } = await room.openFundedDeal(new Map([[node, 64n * MIB]]));
      const granted = await room.requestGrants(viewer, { dealId: own });
      const receipt = room.signReceipt(grantOf(granted, node), viewer.key, 5n);
      await api.ok(api.post('/v1/receipts', { receipts: encodePairs([receipt]) }));
      const readable = Object.entries(ROUTE_ACCESS)
        .filter(([route, { caller }]) => route.startsWith('GET ') && caller === 'anybody')
        .map(([route]) => route.slice('GET '.length));
      expect(readable).to.include.members(['/v1/batches', '/v1/search', '/v1/events']);
      for (const path of readable) {
        const filled = path
          .replace(':dealId', own)
          .replace(/:(address|node)/, node.address)
          .replace(':epoch', String(granted.epoch))
          .replace(':cid', granted.dealId);
        const query = `?deal=${own}&dealId=${own}&node=${node.address}&q=${viewer.address}`;
        for (const url of [filled, filled + query]) {
          const text = (await (await fetch(marketplace.url + url)).text()).toLowerCase();
          // What is searched for is said back where nothing is found.
          const said = text.replaceAll(`q=${viewer.address}`, '').replaceAll(`"${viewer.address}"`, '');
          expect(said, url).not.to.include(viewer.address.slice(2));
        }
      }
      const gone = await fetch(`${marketplace.url}/v1/receipts?dealId=${own}`);
      expect(await codeOf(gone)).to.deep.equal({ status: 404, code: 'ROUTE_NOT_FOUND' });
    });

    it('a receipt that its viewer did not sign is worth nothing, and one counts once', async () => {
      const viewer = room.viewer();
      const granted = await room.requestGrants(viewer, { dealId });
      await market.endEpoch();
      await room.levelWithChain();
      const settle = (key: Uint8Array) =>
        api.ok<SettlementAnswer>(
          room.settle(dealId, node, {
            throughEpoch: granted.epoch,
            pairs: [room.signReceipt(grantOf(granted, node), key, 1_000n)],
          }),
        );
      const forged = await settle(room.viewer().key);
      expect(forged.refused.map(({ code }) => code)).to.deep.equal(['RECEIPT_SIGNATURE_INVALID']);
      expect(forged.cumulativeWei).to.equal('0');
      expect((await settle(viewer.key)).cumulativeWei).to.equal('1000');
      expect((await settle(viewer.key)).cumulativeWei).to.equal('1000');
    });

    it('keys of the coordinator are made here and stay here', async () => {
      const keys = await api.ok<object>(api.post('/v1/coordinator/keys', { publisher: ADDRESS }));
      expect(keys).to.have.all.keys('grantKey', 'collector');
      for (const address of Object.values(keys)) expect(parseAddress(String(address))).to.equal(address);
    });
  });

  describe('rates', () => {
    it('bound what is expensive by itself', async () => {
      const strict = await start({ callRates: { expensive: { perSecond: 0.01, burst: 2 } } });
      const statusOf = async (path: string): Promise<number> => (await fetch(strict.url + path)).status;
      const statuses = [];
      for (const path of ['/v1/search?q=0x1234', '/v1/statistics', '/v1/map', '/v1/nodes', '/v1/events'])
        statuses.push(await statusOf(path));
      expect(statuses).to.deep.equal([200, 200, 429, 200, 429]);
    });

    it('believe nobody who says that it asks for another, unless the operator trusts it', async () => {
      const callRates = { expensive: { perSecond: 0.01, burst: 1 } };
      const statusesOf = async ({ url }: Marketplace): Promise<number[]> => {
        const statuses = [];
        for (const last of [1, 2, 2]) {
          const headers = { 'x-forwarded-for': `192.0.2.${last}`, 'x-forwarded-proto': 'https' };
          statuses.push((await fetch(`${url}/v1/map`, { headers })).status);
        }
        return statuses;
      };
      const plain = await start({ callRates });
      expect(await statusesOf(plain)).to.deep.equal([200, 429, 429]);
      const behind = await start({ callRates, trustedProxies: ['127.0.0.1'] });
      expect(await statusesOf(behind)).to.deep.equal([200, 200, 429]);
      const other = await start({ callRates, trustedProxies: ['192.0.2.99'] });
      expect(await statusesOf(other)).to.deep.equal([200, 429, 429]);
    });

    it('browsers are told to stay with https only by a proxy that is trusted', async () => {
      const transport = async ({ url }: Marketplace): Promise<string | null> => {
        const response = await fetch(`${url}/livez`, { headers: { 'x-forwarded-proto': 'https' } });
        return response.headers.get('strict-transport-security');
      };
      expect(await transport(marketplace)).to.equal(null);
      expect(await transport(await start({ trustedProxies: ['127.0.0.1'] }))).to.equal('max-age=31536000');
    });
  });
});
