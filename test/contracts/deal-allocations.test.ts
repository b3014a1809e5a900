import '@nomicfoundation/hardhat-ethers-chai-matchers';
import { expect } from 'chai';
import { AbiCoder, ZeroHash, id, keccak256, toBeHex } from 'ethers';

import {
  EPOCH_SECONDS,
  RATE,
  TOKEN,
  advanceEpochs,
  allocationRequest,
  dealIdOfSalt,
  dealRequest,
  deployWorld,
  openAllocated,
  openChain,
  registrationOf,
  signVoucher,
  type Chain,
  type World,
} from './market-fixture.ts';

const OPEN = 1n;
const CLOSING = 2n;
const ACTIVE = 1n;
const THAWING = 2n;
const RELEASED = 3n;
const UINT96_MAX = (1n << 96n) - 1n;

describe('DealMarket: allocations', () => {
  let chain: Chain;
  let world: World;
  const fixture = (): Promise<World> => deployWorld(chain);
  before(async () => {
    chain = await openChain();
  });
  beforeEach(async () => {
    world = await chain.networkHelpers.loadFixture(fixture);
  });
  const asPublisher = () => world.market.connect(world.publisher);

  describe('allocate', () => {
    it('moves free money to nodes at a rate that stays', async () => {
      const { market, node, otherNode } = world;
      await asPublisher().openDeal(dealRequest(world));
      const dealId = dealIdOfSalt(world, id('salt'));
      const epoch = await market.currentEpoch();
      await expect(
        asPublisher().allocate(dealId, [
          allocationRequest(node.address, 7n),
          allocationRequest(otherNode.address, 8n, 2n),
        ]),
      )
        .to.emit(market, 'Allocated')
        .withArgs(dealId, node.address, 7n, RATE)
        .and.to.emit(market, 'Allocated')
        .withArgs(dealId, otherNode.address, 8n, 2n);
      await asPublisher().allocate(dealId, [allocationRequest(node.address, 3n)]);
      const allocation = await market.allocationOf(dealId, node.address);
      expect(allocation.state).to.equal(ACTIVE);
      expect(allocation.balanceWei).to.equal(10n);
      expect(allocation.paidWei).to.equal(0n);
      expect(allocation.ratePerGiB).to.equal(RATE);
      expect(allocation.throughEpoch).to.equal(epoch - 1n);
      expect(allocation.thawEndEpoch).to.equal(0n);
      const deal = await market.dealOf(dealId);
      expect(deal.freeWei).to.equal(100n * TOKEN - 18n);
      expect(deal.openAllocations).to.equal(2n);
    });

    it('refuses strangers, empty and long lists, nothing, more than is free, another rate', async () => {
      const { market, node, stranger, publisher } = world;
      await asPublisher().openDeal(dealRequest(world));
      const dealId = dealIdOfSalt(world, id('salt'));
      const good = allocationRequest(node.address, 1n);
      await expect(market.connect(stranger).allocate(dealId, [good]))
        .to.be.revertedWithCustomError(market, 'NotPublisher')
        .withArgs(dealId, stranger.address, publisher.address);
      await expect(asPublisher().allocate(ZeroHash, [good]))
        .to.be.revertedWithCustomError(market, 'DealUnknown')
        .withArgs(ZeroHash);
      await expect(asPublisher().allocate(dealId, [])).to.be.revertedWithCustomError(market, 'ListEmpty');
      await expect(
        asPublisher().allocate(
          dealId,
          Array.from({ length: 65 }, () => good),
        ),
      )
        .to.be.revertedWithCustomError(market, 'ListTooLong')
        .withArgs(65n, 64n);
      await expect(
        asPublisher().allocate(dealId, [allocationRequest(node.address, 0n)]),
      ).to.be.revertedWithCustomError(market, 'AmountZero');
      await expect(
        asPublisher().allocate(dealId, [allocationRequest(node.address, 1n, 0n)]),
      ).to.be.revertedWithCustomError(market, 'RateZero');
      await expect(asPublisher().allocate(dealId, [good, allocationRequest(node.address, 100n * TOKEN)]))
        .to.be.revertedWithCustomError(market, 'InsufficientFree')
        .withArgs(dealId, 100n * TOKEN - 1n, 100n * TOKEN);
      await asPublisher().allocate(dealId, [good]);
      await expect(asPublisher().allocate(dealId, [allocationRequest(node.address, 1n, RATE + 1n)]))
        .to.be.revertedWithCustomError(market, 'RateMismatch')
        .withArgs(dealId, node.address, RATE, RATE + 1n);
    });

    it('refuses a node that is not an active edge', async () => {
      const { market, registry, stranger, node } = world;
      await asPublisher().openDeal(dealRequest(world));
      const dealId = dealIdOfSalt(world, id('salt'));
      const refuse = async (address: string) =>
        expect(asPublisher().allocate(dealId, [allocationRequest(address, 1n)]))
          .to.be.revertedWithCustomError(market, 'NodeNotActive')
          .withArgs(address);
      await refuse(stranger.address);
      await registry.connect(stranger).register(registrationOf('peer', { role: 1, stakeWei: 0n }));
      await refuse(stranger.address);
      await registry.connect(node).requestUnstake(1n);
      await refuse(node.address);
    });

    it('bounds everything ever allocated to a node, paid or not', async () => {
      const { market, token, publisher, node, deployment } = world;
      const slot = keccak256(
        AbiCoder.defaultAbiCoder().encode(['address', 'uint256'], [publisher.address, 0]),
      );
      await chain.networkHelpers.setStorageAt(deployment.token, slot, toBeHex(UINT96_MAX + 1n, 32));
      await token.connect(publisher).approve(deployment.market, UINT96_MAX + 1n);
      await asPublisher().openDeal(dealRequest(world, { depositWei: UINT96_MAX }));
      const dealId = dealIdOfSalt(world, id('salt'));
      await asPublisher().allocate(dealId, [allocationRequest(node.address, UINT96_MAX)]);
      const throughEpoch = (await advanceEpochs(world, 1)) - 1;
      const voucher = { dealId, node: node.address, throughEpoch, cumulative: UINT96_MAX - 1n };
      await market.connect(node).redeemVoucher(voucher, await signVoucher(world, voucher), node.address);
      expect((await market.allocationOf(dealId, node.address)).paidWei).to.equal(UINT96_MAX - 1n);
      await asPublisher().topUp(dealId, 1n);
      await expect(asPublisher().allocate(dealId, [allocationRequest(node.address, 1n)]))
        .to.be.revertedWithCustomError(market, 'AmountTooLarge')
        .withArgs(UINT96_MAX + 1n, UINT96_MAX);
    });

    it('refuses when the deal is closing', async () => {
      const dealId = await openAllocated(world);
      await asPublisher().closeDeal(dealId, []);
      await expect(asPublisher().allocate(dealId, [allocationRequest(world.node.address, 1n)]))
        .to.be.revertedWithCustomError(world.market, 'DealNotOpen')
        .withArgs(dealId, CLOSING);
    });

    it('makes a thawing or released allocation active again, keeping what was settled', async () => {
      const { market, node } = world;
      const dealId = await openAllocated(world);
      const before = await market.allocationOf(dealId, node.address);
      await asPublisher().thaw(dealId, [node.address]);
      await asPublisher().allocate(dealId, [allocationRequest(node.address, 1n)]);
      let allocation = await market.allocationOf(dealId, node.address);
      expect(allocation.state).to.equal(ACTIVE);
      expect(allocation.thawEndEpoch).to.equal(0n);
      await asPublisher().thaw(dealId, [node.address]);
      await advanceEpochs(world, 2);
      await asPublisher().release(dealId, [node.address]);
      await asPublisher().allocate(dealId, [allocationRequest(node.address, 5n)]);
      allocation = await market.allocationOf(dealId, node.address);
      expect(allocation.state).to.equal(ACTIVE);
      expect(allocation.balanceWei).to.equal(5n);
      expect(allocation.throughEpoch).to.equal(before.throughEpoch);
      expect((await market.dealOf(dealId)).openAllocations).to.equal(1n);
    });
  });

  describe('thaw and release', () => {
    it('returns the balance only after the thaw', async () => {
      const { market, node } = world;
      const dealId = await openAllocated(world);
      const end = BigInt(await advanceEpochs(world, 1)) + 2n;
      await expect(asPublisher().thaw(dealId, [node.address]))
        .to.emit(market, 'ThawStarted')
        .withArgs(dealId, node.address, end);
      expect((await market.allocationOf(dealId, node.address)).state).to.equal(THAWING);
      expect((await market.allocationOf(dealId, node.address)).thawEndEpoch).to.equal(end);
      await chain.networkHelpers.time.increaseTo(Number(end) * EPOCH_SECONDS - 2);
      await expect(asPublisher().release(dealId, [node.address]))
        .to.be.revertedWithCustomError(market, 'ThawNotEnded')
        .withArgs(dealId, node.address, end, end - 1n);
      await chain.networkHelpers.time.increaseTo(Number(end) * EPOCH_SECONDS);
      await expect(asPublisher().release(dealId, [node.address]))
        .to.emit(market, 'Released')
        .withArgs(dealId, node.address, 10n * TOKEN);
      const allocation = await market.allocationOf(dealId, node.address);
      expect(allocation.state).to.equal(RELEASED);
      expect(allocation.balanceWei).to.equal(0n);
      const deal = await market.dealOf(dealId);
      expect(deal.freeWei).to.equal(100n * TOKEN);
      expect(deal.openAllocations).to.equal(0n);
      expect(deal.state).to.equal(OPEN);
    });

    it('refuses strangers, bad lists and wrong states', async () => {
      const { market, node, otherNode, stranger, publisher } = world;
      const dealId = await openAllocated(world);
      for (const name of ['thaw', 'release'] as const) {
        await expect(market.connect(stranger)[name](dealId, [node.address]))
          .to.be.revertedWithCustomError(market, 'NotPublisher')
          .withArgs(dealId, stranger.address, publisher.address);
        await expect(asPublisher()[name](dealId, [])).to.be.revertedWithCustomError(market, 'ListEmpty');
        const many = Array.from({ length: 65 }, () => node.address);
        await expect(asPublisher()[name](dealId, many))
          .to.be.revertedWithCustomError(market, 'ListTooLong')
          .withArgs(65n, 64n);
        await expect(asPublisher()[name](dealId, [otherNode.address]))
          .to.be.revertedWithCustomError(market, 'WrongAllocationState')
          .withArgs(dealId, otherNode.address, 0n);
      }
      await expect(asPublisher().release(dealId, [node.address]))
        .to.be.revertedWithCustomError(market, 'WrongAllocationState')
        .withArgs(dealId, node.address, ACTIVE);
      await asPublisher().thaw(dealId, [node.address]);
      await expect(asPublisher().thaw(dealId, [node.address]))
        .to.be.revertedWithCustomError(market, 'WrongAllocationState')
        .withArgs(dealId, node.address, THAWING);
      await advanceEpochs(world, 2);
      await expect(asPublisher().release(dealId, [node.address, node.address]))
        .to.be.revertedWithCustomError(market, 'WrongAllocationState')
        .withArgs(dealId, node.address, RELEASED);
    });
  });
});
