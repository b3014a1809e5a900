import '@nomicfoundation/hardhat-ethers-chai-matchers';
import { expect } from 'chai';
import { Signature, getAddress, id, toBeHex } from 'ethers';

import type { DealId } from '../../sdk/protocol/identifiers.ts';
import {
  GIB,
  RATE,
  SECP256K1_ORDER,
  TOKEN,
  advanceEpochs,
  deployWorld,
  feeOf,
  grantOf,
  keyOf,
  openAllocated,
  openChain,
  signEntry,
  signVoucher,
  sorted,
  type Chain,
  type Entry,
  type World,
} from './market-fixture.ts';

describe('DealMarket: direct claims', () => {
  let chain: Chain;
  let world: World;
  let dealId: DealId;
  /** The epoch in which bytes were delivered; the current one is the next. */
  let epoch: number;
  const fixture = (): Promise<World> => deployWorld(chain);
  before(async () => {
    chain = await openChain();
  });
  beforeEach(async () => {
    world = await chain.networkHelpers.loadFixture(fixture);
    dealId = await openAllocated(world);
    epoch = (await advanceEpochs(world, 1)) - 1;
  });
  const claim = (entries: readonly Entry['receipt'][], toEpoch = epoch) =>
    world.market.connect(world.node).claimDirect(dealId, toEpoch, [...entries], world.node.address);
  const entry = (bytes: bigint, viewerWord = 'viewer', change: Parameters<typeof grantOf>[3] = {}) =>
    signEntry(
      world,
      grantOf(world, dealId, epoch, { viewerKey: keyOf(viewerWord).address, ...change }),
      bytes,
      { viewer: keyOf(viewerWord) },
    );

  it('pays all bytes at the rate, less the fee, and settles the epochs', async () => {
    const { market, node, stranger, token } = world;
    const entries = await Promise.all([entry(GIB / 2n, 'a'), entry(GIB, 'b'), entry(1n, 'c')]);
    const total = GIB / 2n + GIB + 1n;
    const paid = (total * RATE) >> 30n;
    await expect(market.connect(node).claimDirect(dealId, epoch, sorted(entries), stranger.address))
      .to.emit(market, 'DirectClaimed')
      .withArgs(dealId, node.address, stranger.address, epoch, total, paid, feeOf(paid))
      .and.to.emit(token, 'Transfer')
      .withArgs(getAddress(world.deployment.market), stranger.address, paid - feeOf(paid));
    const allocation = await market.allocationOf(dealId, node.address);
    expect(allocation.paidWei).to.equal(paid);
    expect(allocation.balanceWei).to.equal(10n * TOKEN - paid);
    expect(allocation.throughEpoch).to.equal(BigInt(epoch));
  });

  it('pays at most the balance; a later voucher can pay the rest', async () => {
    const { market, node, publisher } = world;
    const entries = await Promise.all(
      Array.from({ length: 11 }, (_, i) => entry(GIB, `viewer ${i}`, { capBytes: GIB })),
    );
    await claim(sorted(entries));
    expect((await market.allocationOf(dealId, node.address)).paidWei).to.equal(10n * TOKEN);
    await market
      .connect(publisher)
      .allocate(dealId, [{ node: node.address, amountWei: 5n * TOKEN, ratePerGiB: RATE }]);
    const voucher = { dealId, node: node.address, throughEpoch: epoch, cumulative: 11n * TOKEN };
    await market.connect(node).redeemVoucher(voucher, await signVoucher(world, voucher), node.address);
    expect((await market.allocationOf(dealId, node.address)).paidWei).to.equal(11n * TOKEN);
  });

  it('claims several epochs at once', async () => {
    const entries = [await entry(GIB, 'a')];
    await advanceEpochs(world, 1);
    entries.push(await entry(GIB, 'b', { epoch: epoch + 1 }));
    await claim(sorted(entries), epoch + 1);
    expect((await world.market.allocationOf(dealId, world.node.address)).paidWei).to.equal(2n * TOKEN);
  });

  it('refuses an epoch that has not ended', async () => {
    await expect(claim([(await entry(1n)).receipt], epoch + 1))
      .to.be.revertedWithCustomError(world.market, 'EpochNotEnded')
      .withArgs(epoch + 1, epoch + 1);
  });

  it('refuses to pay an epoch twice, by the same route or by both', async () => {
    const { market, node } = world;
    const { receipt } = await entry(GIB);
    await claim([receipt]);
    await expect(claim([receipt]))
      .to.be.revertedWithCustomError(market, 'EpochSettled')
      .withArgs(dealId, node.address, epoch, epoch);
    await advanceEpochs(world, 1);
    const late = await entry(GIB);
    await expect(claim([late.receipt], epoch + 1))
      .to.be.revertedWithCustomError(market, 'EpochOutsideClaim')
      .withArgs(late.hash, epoch, epoch, epoch + 1);
    const voucher = { dealId, node: node.address, throughEpoch: epoch, cumulative: TOKEN };
    await expect(market.connect(node).redeemVoucher(voucher, await signVoucher(world, voucher), node.address))
      .to.be.revertedWithCustomError(market, 'NothingDue')
      .withArgs(dealId, node.address, TOKEN, 9n * TOKEN);
  });

  it('refuses epochs that a voucher has settled', async () => {
    const { market, node } = world;
    const voucher = { dealId, node: node.address, throughEpoch: epoch, cumulative: 1n };
    await market.connect(node).redeemVoucher(voucher, await signVoucher(world, voucher), node.address);
    await expect(claim([(await entry(GIB)).receipt]))
      .to.be.revertedWithCustomError(market, 'EpochSettled')
      .withArgs(dealId, node.address, epoch, epoch);
  });

  it('refuses epochs before the allocation and after the claim', async () => {
    const allocatedAfter = Number((await world.market.allocationOf(dealId, world.node.address)).throughEpoch);
    for (const outside of [allocatedAfter, epoch + 1]) {
      const { hash, receipt } = await entry(1n, 'viewer', { epoch: outside });
      await expect(claim([receipt]))
        .to.be.revertedWithCustomError(world.market, 'EpochOutsideClaim')
        .withArgs(hash, outside, allocatedAfter, epoch);
    }
  });

  it('refuses a grant given twice and grants out of order', async () => {
    const { hash, receipt } = await entry(GIB);
    await expect(claim([receipt, receipt]))
      .to.be.revertedWithCustomError(world.market, 'GrantsNotSorted')
      .withArgs(hash, hash);
    const two = await Promise.all([entry(1n, 'a'), entry(1n, 'b')]);
    const falling = [...two].sort((a, b) => (a.hash < b.hash ? 1 : -1));
    await expect(claim(falling.map((one) => one.receipt)))
      .to.be.revertedWithCustomError(world.market, 'GrantsNotSorted')
      .withArgs(falling[0]?.hash, falling[1]?.hash);
  });

  it('refuses bytes above the cap, and a cap that the grant does not have', async () => {
    const { market } = world;
    const over = await entry(GIB + 1n);
    await expect(claim([over.receipt]))
      .to.be.revertedWithCustomError(market, 'CapExceeded')
      .withArgs(over.hash, GIB + 1n, GIB);
    const raised = { ...over.receipt, capBytes: GIB + 1n };
    const hash = await market.hashGrant(grantOf(world, dealId, epoch, { capBytes: GIB + 1n }));
    await expect(claim([raised]))
      .to.be.revertedWithCustomError(market, 'InvalidGrantSignature')
      .withArgs(hash);
  });

  it('refuses grants that the grant key did not sign', async () => {
    const { market } = world;
    const forged = await signEntry(world, grantOf(world, dealId, epoch), 1n, { grantKey: keyOf('nobody') });
    await expect(claim([forged.receipt]))
      .to.be.revertedWithCustomError(market, 'InvalidGrantSignature')
      .withArgs(forged.hash);
    const good = await entry(1n);
    const blank = { ...good.receipt, grantR: id('x'), grantVS: `0x${'00'.repeat(32)}` };
    await expect(claim([blank]))
      .to.be.revertedWithCustomError(market, 'InvalidGrantSignature')
      .withArgs(good.hash);
  });

  it('refuses receipts that the viewer did not sign, or signed for other bytes', async () => {
    const { market } = world;
    const forged = await signEntry(world, grantOf(world, dealId, epoch), 1n, { viewer: keyOf('nobody') });
    await expect(claim([forged.receipt]))
      .to.be.revertedWithCustomError(market, 'InvalidReceiptSignature')
      .withArgs(forged.hash);
    const good = await entry(1n);
    await expect(claim([{ ...good.receipt, bytesCumulative: 2n }]))
      .to.be.revertedWithCustomError(market, 'InvalidReceiptSignature')
      .withArgs(good.hash);
    const blank = { ...good.receipt, receiptR: id('x'), receiptVS: `0x${'00'.repeat(32)}` };
    await expect(claim([blank]))
      .to.be.revertedWithCustomError(market, 'InvalidReceiptSignature')
      .withArgs(good.hash);
  });

  it('refuses the malleable twins of both signatures', async () => {
    const { market } = world;
    const { hash, receipt } = await entry(1n);
    const twinOf = (r: string, vs: string): string => {
      const { s, yParity } = Signature.from({ r, yParityAndS: vs });
      return toBeHex(BigInt.asUintN(255, SECP256K1_ORDER - BigInt(s)) | (BigInt(1 - yParity) << 255n), 32);
    };
    await expect(claim([{ ...receipt, grantVS: twinOf(receipt.grantR, receipt.grantVS) }]))
      .to.be.revertedWithCustomError(market, 'InvalidGrantSignature')
      .withArgs(hash);
    await expect(claim([{ ...receipt, receiptVS: twinOf(receipt.receiptR, receipt.receiptVS) }]))
      .to.be.revertedWithCustomError(market, 'InvalidReceiptSignature')
      .withArgs(hash);
    await claim([receipt]);
  });

  it('refuses grants for another node, deal or content', async () => {
    const { market, otherNode } = world;
    const second = await openAllocated(world, TOKEN, { salt: id('second') });
    const expected = await market.hashGrant(grantOf(world, dealId, epoch));
    for (const change of [{ node: otherNode.address }, { dealId: second }, { contentRoot: id('other') }]) {
      const { receipt } = await entry(1n, 'viewer', change);
      await expect(claim([receipt]))
        .to.be.revertedWithCustomError(market, 'InvalidGrantSignature')
        .withArgs(expected);
    }
  });

  it('takes the previous grant key for epochs up to its last one only', async () => {
    const { market, publisher, collector } = world;
    const next = keyOf('next grant key');
    await market.connect(publisher).rotateKeys(dealId, next.address, collector.address);
    const lastEpoch = epoch + 2;
    await advanceEpochs(world, 4);
    const old = await entry(GIB, 'a', { epoch: lastEpoch });
    const fresh = await signEntry(
      world,
      grantOf(world, dealId, lastEpoch + 1, { viewerKey: keyOf('b').address }),
      GIB,
      { grantKey: next, viewer: keyOf('b') },
    );
    const stale = await entry(GIB, 'c', { epoch: lastEpoch + 1 });
    await expect(claim([stale.receipt], lastEpoch + 1))
      .to.be.revertedWithCustomError(market, 'InvalidGrantSignature')
      .withArgs(stale.hash);
    const foreign = await signEntry(world, grantOf(world, dealId, lastEpoch), GIB, {
      grantKey: keyOf('nobody'),
    });
    await expect(claim([foreign.receipt], lastEpoch + 1))
      .to.be.revertedWithCustomError(market, 'InvalidGrantSignature')
      .withArgs(foreign.hash);
    await claim(sorted([old, fresh]), lastEpoch + 1);
    expect((await market.allocationOf(dealId, world.node.address)).paidWei).to.equal(2n * TOKEN);
  });

  it('refuses empty and long lists, and a claim that pays nothing', async () => {
    const { market, node, otherNode } = world;
    await expect(claim([])).to.be.revertedWithCustomError(market, 'ListEmpty');
    const { receipt } = await entry(0n);
    const many = Array.from({ length: 513 }, () => receipt);
    await expect(claim(many)).to.be.revertedWithCustomError(market, 'ListTooLong').withArgs(513n, 512n);
    await expect(claim([receipt]))
      .to.be.revertedWithCustomError(market, 'NothingDue')
      .withArgs(dealId, node.address, 0n, 10n * TOKEN);
    const foreign = await entry(GIB, 'viewer', { node: otherNode.address });
    await expect(market.connect(otherNode).claimDirect(dealId, epoch, [foreign.receipt], otherNode.address))
      .to.be.revertedWithCustomError(market, 'NothingDue')
      .withArgs(dealId, otherNode.address, 0n, 0n);
  });
});
