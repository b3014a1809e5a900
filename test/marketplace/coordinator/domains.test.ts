import { expect } from 'chai';

import { startMarketplace, type Marketplace } from '../../../marketplace/server/start-marketplace.ts';
import type { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { systemClock } from '../../../sdk/pacing/clock.ts';
import { FetchExchange } from '../../../sdk/client/fetch-exchange.ts';
import { MarketplaceApi } from '../../../sdk/client/marketplace-api.ts';
import { ViewerSession } from '../../../sdk/client/viewer-session.ts';
import { base64UrlEncode } from '../../../sdk/protocol/bytes.ts';
import { contentRootOf } from '../../../sdk/protocol/content.ts';
import { grantDigest } from '../../../sdk/protocol/grant.ts';
import type { ContentRoot, DealId } from '../../../sdk/protocol/identifiers.ts';
import { nodePresenceDigest } from '../../../sdk/protocol/network-domain.ts';
import { peerHoldingDigest } from '../../../sdk/protocol/peer-holding.ts';
import { signPeerReach } from '../../../sdk/publish/peer-reach.ts';
import { nativeSecp256k1 as secp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { ApiClient } from '../api-client.ts';
import { ReadinessServer, silentLogger, TestMarket } from '../market-fixture.ts';
import { temporaryStorage } from '../storage-fixture.ts';
import { DealRoom, encodePairs, grantOf, type Grants, type Viewer } from './deal-room.ts';

const MIB = 2 ** 20;
const POOL_WEI = BigInt(64 * MIB);
const [CARRIER, SECOND_CARRIER, EAST, WEST, FREE] = [2, 3, 4, 5, 6];

interface Balance {
  readonly domain: string;
  readonly contributedBytes: number;
  readonly carriedBytes: number;
}

describe('domains and carriage between them, on a real chain', function () {
  this.timeout(60_000);
  let market: TestMarket;
  let marketplace: Marketplace;
  let api: ApiClient;
  let room: DealRoom;
  let readiness: ReadinessServer;
  let carrier: TransactionSender;
  let secondCarrier: TransactionSender;
  let east: TransactionSender;
  let west: TransactionSender;
  let expiresAt = Math.floor(Date.now() / 1000) + 100;
  const cleanups: (() => Promise<void>)[] = [];

  before(async () => {
    market = await TestMarket.open({ epochSeconds: 600 });
    cleanups.push(() => market.close());
    readiness = await ReadinessServer.open();
    cleanups.push(() => readiness.close());
    const endpoints = [readiness.endpoint];
    carrier = await market.registerEdge(CARRIER, { region: 'us-east', endpoints });
    secondCarrier = await market.registerEdge(SECOND_CARRIER, { region: 'ap-south', endpoints });
    east = await market.registerPeer(EAST, { region: 'us-east', endpoints });
    west = await market.registerPeer(WEST, { region: 'eu-west', endpoints });
    await market.registerPeer(FREE, { region: 'us-east', endpoints, askWeiPerGiB: 0n });
    const directory = await temporaryStorage();
    cleanups.push(directory.remove);
    const { deployment, chain } = market;
    const options = { ...directory.choice, rpcUrl: chain.url, deployment, pollIntervalMs: 20 };
    marketplace = await startMarketplace(options, silentLogger);
    cleanups.push(() => marketplace.stop());
    api = await ApiClient.open(marketplace.url);
    room = new DealRoom({ market, api, publisher: await market.sender(1) });
    await room.levelWithChain();
    for (const account of [CARRIER, SECOND_CARRIER]) expect(await present(account)).to.equal(200);
  });

  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  async function present(
    account: number,
    { label = '', carries = true, at = expiresAt++, signer = account } = {},
  ): Promise<number> {
    const node = secp256k1.addressOf(market.privateKey(account));
    const digest = nodePresenceDigest(market.domain, { node, label, carries, expiresAt: BigInt(at) });
    const signature = base64UrlEncode(secp256k1.sign(digest, market.privateKey(signer)));
    const body = { label, carries, expiresAt: at, signature };
    const route = '/v1/nodes/{address}/presence';
    return (await api.call('POST', `/v1/nodes/${node}/presence`, { route, body })).status;
  }

  async function announce(account: number, contentRoot: ContentRoot): Promise<void> {
    const peer = secp256k1.addressOf(market.privateKey(account));
    const until = Math.floor(Date.now() / 1000) + 200;
    const digest = peerHoldingDigest(market.domain, { peer, contentRoot, expiresAt: BigInt(until) });
    const signature = base64UrlEncode(secp256k1.sign(digest, market.privateKey(account)));
    const holdings = [{ contentRoot, expiresAt: until, signature }];
    const { accepted } = await api.ok<{ accepted: string[] }>(
      api.post('/v1/peers/holdings', { peer, holdings }),
    );
    expect(accepted).to.have.length(1);
  }

  /** A deal for peers alone: no edge is paid to store its content. */
  async function peersOnlyDeal(...holders: number[]): Promise<{ dealId: DealId; contentRoot: ContentRoot }> {
    const { dealId, cid } = await room.openFundedDeal(new Map(), POOL_WEI);
    const contentRoot = contentRootOf(cid);
    for (const holder of holders) await announce(holder, contentRoot);
    return { dealId, contentRoot };
  }

  const balancesOf = async (dealId: DealId): Promise<readonly Balance[]> => {
    const path = `/v1/deals/${dealId}/domains`;
    return (await api.ok<{ domains: Balance[] }>(api.get(path, '/v1/deals/{dealId}/domains'))).domains;
  };

  /** A viewer in the peer's domain receipts so many bytes to it. */
  async function contribute(dealId: DealId, peer: TransactionSender, bytes: bigint): Promise<string> {
    const who = room.viewer();
    const granted = await room.requestGrants(who, { dealId }, { nodes: [peer.address] });
    const receipts = encodePairs([room.signReceipt(grantOf(granted, peer), who.key, bytes)]);
    await api.ok(api.post('/v1/receipts', { receipts }));
    return receipts;
  }

  const ask = (dealId: DealId, wishes: object, who: Viewer = room.viewer()): Promise<Grants> =>
    room.requestGrants(who, { dealId }, wishes);
  const edgeAsks = (dealId: DealId, account: number, wishes: object = {}): Promise<Grants> => {
    const key = market.privateKey(account);
    return ask(dealId, wishes, { key, address: secp256k1.addressOf(key) });
  };
  async function refusedWith(code: string, status: number, dealId: DealId, wishes: object): Promise<void> {
    await api.refused(
      api.post('/v1/grants', await room.grantsBody(room.viewer(), { dealId }, wishes)),
      status,
      code,
    );
  }

  it('takes a word of a node about its domain that it signed, and none that is older', async () => {
    expect(await present(EAST, { label: 'as7018', carries: false })).to.equal(200);
    expect(await present(EAST, { label: '', at: expiresAt - 50 })).to.equal(422);
    expect(await present(EAST, { label: '', at: Math.floor(Date.now() / 1000) + 3600 })).to.equal(422);
    expect(await present(EAST, { label: '', signer: WEST })).to.equal(401);
    expect(await present(EAST, { label: 'No!' })).to.equal(400);
    expect(await present(EAST, { label: '', carries: false })).to.equal(200);
  });

  it('grants peers of the own domain first, then edges, and never a peer of another domain', async () => {
    const { dealId, cid } = await room.openFundedDeal(new Map([[carrier, BigInt(64 * MIB)]]), POOL_WEI);
    for (const account of [EAST, WEST]) await announce(account, contentRootOf(cid));
    const inEast = await ask(dealId, { region: 'us-east' });
    expect(inEast.grants.map(({ node }) => node)).to.deep.equal([east.address, carrier.address]);
    const inWest = await ask(dealId, { region: 'eu-west' });
    expect(inWest.grants.map(({ node }) => node)).to.deep.equal([west.address, carrier.address]);
    for (const elsewhere of [{ region: 'ap-south' }, { region: 'us-east', domain: 'campus-7' }]) {
      expect((await ask(dealId, elsewhere)).grants.map(({ role }) => role)).to.deep.equal(['edge']);
      await refusedWith('CARRIAGE_EXHAUSTED', 402, dealId, { ...elsewhere, nodes: [east.address] });
    }
  });

  it('grants peers of other domains where the publisher says so, by its last word', async () => {
    const { dealId } = await peersOnlyDeal(EAST);
    const inWest = { region: 'eu-west' };
    let issuedAt = Math.floor(Date.now() / 1000);
    const say = async (everywhere: boolean, { at = issuedAt++, signer = 1 } = {}): Promise<number> => {
      const reach = { dealId, everywhere, issuedAt: at };
      const { signature } = signPeerReach(
        { domain: market.domain, privateKey: market.privateKey(signer) },
        reach,
      );
      const route = '/v1/deals/{dealId}/peer-reach';
      const body = { everywhere, issuedAt: at, signature };
      return (await api.call('POST', `/v1/deals/${dealId}/peer-reach`, { route, body })).status;
    };
    await refusedWith('CARRIAGE_EXHAUSTED', 402, dealId, inWest);
    expect(await say(true, { signer: EAST })).to.equal(401);
    expect(await say(true, { at: issuedAt + 3600 })).to.equal(409);
    expect(await say(true)).to.equal(200);
    expect((await ask(dealId, inWest)).grants.map(({ node }) => node)).to.deep.equal([east.address]);
    expect(await say(false)).to.equal(200);
    expect(await say(true, { at: issuedAt - 2 })).to.equal(409);
    await refusedWith('CARRIAGE_EXHAUSTED', 402, dealId, inWest);
  });

  it('leaves with a domain what its peers gave there, also when a peer moves to another', async () => {
    const { dealId } = await peersOnlyDeal(EAST);
    const who = room.viewer();
    const granted = await room.requestGrants(who, { dealId }, { nodes: [east.address] });
    await present(EAST, { label: 'elsewhere', carries: false });
    const receipts = encodePairs([room.signReceipt(grantOf(granted, east), who.key, 5_000n)]);
    await api.ok(api.post('/v1/receipts', { receipts }));
    await contribute(dealId, east, 700n);
    expect(await balancesOf(dealId)).to.deep.equal([
      { domain: 'us-east', contributedBytes: 5_000, carriedBytes: 0 },
      { domain: 'us-east/elsewhere', contributedBytes: 700, carriedBytes: 0 },
    ]);
    await present(EAST, { label: '', carries: false });
  });

  it('draws domains inside a region where operators name them', async () => {
    const { dealId, contentRoot } = await peersOnlyDeal(EAST);
    await present(EAST, { label: 'campus-7', carries: false });
    const clock = systemClock;
    const session = new ViewerSession(
      { secp256k1, clock, api: new MarketplaceApi({ http: new FetchExchange(), clock }, marketplace.url) },
      {
        ...{ domain: market.domain, dealId, contentRoot, privateKey: room.viewer().key },
        ...{ region: 'us-east', domainLabel: 'campus-7' },
      },
    );
    expect((await session.requestGrants({})).map(({ node }) => node)).to.deep.equal([east.address]);
    await refusedWith('CARRIAGE_EXHAUSTED', 402, dealId, { region: 'us-east' });
    await present(EAST, { label: '', carries: false });
  });

  it('lends an edge to a domain up to what its peers contributed before, and not a byte more', async () => {
    const { dealId } = await peersOnlyDeal(EAST, WEST);
    const inEast = { region: 'us-east' };
    await contribute(dealId, east, BigInt(12 * MIB));
    expect(await balancesOf(dealId)).to.deep.equal([
      { domain: 'us-east', contributedBytes: 12 * MIB, carriedBytes: 0 },
    ]);
    // Asked without the peer of the own domain: only the one in the west is left.
    const only = { ...inEast, nodes: [carrier.address, west.address] };
    const first = await ask(dealId, { ...only, capBytes: String(8 * MIB) });
    expect(first.grants).to.have.length(1);
    expect(first.grants[0]).to.include({ node: carrier.address, capBytes: 8 * MIB, carried: true });
    const second = await ask(dealId, { ...only, capBytes: String(8 * MIB) });
    expect(second.grants[0]?.capBytes).to.equal(4 * MIB);
    await refusedWith('CARRIAGE_EXHAUSTED', 402, dealId, only);
    expect((await balancesOf(dealId))[0]).to.include({ carriedBytes: 12 * MIB });
    // A domain whose peers gave nothing is lent nothing.
    await refusedWith('CARRIAGE_EXHAUSTED', 402, dealId, { region: 'ap-south' });
  });

  it('splits what is left among requests at the same time, whichever edges they name', async () => {
    const { dealId } = await peersOnlyDeal(EAST, WEST);
    await contribute(dealId, east, BigInt(4 * MIB));
    const answers = await Promise.allSettled(
      Array.from({ length: 12 }, (_, index) => {
        const edge = index % 2 === 0 ? carrier : secondCarrier;
        return ask(dealId, { region: 'us-east', nodes: [edge.address], capBytes: String(MIB) });
      }),
    );
    const caps = answers.flatMap((one) => (one.status === 'fulfilled' ? one.value.grants : []));
    expect(caps.reduce((sum, { capBytes }) => sum + capBytes, 0)).to.equal(4 * MIB);
    expect(new Set(caps.map(({ node }) => node)).size).to.equal(2);
  });

  it('counts receipts only, each byte once, and none that costs the publisher nothing', async () => {
    const { dealId, contentRoot } = await peersOnlyDeal(EAST, WEST);
    const receipts = await contribute(dealId, east, 1_000n);
    await api.ok(api.post('/v1/receipts', { receipts }));
    // Signed by somebody else than the viewer, and over another cap than was granted.
    const [who, other] = [room.viewer(), room.viewer()];
    const granted = await ask(dealId, { region: 'us-east', capBytes: '5000' }, who);
    for (const forged of [
      room.signReceipt(grantOf(granted, east), other.key, 4_000n),
      room.signReceipt(grantOf(granted, east), who.key, 5_001n),
    ]) {
      const answer = api.post('/v1/receipts', { receipts: encodePairs([forged]) });
      expect((await api.ok<{ acknowledged: unknown[] }>(answer)).acknowledged).to.have.length(0);
    }
    // A grant that a coordinator of one's own signed.
    const { grant } = grantOf(granted, east);
    const made = { ...grant, capBytes: 1_000_000n };
    const signature = secp256k1.sign(grantDigest(market.domain, made), other.key);
    const fake = room.signReceipt({ grant: made, signature }, who.key, 900_000n);
    await api.ok(api.post('/v1/receipts', { receipts: encodePairs([fake]) }));
    await announce(FREE, contentRoot);
    const free = await market.sender(FREE);
    await contribute(dealId, free, 700_000n);
    expect(await balancesOf(dealId)).to.deep.equal([
      { domain: 'us-east', contributedBytes: 1_000, carriedBytes: 0 },
    ]);
  });

  it('grants an edge that carries no more of the peers than it was told to carry, once for all domains', async () => {
    const { dealId } = await peersOnlyDeal(EAST, WEST);
    await api.refused(
      edgeAsksRaw(dealId, CARRIER).then((body) => api.post('/v1/grants', body)),
      402,
      'CARRIAGE_EXHAUSTED',
    );
    await contribute(dealId, east, BigInt(8 * MIB));
    const capBytes = String(2 * MIB);
    await ask(dealId, { region: 'us-east', nodes: [carrier.address], capBytes });
    await ask(dealId, { region: 'us-east', nodes: [secondCarrier.address], capBytes });
    // The second edge is below the first in the tree: it asks that one, which asks the peers.
    const below = await edgeAsks(dealId, SECOND_CARRIER);
    expect(below.grants.map(({ node, capBytes: cap }) => [node, cap])).to.deep.equal([
      [carrier.address, 2 * MIB],
    ]);
    const root = await edgeAsks(dealId, CARRIER);
    expect(root.grants.map(({ role }) => role)).to.deep.equal(['peer', 'peer']);
    expect(root.grants.reduce((sum, { capBytes: cap }) => sum + cap, 0)).to.equal(4 * MIB);
    await api.refused(
      edgeAsksRaw(dealId, CARRIER).then((body) => api.post('/v1/grants', body)),
      402,
      'CARRIAGE_EXHAUSTED',
    );
    // Between edges no domain is charged a second time.
    expect((await balancesOf(dealId))[0]).to.include({ carriedBytes: 4 * MIB });
  });

  it('names no edge as a carrier that does not say so, or not any more', async () => {
    const { dealId } = await peersOnlyDeal(EAST, WEST);
    await contribute(dealId, east, BigInt(MIB));
    for (const account of [CARRIER, SECOND_CARRIER]) await present(account, { carries: false });
    await refusedWith('CARRIAGE_UNAVAILABLE', 503, dealId, { region: 'us-east', nodes: [carrier.address] });
    for (const account of [CARRIER, SECOND_CARRIER]) await present(account);
  });

  function edgeAsksRaw(dealId: DealId, account: number): Promise<object> {
    const key = market.privateKey(account);
    return room.grantsBody({ key, address: secp256k1.addressOf(key) }, { dealId });
  }
});
