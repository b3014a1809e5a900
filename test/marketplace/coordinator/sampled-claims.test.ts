import { expect } from 'chai';

import { startMarketplace, type Marketplace } from '../../../marketplace/server/start-marketplace.ts';
import { claimsInterface, connectContracts } from '../../../sdk/chain/contracts.ts';
import { readAllocation } from '../../../sdk/chain/deals.ts';
import { redeemVouchers } from '../../../sdk/chain/payments.ts';
import { approveTokens } from '../../../sdk/chain/tokens.ts';
import type { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { base64UrlDecode, bytesToHex, hexToBytes } from '../../../sdk/protocol/bytes.ts';
import type { DealId } from '../../../sdk/protocol/identifiers.ts';
import type { ReceiptWithGrant } from '../../../sdk/protocol/receipt.ts';
import {
  drawSamples,
  encodeOpenings,
  splitRootWord,
  strataBitmap,
} from '../../../sdk/protocol/sampled-claim.ts';
import { compareKeys, openLeaves, rootOf, type TrieLeaf } from '../../../sdk/protocol/sum-trie.ts';
import { decodeSignedVoucher, type SignedVoucher } from '../../../sdk/protocol/voucher.ts';
import { ApiClient } from '../api-client.ts';
import { ReadinessServer, silentLogger, TestMarket } from '../market-fixture.ts';
import { temporaryStorage } from '../storage-fixture.ts';
import { DealRoom, grantOf, type SettlementAnswer } from './deal-room.ts';

const MIB = 2 ** 20;
const STRATA = Array.from({ length: 16 }, (_, stratum) => stratum);

interface Books {
  readonly total: Readonly<Record<string, string>> & {
    readonly paidByRoute: Readonly<Record<string, string>>;
  };
}

describe('coordinator beside sampled claims, on a real chain', function () {
  this.timeout(60_000);
  let market: TestMarket;
  let marketplace: Marketplace;
  let api: ApiClient;
  let room: DealRoom;
  let node: TransactionSender;
  const cleanups: (() => Promise<void>)[] = [];

  before(async () => {
    market = await TestMarket.open({ epochSeconds: 600, claimBondFloorWei: 1n });
    cleanups.push(() => market.close());
    const server = await ReadinessServer.open();
    cleanups.push(() => server.close());
    node = await market.registerEdge(2, { region: 'eu-west', endpoints: [server.endpoint] });
    await approveTokens(node, market.deployment.market, 2n ** 90n);
    const directory = await temporaryStorage();
    cleanups.push(directory.remove);
    marketplace = await startMarketplace(
      {
        ...directory.choice,
        rpcUrl: market.chain.url,
        deployment: market.deployment,
        pollIntervalMs: 20,
      },
      silentLogger,
    );
    cleanups.push(() => marketplace.stop());
    api = await ApiClient.open(marketplace.url);
    room = new DealRoom({ market, api, publisher: await market.sender(1) });
  });

  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  /** A deal whose node holds one receipt of an ended epoch. */
  async function served(bytes: bigint): Promise<{ dealId: DealId; epoch: number; pair: ReceiptWithGrant }> {
    const { dealId } = await room.openFundedDeal(new Map([[node, BigInt(64 * MIB)]]));
    const who = room.viewer();
    const granted = await room.requestGrants(who, { dealId });
    await market.endEpoch();
    await room.levelWithChain();
    const pair = room.signReceipt(grantOf(granted, node), who.key, bytes);
    return { dealId, epoch: granted.epoch, pair };
  }

  const leavesOf = (pairs: readonly ReceiptWithGrant[]): TrieLeaf[] =>
    pairs
      .map(({ signedReceipt: { receipt } }) => ({
        key: hexToBytes(receipt.grantHash),
        bytes: receipt.bytesCumulative,
      }))
      .sort(compareKeys);

  async function send(name: string, args: readonly unknown[]): Promise<void> {
    const data = claimsInterface.encodeFunctionData(name, args);
    await node.send({ to: market.deployment.market, data });
    await room.levelWithChain();
  }

  /** Commits to the trie of these receipts, or to one of more bytes that nobody can open. */
  async function commit(
    dealId: DealId,
    toEpoch: number,
    pairs: readonly ReceiptWithGrant[],
    inflatedBytes = 0n,
  ): Promise<void> {
    const { root, totalBytes } = splitRootWord(rootOf(leavesOf(pairs)).word);
    await send('commitClaim', [dealId, toEpoch, root, totalBytes + inflatedBytes]);
  }

  async function open(dealId: DealId, pair: ReceiptWithGrant): Promise<void> {
    await market.mine(5);
    const { claims } = connectContracts(market.provider, market.deployment);
    const seed = hexToBytes(await claims.seedOf(dealId, node.address));
    const leaves = leavesOf([pair]);
    const samples = drawSamples(seed, rootOf(leaves).totalBytes, STRATA.length);
    const openings = bytesToHex(encodeOpenings(openLeaves(leaves, samples), () => pair));
    await send('openClaim', [dealId, strataBitmap(STRATA), openings, node.address]);
  }

  /** Block by block: the many blocks of one call would not be chained by their hashes. */
  async function outlastWindow(): Promise<void> {
    for (let block = 0; block <= market.parameters.openingWindowBlocks + 2; block++) await market.mine(1);
  }

  async function settle(
    dealId: DealId,
    throughEpoch: number,
    pair?: ReceiptWithGrant,
  ): Promise<SignedVoucher> {
    const pairs = pair === undefined ? [] : [pair];
    const answer = await api.ok<SettlementAnswer>(room.settle(dealId, node, { throughEpoch, pairs }));
    return decodeSignedVoucher(base64UrlDecode(answer.voucher ?? ''));
  }

  it('counts a paid claim by its bytes and pays what follows by voucher', async () => {
    const { dealId, epoch, pair } = await served(1_000_000n);
    await commit(dealId, epoch, [pair]);
    const indexed = await api.ok<{ allocations: { lockedWei: string; throughEpoch: number }[] }>(
      api.get(`/v1/deals/${dealId}`, '/v1/deals/{dealId}'),
    );
    expect(indexed.allocations[0]).to.include({ lockedWei: '1000000', throughEpoch: epoch });
    await open(dealId, pair);
    const who = room.viewer();
    const granted = await room.requestGrants(who, { dealId });
    await market.endEpoch();
    await room.levelWithChain();
    const next = room.signReceipt(grantOf(granted, node), who.key, 77n);
    // The claim's own receipt, handed in once more, is not paid again.
    await settle(dealId, granted.epoch, pair);
    const voucher = await settle(dealId, granted.epoch, next);
    expect(voucher.voucher.cumulative).to.equal(1_000_077n);
    const { payments } = await redeemVouchers(node, [voucher], node.address);
    expect(payments.map(({ paidWei }) => paidWei)).to.deep.equal([77n]);
    await room.levelWithChain();
    const { total } = await api.ok<Books>(api.get(`/v1/earnings/${node.address}`, '/v1/earnings/{address}'));
    expect(total).to.deep.include({
      meteredWei: '1000077',
      settledWei: '1000077',
      paidWei: '1000077',
      lockedWei: '0',
    });
    expect(total.paidByRoute).to.deep.equal({
      voucher: '77',
      'direct-claim': '0',
      'sampled-claim': '1000000',
    });
  });

  it('offers exactly the voucher that takes the place of an open claim', async () => {
    const { dealId, epoch, pair } = await served(500n);
    await commit(dealId, epoch, [pair]);
    await market.endEpoch();
    await room.levelWithChain();
    const { voucher, signature } = await settle(dealId, epoch + 1, pair);
    expect(voucher).to.include({ throughEpoch: epoch, cumulative: 500n });
    await send('supersedeClaim', [voucher, bytesToHex(signature), node.address]);
    const allocation = await readAllocation(market.provider, market.deployment, {
      dealId,
      node: node.address,
    });
    expect(allocation?.paidWei).to.equal(500n);
    const after = await settle(dealId, epoch + 1);
    expect(after.voucher).to.include({ throughEpoch: epoch + 1, cumulative: 500n });
  });

  it('signs nothing below what an open claim locks, and says what would do', async () => {
    const { dealId, epoch, pair } = await served(500n);
    await commit(dealId, epoch, [pair], 1n);
    const refusal = await api.refused(
      room.settle(dealId, node, { throughEpoch: epoch, pairs: [pair] }),
      409,
      'CLAIM_OPEN',
    );
    expect(refusal.values).to.deep.equal({
      dealId,
      node: node.address,
      toEpoch: epoch,
      lockedWei: '501',
      dueWei: '500',
    });
  });

  it('pays nothing for the epochs of a void claim, but what an earlier voucher had promised', async () => {
    const { dealId, epoch, pair } = await served(500n);
    await commit(dealId, epoch, [pair], 1n);
    await outlastWindow();
    await send('voidClaim', [dealId, node.address]);
    expect((await settle(dealId, epoch, pair)).voucher.cumulative).to.equal(0n);

    const promised = await served(300n);
    expect((await settle(promised.dealId, promised.epoch, promised.pair)).voucher.cumulative).to.equal(300n);
    await commit(promised.dealId, promised.epoch, [promised.pair], 1n);
    await outlastWindow();
    await send('voidClaim', [promised.dealId, node.address]);
    expect((await settle(promised.dealId, promised.epoch)).voucher.cumulative).to.equal(300n);
  });

  it('keeps an earlier voucher for later epochs beside the one for a claim', async () => {
    const { dealId, epoch, pair } = await served(400n);
    await market.endEpoch();
    await room.levelWithChain();
    expect((await settle(dealId, epoch + 1, pair)).voucher).to.include({
      throughEpoch: epoch + 1,
      cumulative: 400n,
    });
    await commit(dealId, epoch, [pair]);
    expect((await settle(dealId, epoch)).voucher).to.include({ throughEpoch: epoch, cumulative: 400n });
    await open(dealId, pair);
    expect((await settle(dealId, epoch)).voucher).to.include({ throughEpoch: epoch + 1, cumulative: 400n });
  });
});
