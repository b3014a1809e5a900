import '@nomicfoundation/hardhat-ethers-chai-matchers';
import { expect } from 'chai';
import {
  AbiCoder,
  ContractFactory,
  Signature,
  ZeroAddress,
  ZeroHash,
  getAddress,
  id,
  keccak256,
  toBeHex,
} from 'ethers';

import { dealIdOf } from '../../sdk/chain/deals.ts';
import { dealMarketAbi } from '../../sdk/chain/generated/abi.ts';
import { dealMarketBytecode } from '../../sdk/chain/generated/bytecode.ts';
import type { Hex } from '../../sdk/protocol/bytes.ts';
import { parseAddress, type DealId } from '../../sdk/protocol/identifiers.ts';
import {
  EPOCH_SECONDS,
  RATE,
  TOKEN,
  advanceEpochs,
  contentRoot,
  dealRequest,
  deployWorld,
  instrumentedBytecodes,
  openAllocated,
  openChain,
  registrationOf,
  signVoucher,
  type Chain,
  type World,
} from './market-fixture.ts';

const OPEN = 1n;
const CLOSING = 2n;
const CLOSED = 3n;
const ACTIVE = 1n;
const THAWING = 2n;
const RELEASED = 3n;
const UINT96_MAX = (1n << 96n) - 1n;

describe('DealMarket: the publisher', () => {
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
  const idOf = (salt: string): DealId =>
    dealIdOf(world.deployment, parseAddress(world.publisher.address), salt as Hex);
  const request = (node: string, amountWei: bigint, ratePerGiB = RATE) => ({ node, amountWei, ratePerGiB });

  describe('deployment', () => {
    const terms = () => ({
      token: world.deployment.token,
      registry: world.deployment.registry,
      epochSeconds: 100,
      claimWindowEpochs: 1,
      thawEpochs: 2,
      protocolFeeBps: 100,
      claimSamples: 16,
      saltWindowBlocks: 1,
      openingWindowBlocks: 64,
      claimBondFloorWei: TOKEN,
      feeRecipient: world.deployer.address,
    });
    const deploy = async (change: object) => {
      const bytecode = (await instrumentedBytecodes())?.dealMarketBytecode ?? dealMarketBytecode;
      const changed = { ...terms(), ...change };
      return new ContractFactory([...dealMarketAbi], bytecode, world.deployer).deploy(changed);
    };

    it('states its terms', async () => {
      const read = await world.market.terms();
      expect(read.token).to.equal(getAddress(world.deployment.token));
      expect(read.registry).to.equal(getAddress(world.deployment.registry));
      expect(read.epochSeconds).to.equal(100n);
      expect(read.claimWindowEpochs).to.equal(1n);
      expect(read.thawEpochs).to.equal(2n);
      expect(read.protocolFeeBps).to.equal(100n);
      expect([read.claimSamples, read.claimBondFloorWei]).to.deep.equal([16n, TOKEN]);
      expect([read.saltWindowBlocks, read.openingWindowBlocks]).to.deep.equal([1n, 64n]);
      expect(read.feeRecipient).to.equal(world.deployer.address);
      expect(await world.market.epochSeconds()).to.equal(100n);
      const now = await chain.networkHelpers.time.latest();
      expect(await world.market.currentEpoch()).to.equal(BigInt(Math.floor(now / EPOCH_SECONDS)));
    });

    it('refuses terms that would harm a party', async () => {
      const { market } = world;
      for (const change of [
        { token: ZeroAddress },
        { registry: ZeroAddress },
        { feeRecipient: ZeroAddress },
      ]) {
        await expect(deploy(change)).to.be.revertedWithCustomError(market, 'AddressZero');
      }
      for (const epochSeconds of [0, 30 * 86_400 + 1]) {
        await expect(deploy({ epochSeconds }))
          .to.be.revertedWithCustomError(market, 'InvalidEpochSeconds')
          .withArgs(epochSeconds, 30 * 86_400);
      }
      await expect(deploy({ thawEpochs: 1 }))
        .to.be.revertedWithCustomError(market, 'ThawTooShort')
        .withArgs(1n, 2n);
      await expect(deploy({ protocolFeeBps: 501 }))
        .to.be.revertedWithCustomError(market, 'FeeTooHigh')
        .withArgs(501n, 500n);
      for (const claimSamples of [0, 33]) {
        await expect(deploy({ claimSamples }))
          .to.be.revertedWithCustomError(world.claims, 'InvalidClaimSamples')
          .withArgs(claimSamples, 32);
      }
      for (const [saltWindowBlocks, openingWindowBlocks] of [
        [64, 64],
        [256, 1_000],
      ]) {
        await expect(deploy({ saltWindowBlocks, openingWindowBlocks }))
          .to.be.revertedWithCustomError(world.claims, 'ClaimWindowsInvalid')
          .withArgs(saltWindowBlocks, openingWindowBlocks);
      }
      await deploy({ protocolFeeBps: 0, feeRecipient: ZeroAddress });
    });
  });

  describe('openDeal', () => {
    it('escrows the deposit under an identifier of chain, contract, publisher and salt', async () => {
      const { market, publisher, deployment, collector, grantKey, token } = world;
      const dealId = keccak256(
        AbiCoder.defaultAbiCoder().encode(
          ['uint256', 'address', 'address', 'bytes32'],
          [deployment.chainId, deployment.market, publisher.address, id('salt')],
        ),
      );
      expect(idOf(id('salt'))).to.equal(dealId);
      expect(await asPublisher().openDeal.staticCall(dealRequest(world))).to.equal(dealId);
      await expect(asPublisher().openDeal(dealRequest(world)))
        .to.emit(market, 'DealOpened')
        .withArgs(
          dealId,
          publisher.address,
          contentRoot,
          0x70,
          1n,
          collector.address,
          grantKey.address,
          100n * TOKEN,
        );
      expect(await token.balanceOf(deployment.market)).to.equal(100n * TOKEN);
      const deal = await market.dealOf(dealId);
      expect(deal.state).to.equal(OPEN);
      expect(deal.publisher).to.equal(publisher.address);
      expect(deal.collector).to.equal(collector.address);
      expect(deal.grantKey).to.equal(grantKey.address);
      expect(deal.previousCollector).to.equal(ZeroAddress);
      expect(deal.contentRoot).to.equal(contentRoot);
      expect(deal.contentCodec).to.equal(0x70n);
      expect(deal.serviceLevel).to.equal(1n);
      expect(deal.freeWei).to.equal(100n * TOKEN);
      expect(deal.openAllocations).to.equal(0n);
    });

    it('opens without a deposit', async () => {
      await asPublisher().openDeal(dealRequest(world, { depositWei: 0n }));
      expect((await world.market.dealOf(idOf(id('salt')))).freeWei).to.equal(0n);
    });

    it('refuses a used salt, missing keys, missing content and an uncountable deposit', async () => {
      const { market } = world;
      await asPublisher().openDeal(dealRequest(world));
      await expect(asPublisher().openDeal(dealRequest(world)))
        .to.be.revertedWithCustomError(market, 'DealExists')
        .withArgs(idOf(id('salt')));
      const salt = id('other');
      for (const change of [{ collector: ZeroAddress }, { grantKey: ZeroAddress }]) {
        await expect(
          asPublisher().openDeal(dealRequest(world, { salt, ...change })),
        ).to.be.revertedWithCustomError(market, 'AddressZero');
      }
      await expect(
        asPublisher().openDeal(dealRequest(world, { salt, contentRoot: ZeroHash })),
      ).to.be.revertedWithCustomError(market, 'ContentRootMissing');
      await expect(asPublisher().openDeal(dealRequest(world, { salt, depositWei: UINT96_MAX + 1n })))
        .to.be.revertedWithCustomError(market, 'AmountTooLarge')
        .withArgs(UINT96_MAX + 1n, UINT96_MAX);
    });

    it('refuses a deposit that the publisher does not own', async () => {
      await expect(world.market.connect(world.stranger).openDeal(dealRequest(world)))
        .to.be.revertedWithCustomError(world.token, 'ERC20InsufficientAllowance')
        .withArgs(getAddress(world.deployment.market), 0n, 100n * TOKEN);
    });

    it('takes the approval by permit', async () => {
      const wallet = chain.ethers.Wallet.createRandom(chain.ethers.provider);
      await world.token.transfer(wallet.address, 5n * TOKEN);
      await world.deployer.sendTransaction({ to: wallet.address, value: TOKEN });
      const types = {
        Permit: [
          { name: 'owner', type: 'address' },
          { name: 'spender', type: 'address' },
          { name: 'value', type: 'uint256' },
          { name: 'nonce', type: 'uint256' },
          { name: 'deadline', type: 'uint256' },
        ],
      };
      const { chainId, token, market } = world.deployment;
      const deadline = (await chain.networkHelpers.time.latest()) + 100;
      const message = { owner: wallet.address, spender: market, value: 5n * TOKEN, nonce: 0n, deadline };
      const domain = { name: 'BCDN', version: '1', chainId, verifyingContract: token };
      const { v, r, s } = Signature.from(await wallet.signTypedData(domain, types, message));
      const open = (permit: { deadline: number; v: number; r: string; s: string }) =>
        world.market
          .connect(wallet)
          .openDealWithPermit(dealRequest(world, { depositWei: 5n * TOKEN }), permit);
      await expect(open({ deadline, v, r, s: id('forged') })).to.be.revertedWithCustomError(
        world.token,
        'ERC20InsufficientAllowance',
      );
      await open({ deadline, v, r, s });
      expect(await world.token.balanceOf(market)).to.equal(5n * TOKEN);
    });
  });

  describe('topUp', () => {
    it('adds tokens of anybody to the free part', async () => {
      await asPublisher().openDeal(dealRequest(world));
      const dealId = idOf(id('salt'));
      await expect(world.market.connect(world.otherNode).topUp(dealId, 3n))
        .to.emit(world.market, 'ToppedUp')
        .withArgs(dealId, world.otherNode.address, 3n);
      expect((await world.market.dealOf(dealId)).freeWei).to.equal(100n * TOKEN + 3n);
    });

    it('refuses nothing, an unknown deal, too much, and a deal that is closing', async () => {
      const { market } = world;
      await asPublisher().openDeal(dealRequest(world));
      const dealId = idOf(id('salt'));
      await expect(asPublisher().topUp(dealId, 0n)).to.be.revertedWithCustomError(market, 'AmountZero');
      await expect(asPublisher().topUp(ZeroHash, 1n))
        .to.be.revertedWithCustomError(market, 'DealUnknown')
        .withArgs(ZeroHash);
      await expect(asPublisher().topUp(dealId, UINT96_MAX))
        .to.be.revertedWithCustomError(market, 'AmountTooLarge')
        .withArgs(UINT96_MAX + 100n * TOKEN, UINT96_MAX);
      await asPublisher().closeDeal(dealId, []);
      await expect(asPublisher().topUp(dealId, 1n))
        .to.be.revertedWithCustomError(market, 'DealNotOpen')
        .withArgs(dealId, CLOSED);
    });
  });

  describe('allocate', () => {
    it('moves free money to nodes at a rate that stays', async () => {
      const { market, node, otherNode } = world;
      await asPublisher().openDeal(dealRequest(world));
      const dealId = idOf(id('salt'));
      const epoch = await market.currentEpoch();
      await expect(
        asPublisher().allocate(dealId, [request(node.address, 7n), request(otherNode.address, 8n, 2n)]),
      )
        .to.emit(market, 'Allocated')
        .withArgs(dealId, node.address, 7n, RATE)
        .and.to.emit(market, 'Allocated')
        .withArgs(dealId, otherNode.address, 8n, 2n);
      await asPublisher().allocate(dealId, [request(node.address, 3n)]);
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
      const dealId = idOf(id('salt'));
      const good = request(node.address, 1n);
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
      await expect(asPublisher().allocate(dealId, [request(node.address, 0n)])).to.be.revertedWithCustomError(
        market,
        'AmountZero',
      );
      await expect(
        asPublisher().allocate(dealId, [request(node.address, 1n, 0n)]),
      ).to.be.revertedWithCustomError(market, 'RateZero');
      await expect(asPublisher().allocate(dealId, [good, request(node.address, 100n * TOKEN)]))
        .to.be.revertedWithCustomError(market, 'InsufficientFree')
        .withArgs(dealId, 100n * TOKEN - 1n, 100n * TOKEN);
      await asPublisher().allocate(dealId, [good]);
      await expect(asPublisher().allocate(dealId, [request(node.address, 1n, RATE + 1n)]))
        .to.be.revertedWithCustomError(market, 'RateMismatch')
        .withArgs(dealId, node.address, RATE, RATE + 1n);
    });

    it('refuses a node that is not an active edge', async () => {
      const { market, registry, stranger, node } = world;
      await asPublisher().openDeal(dealRequest(world));
      const dealId = idOf(id('salt'));
      const refuse = async (address: string) =>
        expect(asPublisher().allocate(dealId, [request(address, 1n)]))
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
      const dealId = idOf(id('salt'));
      await asPublisher().allocate(dealId, [request(node.address, UINT96_MAX)]);
      const throughEpoch = (await advanceEpochs(world, 1)) - 1;
      const voucher = { dealId, node: node.address, throughEpoch, cumulative: UINT96_MAX - 1n };
      await market.connect(node).redeemVoucher(voucher, await signVoucher(world, voucher), node.address);
      expect((await market.allocationOf(dealId, node.address)).paidWei).to.equal(UINT96_MAX - 1n);
      await asPublisher().topUp(dealId, 1n);
      await expect(asPublisher().allocate(dealId, [request(node.address, 1n)]))
        .to.be.revertedWithCustomError(market, 'AmountTooLarge')
        .withArgs(UINT96_MAX + 1n, UINT96_MAX);
    });

    it('refuses when the deal is closing', async () => {
      const dealId = await openAllocated(world);
      await asPublisher().closeDeal(dealId, []);
      await expect(asPublisher().allocate(dealId, [request(world.node.address, 1n)]))
        .to.be.revertedWithCustomError(world.market, 'DealNotOpen')
        .withArgs(dealId, CLOSING);
    });

    it('makes a thawing or released allocation active again, keeping what was settled', async () => {
      const { market, node } = world;
      const dealId = await openAllocated(world);
      const before = await market.allocationOf(dealId, node.address);
      await asPublisher().thaw(dealId, [node.address]);
      await asPublisher().allocate(dealId, [request(node.address, 1n)]);
      let allocation = await market.allocationOf(dealId, node.address);
      expect(allocation.state).to.equal(ACTIVE);
      expect(allocation.thawEndEpoch).to.equal(0n);
      await asPublisher().thaw(dealId, [node.address]);
      await advanceEpochs(world, 2);
      await asPublisher().release(dealId, [node.address]);
      await asPublisher().allocate(dealId, [request(node.address, 5n)]);
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

  describe('closeDeal', () => {
    it('thaws what is active, and closes with the last release', async () => {
      const { market, node, otherNode } = world;
      const dealId = await openAllocated(world);
      await asPublisher().allocate(dealId, [request(otherNode.address, 5n)]);
      await expect(asPublisher().closeDeal(dealId, [node.address]))
        .to.emit(market, 'DealClosing')
        .withArgs(dealId)
        .and.to.emit(market, 'ThawStarted');
      expect((await market.dealOf(dealId)).state).to.equal(CLOSING);
      const again = asPublisher().closeDeal(dealId, [node.address, otherNode.address]);
      await expect(again).to.emit(market, 'ThawStarted');
      await expect(again).not.to.emit(market, 'DealClosing');
      await advanceEpochs(world, 2);
      await expect(asPublisher().release(dealId, [node.address])).not.to.emit(market, 'DealClosed');
      await expect(asPublisher().release(dealId, [otherNode.address]))
        .to.emit(market, 'DealClosed')
        .withArgs(dealId);
      expect((await market.dealOf(dealId)).state).to.equal(CLOSED);
      await asPublisher().withdraw(dealId, 100n * TOKEN, world.publisher.address);
      expect(await world.token.balanceOf(world.deployment.market)).to.equal(0n);
    });

    it('closes at once when nothing is allocated, and refuses to close twice', async () => {
      await asPublisher().openDeal(dealRequest(world));
      const dealId = idOf(id('salt'));
      await expect(asPublisher().closeDeal(dealId, [])).to.emit(world.market, 'DealClosed').withArgs(dealId);
      await expect(asPublisher().closeDeal(dealId, []))
        .to.be.revertedWithCustomError(world.market, 'DealNotOpen')
        .withArgs(dealId, CLOSED);
    });

    it('refuses strangers and long lists', async () => {
      const { market, stranger, publisher, node } = world;
      const dealId = await openAllocated(world);
      await expect(market.connect(stranger).closeDeal(dealId, []))
        .to.be.revertedWithCustomError(market, 'NotPublisher')
        .withArgs(dealId, stranger.address, publisher.address);
      const many = Array.from({ length: 65 }, () => node.address);
      await expect(asPublisher().closeDeal(dealId, many))
        .to.be.revertedWithCustomError(market, 'ListTooLong')
        .withArgs(65n, 64n);
    });
  });

  describe('withdraw', () => {
    it('sends free tokens where the publisher wants', async () => {
      const { market, token, stranger } = world;
      const dealId = await openAllocated(world);
      await expect(asPublisher().withdraw(dealId, 90n * TOKEN, stranger.address))
        .to.emit(market, 'Withdrawn')
        .withArgs(dealId, stranger.address, 90n * TOKEN);
      expect(await token.balanceOf(stranger.address)).to.equal(90n * TOKEN);
      expect((await market.dealOf(dealId)).freeWei).to.equal(0n);
    });

    it('refuses strangers, nothing, and what is allocated', async () => {
      const { market, stranger, publisher, node } = world;
      const dealId = await openAllocated(world);
      await expect(market.connect(stranger).withdraw(dealId, 1n, stranger.address))
        .to.be.revertedWithCustomError(market, 'NotPublisher')
        .withArgs(dealId, stranger.address, publisher.address);
      await expect(asPublisher().withdraw(dealId, 0n, publisher.address)).to.be.revertedWithCustomError(
        market,
        'AmountZero',
      );
      const refused = () =>
        expect(asPublisher().withdraw(dealId, 90n * TOKEN + 1n, publisher.address))
          .to.be.revertedWithCustomError(market, 'InsufficientFree')
          .withArgs(dealId, 90n * TOKEN, 90n * TOKEN + 1n);
      await refused();
      await asPublisher().thaw(dealId, [node.address]);
      await refused();
      await advanceEpochs(world, 5);
      await refused();
    });
  });

  describe('rotateKeys', () => {
    it('keeps the keys before for epochs up to the next one', async () => {
      const { market, stranger, node, collector, grantKey } = world;
      const dealId = await openAllocated(world);
      const epoch = await market.currentEpoch();
      await expect(asPublisher().rotateKeys(dealId, stranger.address, node.address))
        .to.emit(market, 'KeysRotated')
        .withArgs(dealId, stranger.address, node.address, epoch + 1n);
      const deal = await market.dealOf(dealId);
      expect(deal.grantKey).to.equal(stranger.address);
      expect(deal.collector).to.equal(node.address);
      expect(deal.previousGrantKey).to.equal(grantKey.address);
      expect(deal.previousCollector).to.equal(collector.address);
      expect(deal.keyLastEpoch).to.equal(epoch + 1n);
    });

    it('refuses a second rotation until the keys before are out of every claim window', async () => {
      const { market, stranger, node } = world;
      const dealId = await openAllocated(world);
      const epoch = BigInt(await advanceEpochs(world, 1));
      const rotate = () => asPublisher().rotateKeys(dealId, stranger.address, node.address);
      await rotate();
      await advanceEpochs(world, 2);
      await expect(rotate())
        .to.be.revertedWithCustomError(market, 'RotationTooEarly')
        .withArgs(dealId, epoch + 3n, epoch + 2n);
      await advanceEpochs(world, 1);
      await rotate();
    });

    it('refuses strangers and missing keys', async () => {
      const { market, stranger, publisher } = world;
      const dealId = await openAllocated(world);
      await expect(market.connect(stranger).rotateKeys(dealId, stranger.address, stranger.address))
        .to.be.revertedWithCustomError(market, 'NotPublisher')
        .withArgs(dealId, stranger.address, publisher.address);
      for (const [grantKey, collector] of [
        [ZeroAddress, stranger.address],
        [stranger.address, ZeroAddress],
      ] as const) {
        await expect(asPublisher().rotateKeys(dealId, grantKey, collector)).to.be.revertedWithCustomError(
          market,
          'AddressZero',
        );
      }
    });
  });
});
