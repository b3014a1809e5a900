import '@nomicfoundation/hardhat-ethers-chai-matchers';
import { expect } from 'chai';
import { Signature, getAddress, id, toBeHex, type Wallet } from 'ethers';

import { dealIdOf } from '../../sdk/chain/deals.ts';
import type { Hex } from '../../sdk/protocol/bytes.ts';
import { parseAddress, type DealId } from '../../sdk/protocol/identifiers.ts';
import {
  RATE,
  SECP256K1_ORDER,
  TOKEN,
  TYPES,
  advanceEpochs,
  deployWorld,
  feeOf,
  keyOf,
  openAllocated,
  openChain,
  signVoucher,
  typedDomain,
  type Chain,
  type Voucher,
  type World,
} from './market-fixture.ts';

describe('DealMarket: vouchers', () => {
  let chain: Chain;
  let world: World;
  let dealId: DealId;
  let epoch: number;
  const fixture = (): Promise<World> => deployWorld(chain);
  before(async () => {
    chain = await openChain();
  });
  beforeEach(async () => {
    world = await chain.networkHelpers.loadFixture(fixture);
    dealId = await openAllocated(world);
    epoch = await advanceEpochs(world, 1);
  });
  const asNode = () => world.market.connect(world.node);
  const voucherOf = (cumulative: bigint, change: Partial<Voucher> = {}): Voucher => ({
    dealId,
    node: world.node.address,
    throughEpoch: epoch - 1,
    cumulative,
    ...change,
  });
  const redeem = async (voucher: Voucher, by?: Wallet) =>
    asNode().redeemVoucher(voucher, await signVoucher(world, voucher, by), world.node.address);

  describe('redeemVoucher', () => {
    it('pays the difference less the fee, announces it, and settles the epochs', async () => {
      const { market, token, node, stranger } = world;
      const voucher = voucherOf(3n * TOKEN);
      const signature = await signVoucher(world, voucher);
      await expect(asNode().redeemVoucher(voucher, signature, stranger.address))
        .to.emit(market, 'VoucherRedeemed')
        .withArgs(
          dealId,
          node.address,
          stranger.address,
          epoch - 1,
          3n * TOKEN,
          3n * TOKEN,
          feeOf(3n * TOKEN),
        );
      expect(await token.balanceOf(stranger.address)).to.equal(3n * TOKEN - feeOf(3n * TOKEN));
      const allocation = await market.allocationOf(dealId, node.address);
      expect(allocation.balanceWei).to.equal(7n * TOKEN);
      expect(allocation.paidWei).to.equal(3n * TOKEN);
      expect(allocation.throughEpoch).to.equal(BigInt(epoch - 1));
      expect(allocation.feeUncollectedWei).to.equal(feeOf(3n * TOKEN));
      expect(allocation.ratePerGiB).to.equal(RATE);

      epoch = await advanceEpochs(world, 1);
      await expect(redeem(voucherOf(5n * TOKEN)))
        .to.emit(market, 'VoucherRedeemed')
        .withArgs(dealId, node.address, node.address, epoch - 1, 5n * TOKEN, 2n * TOKEN, feeOf(2n * TOKEN));
    });

    it('pays at most the balance; the remainder stays payable by the same voucher', async () => {
      const { market, node, publisher } = world;
      const voucher = voucherOf(12n * TOKEN);
      await redeem(voucher);
      expect((await market.allocationOf(dealId, node.address)).paidWei).to.equal(10n * TOKEN);
      await expect(redeem(voucher))
        .to.be.revertedWithCustomError(market, 'NothingDue')
        .withArgs(dealId, node.address, 10n * TOKEN, 0n);
      await market
        .connect(publisher)
        .allocate(dealId, [{ node: node.address, amountWei: 5n * TOKEN, ratePerGiB: RATE }]);
      await redeem(voucher);
      const allocation = await market.allocationOf(dealId, node.address);
      expect(allocation.paidWei).to.equal(12n * TOKEN);
      expect(allocation.balanceWei).to.equal(3n * TOKEN);
    });

    it('pays while the allocation thaws and not after its release', async () => {
      const { market, node, publisher } = world;
      const asPublisher = market.connect(publisher);
      await asPublisher.closeDeal(dealId, [node.address]);
      await redeem(voucherOf(1n * TOKEN));
      await advanceEpochs(world, 2);
      await asPublisher.release(dealId, [node.address]);
      await expect(redeem(voucherOf(2n * TOKEN)))
        .to.be.revertedWithCustomError(market, 'NothingDue')
        .withArgs(dealId, node.address, 1n * TOKEN, 0n);
      expect((await market.dealOf(dealId)).freeWei).to.equal(99n * TOKEN);
    });

    it('refuses everybody but the node, so that a publisher cannot settle epochs with a tiny voucher', async () => {
      const { market, node, publisher, otherNode } = world;
      const voucher = voucherOf(1n);
      const signature = await signVoucher(world, voucher);
      for (const thief of [publisher, otherNode]) {
        await expect(market.connect(thief).redeemVoucher(voucher, signature, thief.address))
          .to.be.revertedWithCustomError(market, 'WrongNode')
          .withArgs(node.address, thief.address);
      }
    });

    it('refuses epochs that have not ended and epochs before what is settled', async () => {
      const { market, node } = world;
      await expect(redeem(voucherOf(1n, { throughEpoch: epoch })))
        .to.be.revertedWithCustomError(market, 'EpochNotEnded')
        .withArgs(epoch, epoch);
      await redeem(voucherOf(1n));
      await expect(redeem(voucherOf(2n, { throughEpoch: epoch - 2 })))
        .to.be.revertedWithCustomError(market, 'EpochSettled')
        .withArgs(dealId, node.address, epoch - 2, epoch - 1);
    });

    it('refuses a voucher that pays nothing more', async () => {
      const { market, node } = world;
      await redeem(voucherOf(5n));
      for (const cumulative of [0n, 4n, 5n]) {
        await expect(redeem(voucherOf(cumulative)))
          .to.be.revertedWithCustomError(market, 'NothingDue')
          .withArgs(dealId, node.address, 5n, 10n * TOKEN - 5n);
      }
    });

    it('refuses signatures of others, of other values, malformed and malleable ones', async () => {
      const { market, node } = world;
      const voucher = voucherOf(TOKEN);
      const signature = await signVoucher(world, voucher);
      const { r, s, yParity } = Signature.from(signature);
      const highS = SECP256K1_ORDER - BigInt(s);
      // The twin of a signature: the other root, written as 65 bytes and as far as 64 bytes can hold it.
      const twinLong = `${r}${toBeHex(highS, 32).slice(2)}${yParity === 0 ? '1c' : '1b'}`;
      const twinShort = `${r}${toBeHex(BigInt.asUintN(255, highS) | (BigInt(1 - yParity) << 255n), 32).slice(2)}`;
      const bad = [
        await signVoucher(world, voucher, keyOf('nobody')),
        await signVoucher(world, { ...voucher, cumulative: 2n * TOKEN }),
        '0x',
        signature.slice(0, -2),
        Signature.from(signature).serialized,
        twinLong,
        twinShort,
        `0x${'00'.repeat(64)}`,
      ];
      for (const forged of bad) {
        await expect(asNode().redeemVoucher(voucher, forged, node.address))
          .to.be.revertedWithCustomError(market, 'InvalidVoucherSignature')
          .withArgs(dealId, node.address, voucher.throughEpoch);
      }
      await asNode().redeemVoucher(voucher, signature, node.address);
    });

    it('refuses a voucher for another deal, chain or contract', async () => {
      const { market, node, collector, deployment } = world;
      const voucher = voucherOf(TOKEN);
      const elsewhere = [
        { ...typedDomain(deployment), chainId: 1n },
        { ...typedDomain(deployment), verifyingContract: deployment.registry },
      ];
      for (const domain of elsewhere) {
        const long = await collector.signTypedData(domain, { Voucher: TYPES.Voucher }, voucher);
        await expect(asNode().redeemVoucher(voucher, Signature.from(long).compactSerialized, node.address))
          .to.be.revertedWithCustomError(market, 'InvalidVoucherSignature')
          .withArgs(dealId, node.address, voucher.throughEpoch);
      }
      const unknown = { ...voucher, dealId: id('unknown') };
      await expect(redeem(unknown))
        .to.be.revertedWithCustomError(market, 'InvalidVoucherSignature')
        .withArgs(unknown.dealId, node.address, voucher.throughEpoch);
      const second = await openAllocated(world, TOKEN, {
        salt: id('second'),
        collector: keyOf('second').address,
      });
      await expect(redeem({ ...voucher, dealId: second }))
        .to.be.revertedWithCustomError(market, 'InvalidVoucherSignature')
        .withArgs(second, node.address, voucher.throughEpoch);
    });

    it('pays nothing to a node without an allocation, whatever the collector signs', async () => {
      const { market, otherNode } = world;
      const voucher = voucherOf(TOKEN, { node: otherNode.address });
      const signature = await signVoucher(world, voucher);
      await expect(market.connect(otherNode).redeemVoucher(voucher, signature, otherNode.address))
        .to.be.revertedWithCustomError(market, 'NothingDue')
        .withArgs(dealId, otherNode.address, 0n, 0n);
    });

    it("leaves a node's allocation untouched when the publisher drains its own node's", async () => {
      const { market, node, otherNode, publisher } = world;
      await market
        .connect(publisher)
        .allocate(dealId, [{ node: otherNode.address, amountWei: 90n * TOKEN, ratePerGiB: RATE }]);
      const voucher = voucherOf(1_000n * TOKEN, { node: otherNode.address });
      await market
        .connect(otherNode)
        .redeemVoucher(voucher, await signVoucher(world, voucher), otherNode.address);
      expect((await market.allocationOf(dealId, otherNode.address)).balanceWei).to.equal(0n);
      expect((await market.allocationOf(dealId, node.address)).balanceWei).to.equal(10n * TOKEN);
      await redeem(voucherOf(10n * TOKEN));
    });

    it('takes the previous collector for epochs up to its last one, the new one for all', async () => {
      const { market, node, publisher, grantKey } = world;
      const next = keyOf('next collector');
      await market.connect(publisher).rotateKeys(dealId, grantKey.address, next.address);
      const lastEpoch = epoch + 1;
      await redeem(voucherOf(1n), next);
      await advanceEpochs(world, 3);
      await redeem(voucherOf(2n, { throughEpoch: lastEpoch }));
      await expect(redeem(voucherOf(3n, { throughEpoch: lastEpoch }), keyOf('nobody')))
        .to.be.revertedWithCustomError(market, 'InvalidVoucherSignature')
        .withArgs(dealId, node.address, lastEpoch);
      await expect(redeem(voucherOf(3n, { throughEpoch: lastEpoch + 1 })))
        .to.be.revertedWithCustomError(market, 'InvalidVoucherSignature')
        .withArgs(dealId, node.address, lastEpoch + 1);
      await redeem(voucherOf(3n, { throughEpoch: lastEpoch + 1 }), next);
    });

    it('takes a contract as collector (ERC-1271), also as the previous one', async () => {
      const { market, node, publisher, grantKey, collector } = world;
      const contract = await chain.ethers.deployContract('ContractCollector', [collector.address]);
      const salt = id('contract');
      dealId = await openAllocated(world, TOKEN, { salt, collector: await contract.getAddress() });
      epoch = await advanceEpochs(world, 1);
      const long = async (voucher: Voucher, by = collector) =>
        by.signTypedData(typedDomain(world.deployment), { Voucher: TYPES.Voucher }, voucher);
      const voucher = voucherOf(5n);
      await expect(asNode().redeemVoucher(voucher, await long(voucher, keyOf('nobody')), node.address))
        .to.be.revertedWithCustomError(market, 'InvalidVoucherSignature')
        .withArgs(dealId, node.address, voucher.throughEpoch);
      await asNode().redeemVoucher(voucher, await long(voucher), node.address);
      await market.connect(publisher).rotateKeys(dealId, grantKey.address, keyOf('next collector').address);
      const later = voucherOf(6n);
      await asNode().redeemVoucher(later, await long(later), node.address);
      await (await contract.getFunction('close').send()).wait();
      const last = voucherOf(7n);
      await expect(asNode().redeemVoucher(last, await long(last), node.address))
        .to.be.revertedWithCustomError(market, 'InvalidVoucherSignature')
        .withArgs(dealId, node.address, last.throughEpoch);
    });
  });

  describe('redeemVouchers', () => {
    const openMany = async (count: number): Promise<DealId[]> => {
      const deals: DealId[] = [];
      for (let i = 0; i < count; i++) {
        const salt = id(`many ${i}`);
        await openAllocated(world, TOKEN, { salt, depositWei: TOKEN });
        deals.push(dealIdOf(world.deployment, parseAddress(world.publisher.address), salt as Hex));
      }
      epoch = await advanceEpochs(world, 1);
      return deals;
    };
    const signedOf = async (voucher: Voucher) => ({ voucher, signature: await signVoucher(world, voucher) });

    it('redeems many deals with one transfer, passing over those with nothing due', async () => {
      const { market, token, node } = world;
      const deals = await openMany(3);
      const vouchers = await Promise.all(
        deals.map((deal, i) => signedOf(voucherOf(BigInt(i) * 1_000n, { dealId: deal }))),
      );
      const redeemed = asNode().redeemVouchers(vouchers, node.address);
      await expect(redeemed)
        .to.emit(token, 'Transfer')
        .withArgs(getAddress(world.deployment.market), node.address, 3_000n - feeOf(1_000n) - feeOf(2_000n));
      for (const [i, deal] of deals.entries()) {
        expect((await market.allocationOf(deal, node.address)).paidWei).to.equal(BigInt(i) * 1_000n);
      }
    });

    it('pays a voucher that is given twice only once', async () => {
      const signed = await signedOf(voucherOf(TOKEN));
      await asNode().redeemVouchers([signed, signed], world.node.address);
      expect((await world.market.allocationOf(dealId, world.node.address)).paidWei).to.equal(TOKEN);
    });

    it('refuses empty and long lists, and a batch with nothing due', async () => {
      const { market, node } = world;
      const signed = await signedOf(voucherOf(0n));
      await expect(asNode().redeemVouchers([], node.address)).to.be.revertedWithCustomError(
        market,
        'ListEmpty',
      );
      const many = Array.from({ length: 65 }, () => signed);
      await expect(asNode().redeemVouchers(many, node.address))
        .to.be.revertedWithCustomError(market, 'ListTooLong')
        .withArgs(65n, 64n);
      await expect(asNode().redeemVouchers([signed, signed], node.address))
        .to.be.revertedWithCustomError(market, 'NothingDue')
        .withArgs(dealId, node.address, 0n, 10n * TOKEN);
    });

    it('refuses the whole batch for one bad signature', async () => {
      const good = await signedOf(voucherOf(TOKEN));
      const bad = { ...good, voucher: voucherOf(2n * TOKEN) };
      await expect(asNode().redeemVouchers([good, bad], world.node.address))
        .to.be.revertedWithCustomError(world.market, 'InvalidVoucherSignature')
        .withArgs(dealId, world.node.address, epoch - 1);
    });
  });

  describe('collectFees', () => {
    it('sends the fee contained in the payments to the recipient, once, whoever calls', async () => {
      const { market, token, node, stranger, deployer } = world;
      // Payments of 99 wei have no fee of their own; their sum has.
      for (let i = 1n; i <= 4n; i++) await redeem(voucherOf(i * 99n));
      expect((await market.allocationOf(dealId, node.address)).feeUncollectedWei).to.equal(3n);
      const before = await token.balanceOf(deployer.address);
      await expect(market.connect(stranger).collectFees(dealId, [node.address]))
        .to.emit(market, 'FeesCollected')
        .withArgs(dealId, deployer.address, 3n);
      expect((await token.balanceOf(deployer.address)) - before).to.equal(3n);
      expect((await market.allocationOf(dealId, node.address)).feeUncollectedWei).to.equal(0n);
      await expect(market.collectFees(dealId, [node.address])).to.be.revertedWithCustomError(
        market,
        'AmountZero',
      );
    });

    it('refuses empty and long lists', async () => {
      const { market, node } = world;
      await expect(market.collectFees(dealId, [])).to.be.revertedWithCustomError(market, 'ListEmpty');
      const many = Array.from({ length: 65 }, () => node.address);
      await expect(market.collectFees(dealId, many))
        .to.be.revertedWithCustomError(market, 'ListTooLong')
        .withArgs(65n, 64n);
    });

    it('takes no fee for the same money twice when a node is named twice', async () => {
      const { market, node, token, deployer, deployment } = world;
      await redeem(voucherOf(TOKEN));
      const before = await token.balanceOf(deployer.address);
      await market.collectFees(dealId, [node.address, node.address]);
      expect((await token.balanceOf(deployer.address)) - before).to.equal(feeOf(TOKEN));
      expect(await token.balanceOf(deployment.market)).to.equal(99n * TOKEN);
    });
  });
});
