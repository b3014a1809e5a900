import { expect } from 'chai';

import { peersBillOf } from '../../../sdk/audit/peer-bill.ts';
import { claimPeer, postPeerRoot } from '../../../sdk/chain/peer-pool.ts';
import type { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { base64UrlDecode, base64UrlEncode, type Hex } from '../../../sdk/protocol/bytes.ts';
import { contentRootOf } from '../../../sdk/protocol/content.ts';
import type { DealId } from '../../../sdk/protocol/identifiers.ts';
import { peerHoldingDigest } from '../../../sdk/protocol/peer-holding.ts';
import type { ReceiptWithGrant } from '../../../sdk/protocol/receipt.ts';
import { nativeSecp256k1 as secp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { grantOf } from '../../marketplace/coordinator/deal-room.ts';
import { WEI_PER_BYTE } from '../../marketplace/market-fixture.ts';
import { AuditedMarket } from './audited-market.ts';
import { NODE } from './sample-books.ts';

const PEER_ACCOUNT = 4;

describe('audit of peers, with a real chain and a real marketplace', function () {
  this.timeout(60_000);
  let audited: AuditedMarket;
  /** Asks for a quarter of what the edges cost, so that a byte of it is a quarter of a wei. */
  let peer: TransactionSender;
  let dealId: DealId;
  let file: string;

  before(async () => {
    audited = await AuditedMarket.open();
    const { market, room, api, near, endpoint } = audited;
    const registration = { region: 'eu-west', endpoints: [endpoint], askWeiPerGiB: WEI_PER_BYTE / 4n };
    peer = await market.registerPeer(PEER_ACCOUNT, registration);
    await room.levelWithChain();
    const deal = await room.openFundedDeal(new Map([[near, 2n ** 26n]]), 2n ** 24n);
    dealId = deal.dealId;
    await announce(contentRootOf(deal.cid));
    // Two receipts whose single prices, rounded each, would be a wei less than the price of their sum.
    for (const bytes of [10_002n, 10_002n]) await serve(bytes);
    const { pending } = await api.ok<{
      pending: { sequence: number; root: Hex; totalWei: string; signature: string };
    }>(api.get(`/v1/deals/${dealId}/peer-root`, '/v1/deals/{dealId}/peer-root'));
    const { sequence, root, totalWei, signature } = pending;
    const statement = { dealId, sequence, root, totalWei: BigInt(totalWei) };
    await postPeerRoot(near, { statement, signature: base64UrlDecode(signature) });
    await room.levelWithChain();
    const { proofs } = await api.ok<{ proofs: { cumulativeWei: string; proof: Hex[] }[] }>(
      api.get(`/v1/peers/${peer.address}/proofs?dealId=${dealId}`, '/v1/peers/{address}/proofs'),
    );
    const { cumulativeWei, proof } = proofs[0] ?? { cumulativeWei: '0', proof: [] };
    await claimPeer(peer, { dealId, peer: peer.address, cumulativeWei: BigInt(cumulativeWei), proof });
    await room.levelWithChain();
    await serve(999n);
    ({ file } = await audited.download(dealId));
  });

  after(() => audited.close());

  async function announce(contentRoot: ReturnType<typeof contentRootOf>): Promise<void> {
    const expiresAt = Math.floor(Date.now() / 1000) + 200;
    const holding = { peer: peer.address, contentRoot, expiresAt: BigInt(expiresAt) };
    const key = audited.market.privateKey(PEER_ACCOUNT);
    const signature = base64UrlEncode(secp256k1.sign(peerHoldingDigest(audited.market.domain, holding), key));
    const holdings = [{ contentRoot, expiresAt, signature }];
    await audited.api.ok(audited.api.post('/v1/peers/holdings', { peer: peer.address, holdings }));
  }

  async function serve(bytes: bigint): Promise<void> {
    const { room, api, market } = audited;
    const viewer = room.viewer();
    const granted = await room.requestGrants(viewer, { dealId }, { nodes: [peer.address] });
    await market.endEpoch();
    await room.levelWithChain();
    const pair = room.signReceipt(grantOf(granted, peer), viewer.key, bytes);
    await api.ok(room.settle(dealId, peer, { throughEpoch: granted.epoch, pairs: [pair] }));
  }

  it('recomputes what they earned, were promised and were paid, to the last unit', async () => {
    const { agrees, peers, receipts } = await audited.audit(file);
    expect(agrees).to.equal(true);
    expect(receipts).to.deep.include({ total: 3, counted: 3, rejected: {} });
    expect(peers).to.deep.equal({
      ...{ fundedWei: 2n ** 24n, postedWei: 5_001n, earnedWei: 5_250n, paidWei: 5_001n, differences: [] },
      peers: [
        {
          ...{ peer: peer.address, receiptBytes: 21_003n, earnedWei: 5_250n, paidWei: 5_001n },
          byRate: [{ ratePerGiB: WEI_PER_BYTE / 4n, bytes: 21_003n }],
        },
      ],
    });
  });

  it('misses a receipt that the coordinator counts and the file does not hold', async () => {
    const without = (pairs: ReceiptWithGrant[]): ReceiptWithGrant[] => pairs.slice(1);
    const { agrees, peers } = await audited.auditReceipts(file, without);
    expect(agrees).to.equal(false);
    expect(peers?.differences.map(({ code }) => code)).to.deep.equal(['PEER_BYTES_ABOVE_RECEIPTS']);
  });
});

describe('bill of peers', () => {
  const meter = { peer: NODE, ratePerGiB: 2n ** 30n, bytes: 100n };
  const books = {
    pool: { fundedWei: 1_000n, postedWei: 100n, paidWei: new Map([[NODE, 100n]]) },
    meters: [meter],
    receiptBytes: new Map([[NODE, 100n]]),
    allocationRates: [1n, 2n ** 30n],
  };
  const codesOf = (changed: Partial<Parameters<typeof peersBillOf>[0]>): string[] =>
    peersBillOf({ ...books, ...changed }).differences.map(({ code }) => code);

  it('is right when nothing exceeds the receipts, and names what does', () => {
    expect(codesOf({})).to.deep.equal([]);
    expect(codesOf({ receiptBytes: new Map() })).to.deep.equal(['PEER_BYTES_ABOVE_RECEIPTS']);
    expect(codesOf({ allocationRates: [1n] })).to.deep.equal(['PEER_RATE_ABOVE_ALLOCATIONS']);
    expect(codesOf({ pool: { ...books.pool, paidWei: new Map([[NODE, 101n]]) } })).to.deep.equal([
      'PEER_PAID_ABOVE_RECEIPTS',
    ]);
    expect(codesOf({ pool: { ...books.pool, postedWei: 101n } })).to.deep.equal(['PEER_ROOT_ABOVE_RECEIPTS']);
    expect(codesOf({ meters: [] })).to.deep.equal(['PEER_PAID_ABOVE_RECEIPTS', 'PEER_ROOT_ABOVE_RECEIPTS']);
  });
});
