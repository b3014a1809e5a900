import '@nomicfoundation/hardhat-ethers-chai-matchers';
import { expect } from 'chai';
import { AbiCoder, Signature, ZeroAddress, ZeroHash, getAddress, id, keccak256 } from 'ethers';

import {
  TOKEN,
  advanceEpochs,
  contentRoot,
  allocationRequest,
  dealIdOfSalt,
  dealRequest,
  deployWorld,
  openAllocated,
  openChain,
  type Chain,
  type World,
} from './market-fixture.ts';

const OPEN = 1n;
const CLOSING = 2n;
const CLOSED = 3n;
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

  describe('openDeal', () => {
    it('escrows the deposit under an identifier of chain, contract, publisher and salt', async () => {
      const { market, publisher, deployment, collector, grantKey, token } = world;
      const dealId = keccak256(
        AbiCoder.defaultAbiCoder().encode(
          ['uint256', 'address', 'address', 'bytes32'],
          [deployment.chainId, deployment.market, publisher.address, id('salt')],
        ),
      );
      expect(dealIdOfSalt(world, id('salt'))).to.equal(dealId);
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
      expect((await world.market.dealOf(dealIdOfSalt(world, id('salt')))).freeWei).to.equal(0n);
    });

    it('refuses a used salt, missing keys, missing content and an uncountable deposit', async () => {
      const { market } = world;
      await asPublisher().openDeal(dealRequest(world));
      await expect(asPublisher().openDeal(dealRequest(world)))
        .to.be.revertedWithCustomError(market, 'DealExists')
        .withArgs(dealIdOfSalt(world, id('salt')));
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
      const dealId = dealIdOfSalt(world, id('salt'));
      await expect(world.market.connect(world.otherNode).topUp(dealId, 3n))
        .to.emit(world.market, 'ToppedUp')
        .withArgs(dealId, world.otherNode.address, 3n);
      expect((await world.market.dealOf(dealId)).freeWei).to.equal(100n * TOKEN + 3n);
    });

    it('refuses nothing, an unknown deal, too much, and a deal that is closing', async () => {
      const { market } = world;
      await asPublisher().openDeal(dealRequest(world));
      const dealId = dealIdOfSalt(world, id('salt'));
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

  describe('closeDeal', () => {
    it('thaws what is active, and closes with the last release', async () => {
      const { market, node, otherNode } = world;
      const dealId = await openAllocated(world);
      await asPublisher().allocate(dealId, [allocationRequest(otherNode.address, 5n)]);
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
      const dealId = dealIdOfSalt(world, id('salt'));
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
