import { expect } from 'chai';

import { startMarketplace, type Marketplace } from '../../../marketplace/server/start-marketplace.ts';
import {
  claimPeer,
  peerPaidWei,
  peerPoolOf,
  postPeerRoot,
  thawPeerPool,
} from '../../../sdk/chain/peer-pool.ts';
import type { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { base64UrlDecode, base64UrlEncode, type Hex } from '../../../sdk/protocol/bytes.ts';
import { contentRootOf } from '../../../sdk/protocol/content.ts';
import { type ContentRoot, type DealId } from '../../../sdk/protocol/identifiers.ts';
import { peerHoldingDigest } from '../../../sdk/protocol/peer-holding.ts';
import { rootOfPeerProof } from '../../../sdk/protocol/peer-root.ts';
import { nativeSecp256k1 as secp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { ApiClient } from '../api-client.ts';
import { ReadinessServer, silentLogger, TestMarket, WEI_PER_BYTE } from '../market-fixture.ts';
import { temporaryStorage, type TestStorage } from '../storage-fixture.ts';
import { DealRoom, grantOf } from './deal-room.ts';

const MIB = 2 ** 20;
const POOL_WEI = BigInt(16 * MIB);
const FAST = 4;
const DEAR = 5;

interface PeerAnswer {
  readonly accepted: number;
  readonly voucher: null;
  readonly peer: { earnedWei: string; byRate: { ratePerGiB: string; bytes: number }[] } | null;
  readonly refused: { code: string }[];
}

interface RootAnswer {
  readonly unpostedWei: string;
  readonly pending: { sequence: number; root: Hex; totalWei: string; signature: string } | null;
}

interface ProofAnswer {
  readonly earnedWei: string;
  readonly paidWei: string;
  readonly proofs: { sequence: number; root: Hex; cumulativeWei: string; proof: Hex[]; posted: boolean }[];
}

describe('coordinator of peers, on a real chain', function () {
  this.timeout(60_000);
  let market: TestMarket;
  let marketplace: Marketplace;
  let directory: TestStorage;
  let api: ApiClient;
  let room: DealRoom;
  let edge: TransactionSender;
  /** Asks for a quarter of what the edge costs, so that a byte of it is a quarter of a wei. */
  let fast: TransactionSender;
  /** Asks for more than the edge and is paid like the edge. */
  let dear: TransactionSender;
  let readiness: ReadinessServer;
  const cleanups: (() => Promise<void>)[] = [];

  before(async () => {
    market = await TestMarket.open({ epochSeconds: 600 });
    cleanups.push(() => market.close());
    readiness = await ReadinessServer.open();
    cleanups.push(() => readiness.close());
    const endpoints = [readiness.endpoint];
    edge = await market.registerEdge(2, { region: 'eu-west', endpoints });
    fast = await market.registerPeer(FAST, { region: 'eu-west', endpoints, askWeiPerGiB: WEI_PER_BYTE / 4n });
    dear = await market.registerPeer(DEAR, { region: 'us-east', endpoints, askWeiPerGiB: WEI_PER_BYTE * 9n });
    directory = await temporaryStorage();
    cleanups.push(directory.remove);
    await start();
    cleanups.push(() => marketplace.stop());
    room = new DealRoom({ market, api, publisher: await market.sender(1) });
    await room.levelWithChain();
  });

  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  async function start(): Promise<void> {
    const { deployment, chain } = market;
    const peerRoots = { thresholdWei: 1_000n, intervalSeconds: 3600 };
    const options = { ...directory.choice, rpcUrl: chain.url, deployment, pollIntervalMs: 20, peerRoots };
    marketplace = await startMarketplace(options, silentLogger);
    api = await ApiClient.open(marketplace.url);
    if (room !== undefined) room.api = api;
  }

  function holding(
    account: number,
    contentRoot: ContentRoot,
    expiresAt = Math.floor(Date.now() / 1000) + 200,
    signer = account,
  ): { peer: string; holding: object } {
    const peer = secp256k1.addressOf(market.privateKey(account));
    const digest = peerHoldingDigest(market.domain, { peer, contentRoot, expiresAt: BigInt(expiresAt) });
    const signature = base64UrlEncode(secp256k1.sign(digest, market.privateKey(signer)));
    return { peer, holding: { contentRoot, expiresAt, signature } };
  }

  async function announce(...parts: Parameters<typeof holding>): Promise<string> {
    const { peer, holding: signed } = holding(...parts);
    const answer = await api.ok<{ accepted: string[]; refused: { code: string }[] }>(
      api.post('/v1/peers/holdings', { peer, holdings: [signed] }),
    );
    return answer.refused[0]?.code ?? (answer.accepted.length === 1 ? 'accepted' : 'nothing');
  }

  /** A deal with an edge and a pool, whose content both peers hold. */
  async function peeredDeal(poolWei = POOL_WEI): Promise<{ dealId: DealId; contentRoot: ContentRoot }> {
    const { dealId, cid } = await room.openFundedDeal(new Map([[edge, BigInt(64 * MIB)]]), poolWei);
    const contentRoot = contentRootOf(cid);
    for (const account of [FAST, DEAR]) expect(await announce(account, contentRoot)).to.equal('accepted');
    return { dealId, contentRoot };
  }

  async function nextEpoch(): Promise<void> {
    await market.endEpoch();
    await room.levelWithChain();
  }

  const rootOf = (dealId: DealId): Promise<RootAnswer> =>
    api.ok<RootAnswer>(api.get(`/v1/deals/${dealId}/peer-root`, '/v1/deals/{dealId}/peer-root'));
  const proofsOf = (dealId: DealId, peer: TransactionSender): Promise<ProofAnswer> =>
    api.ok<ProofAnswer>(
      api.get(`/v1/peers/${peer.address}/proofs?dealId=${dealId}`, '/v1/peers/{address}/proofs'),
    );

  async function post(dealId: DealId): Promise<string> {
    const { pending } = await rootOf(dealId);
    if (pending === null) return 'none';
    const { sequence, root, totalWei, signature } = pending;
    const statement = { dealId, sequence, root, totalWei: BigInt(totalWei) };
    await postPeerRoot(edge, { statement, signature: base64UrlDecode(signature) });
    await room.levelWithChain();
    return root;
  }

  /** A viewer fetches so much from a peer, which hands the receipt in when the epoch is over. */
  async function serve(dealId: DealId, peer: TransactionSender, bytes: bigint): Promise<PeerAnswer> {
    const who = room.viewer();
    const granted = await room.requestGrants(who, { dealId }, { nodes: [peer.address] });
    await nextEpoch();
    const pair = room.signReceipt(grantOf(granted, peer), who.key, bytes);
    return api.ok<PeerAnswer>(room.settle(dealId, peer, { throughEpoch: granted.epoch, pairs: [pair] }));
  }

  it('takes a signed, short-lived word of a registered peer about content whose publisher pays peers', async () => {
    const { dealId, contentRoot } = await peeredDeal();
    const now = Math.floor(Date.now() / 1000);
    expect(await announce(FAST, contentRoot, now - 1)).to.equal('HOLDING_EXPIRED');
    expect(await announce(FAST, contentRoot, now + 3600)).to.equal('HOLDING_TOO_LONG');
    expect(await announce(FAST, contentRoot, now + 100, DEAR)).to.equal('SIGNATURE_INVALID');
    const unpaid = await room.openFundedDeal(new Map([[edge, BigInt(MIB)]]));
    expect(await announce(FAST, contentRootOf(unpaid.cid))).to.equal('POOL_NOT_FUNDED');
    const stranger = holding(7, contentRoot);
    const body = { peer: stranger.peer, holdings: [stranger.holding] };
    await api.refused(api.post('/v1/peers/holdings', body), 409, 'PEER_NOT_REGISTERED');
    const { peers } = await api.ok<{ peers: { peer: string; holdsUntil: number }[] }>(
      api.get(`/v1/deals/${dealId}/peers`, '/v1/deals/{dealId}/peers'),
    );
    expect(peers.map(({ peer }) => peer)).to.have.members([fast.address, dear.address]);
    expect(peers.every(({ holdsUntil }) => holdsUntil > now)).to.equal(true);
  });

  it('grants peers beside the edges, never a peer to itself, none that is down or from a pool that thaws', async () => {
    const { dealId } = await peeredDeal();
    const granted = await room.requestGrants(room.viewer(), { dealId });
    expect(granted.grants.map(({ role }) => role)).to.deep.equal(['edge', 'peer', 'peer']);
    const none = await room.requestGrants(room.viewer(), { dealId }, { maxPeers: 0 });
    expect(none.grants.map(({ role }) => role)).to.deep.equal(['edge']);
    const itself = { key: market.privateKey(FAST), address: fast.address };
    const own = await room.requestGrants(itself, { dealId });
    expect(own.grants.map(({ node }) => node)).to.deep.equal([edge.address]);
    await thawPeerPool(await market.sender(1), dealId);
    await room.levelWithChain();
    const thawing = await room.requestGrants(room.viewer(), { dealId });
    expect(thawing.grants.map(({ role }) => role)).to.deep.equal(['edge']);
  });

  it('never grants more than the pool can pay, whoever asks at the same time', async () => {
    const poolWei = 1_000_000n;
    const { dealId } = await peeredDeal(poolWei);
    const asks = Array.from({ length: 8 }, () =>
      room.requestGrants(room.viewer(), { dealId }, { capBytes: String(MIB), nodes: [dear.address] }),
    );
    const answers = await Promise.allSettled(asks);
    const capBytes = answers.flatMap((answer) =>
      answer.status === 'fulfilled' ? answer.value.grants.map((grant) => grant.capBytes) : [],
    );
    const total = BigInt(capBytes.reduce((sum, cap) => sum + cap, 0));
    expect(capBytes.length).to.be.greaterThan(0);
    expect(total <= poolWei).to.equal(true);
    // Nothing is left: the next one is refused.
    await api.refused(
      api.post('/v1/grants', await room.grantsBody(room.viewer(), { dealId }, { nodes: [dear.address] })),
      503,
      'ALLOCATION_EXHAUSTED',
    );
  });

  it('pays a peer its ask or the price of the cheapest edge, the floor of the sum of each rate', async () => {
    const { dealId } = await peeredDeal();
    const first = await serve(dealId, fast, 1_001n);
    expect(first.voucher).to.equal(null);
    expect(first.peer).to.deep.equal({
      earnedWei: '250',
      byRate: [{ ratePerGiB: (WEI_PER_BYTE / 4n).toString(), bytes: 1_001 }],
    });
    expect((await serve(dealId, fast, 1_001n)).peer?.earnedWei).to.equal('500');
    expect((await serve(dealId, dear, 2_000n)).peer?.earnedWei).to.equal('2000');
  });

  it('signs roots that the chain takes, and peers claim what they earned to the last unit', async () => {
    const { dealId } = await peeredDeal();
    await serve(dealId, fast, 40_000n);
    await serve(dealId, dear, 7_000n);
    const root = await post(dealId);
    expect((await rootOf(dealId)).pending).to.equal(null);
    for (const [peer, earnedWei] of [
      [fast, 10_000n],
      [dear, 7_000n],
    ] as const) {
      const { proofs } = await proofsOf(dealId, peer);
      expect(proofs.map(({ sequence, posted }) => [sequence, posted])).to.deep.equal([[1, true]]);
      const proof = proofs[0]?.proof ?? [];
      expect(rootOfPeerProof({ peer: peer.address, cumulativeWei: earnedWei }, proof)).to.equal(root);
      await claimPeer(peer, { dealId, peer: peer.address, cumulativeWei: earnedWei, proof });
      const paid = await peerPaidWei(market.provider, market.deployment, { dealId, peer: peer.address });
      expect(paid).to.equal(earnedWei);
    }
    // The next root names both again, and pays the difference only.
    await serve(dealId, dear, 5_000n);
    await post(dealId);
    const [, second] = (await proofsOf(dealId, fast)).proofs;
    expect(second).to.include({ sequence: 2, cumulativeWei: '10000' });
    const [, claimable] = (await proofsOf(dealId, dear)).proofs;
    const cumulativeWei = BigInt(claimable?.cumulativeWei ?? 0);
    await claimPeer(dear, { dealId, peer: dear.address, cumulativeWei, proof: claimable?.proof ?? [] });
    expect(await peerPoolOf(market.provider, market.deployment, dealId)).to.include({ claimedWei: 22_000n });
    await room.levelWithChain();
    expect(await proofsOf(dealId, dear)).to.include({ earnedWei: '12000', paidWei: '12000' });
  });

  it('waits for a threshold or for long, and signs a sequence once, over a restart too', async () => {
    const { dealId } = await peeredDeal();
    await serve(dealId, fast, 40_000n);
    const { pending } = await rootOf(dealId);
    expect(pending).to.include({ sequence: 1, totalWei: '10000' });
    await marketplace.stop();
    await start();
    await room.levelWithChain();
    await announce(DEAR, (await peeredDeal()).contentRoot);
    await serve(dealId, fast, 8_000n);
    expect((await rootOf(dealId)).pending).to.deep.equal(pending);
    expect((await proofsOf(dealId, fast)).proofs).to.have.length(1);
    await post(dealId);
    expect((await rootOf(dealId)).unpostedWei).to.equal('2000');
    // Ten minutes are over, 2,000 wei are more than the threshold.
    await nextEpoch();
    expect((await rootOf(dealId)).pending).to.include({ sequence: 2, totalWei: '12000' });
    await post(dealId);
    await serve(dealId, fast, 400n);
    await nextEpoch();
    expect(await rootOf(dealId)).to.include({ pending: null, unpostedWei: '100' });
  });

  it('takes nothing more from a peer after the late window, when its grants no longer bind the pool', async () => {
    const { dealId } = await peeredDeal();
    const who = room.viewer();
    const granted = await room.requestGrants(who, { dealId }, { nodes: [fast.address] });
    for (let epochs = 0; epochs < 3; epochs++) await nextEpoch();
    const pair = room.signReceipt(grantOf(granted, fast), who.key, 1_000n);
    const answer = await api.ok<PeerAnswer>(
      room.settle(dealId, fast, { throughEpoch: granted.epoch, pairs: [pair] }),
    );
    expect(answer.refused.map(({ code }) => code)).to.deep.equal(['RECEIPT_TOO_LATE']);
    expect(answer.peer).to.equal(null);
  });
});
