import '@nomicfoundation/hardhat-ethers-chai-matchers';
import { expect } from 'chai';
import { getAddress } from 'ethers';

import type { SessionClaim } from '../../scripts/gas/claim-sessions.ts';
import { hexToBytes } from '../../sdk/protocol/bytes.ts';
import type { DealId } from '../../sdk/protocol/identifiers.ts';
import { claimSeed, drawSamples, strataBitmap } from '../../sdk/protocol/sampled-claim.ts';
import { parseAddress, parseEpoch } from '../../sdk/protocol/identifiers.ts';
import {
  ALL_STRATA,
  BLOCKHASH_BLOCKS,
  ClaimBench,
  OPENING_BLOCKS,
  SALT_BLOCKS,
  SAMPLES,
  State,
  allStrata,
  anyWord,
} from './claim-fixture.ts';
import {
  FEE_BPS,
  RATE,
  TOKEN,
  advanceEpochs,
  deployWorld,
  openAllocated,
  openChain,
  signVoucher,
  type Chain,
  type World,
} from './market-fixture.ts';

const BALANCE = 100n * TOKEN;
const SESSIONS = 40;
const ZERO = `0x${'00'.repeat(32)}`;

describe('DealMarket: sampled claims', () => {
  let chain: Chain;
  let world: World;
  let dealId: DealId;
  let bench: ClaimBench;
  let epoch: number;
  let claim: SessionClaim;
  let lockedWei: bigint;
  let node: string;
  const fixture = (): Promise<World> => deployWorld(chain);
  before(async () => {
    chain = await openChain();
  });
  beforeEach(async () => {
    world = await chain.networkHelpers.loadFixture(fixture);
    dealId = await openAllocated(world, BALANCE);
    bench = new ClaimBench(world, dealId);
    epoch = (await advanceEpochs(world, 1)) - 1;
    claim = bench.claim(epoch, SESSIONS);
    lockedWei = (claim.root.totalBytes * RATE) >> 30n;
    node = world.node.address;
  });
  const mine = (blocks: number) => chain.networkHelpers.mine(blocks);
  const record = () => world.claims.claimOf(dealId, node);
  const height = () => chain.ethers.provider.getBlockNumber();
  const voucherOf = (cumulative: bigint, throughEpoch = epoch) => ({
    dealId,
    node,
    throughEpoch,
    cumulative,
  });

  describe('commitClaim', () => {
    it('locks the price of all bytes, takes the bond, and holds the epochs', async () => {
      const bondWei = TOKEN;
      await expect(bench.commit(claim))
        .to.emit(world.claims, 'ClaimCommitted')
        .withArgs(
          dealId,
          node,
          epoch - 1,
          epoch,
          claim.commitment.root,
          claim.root.totalBytes,
          lockedWei,
          bondWei,
          (await height()) + 3,
        )
        .and.to.emit(world.token, 'Transfer')
        .withArgs(node, getAddress(world.deployment.market), bondWei);
      const allocation = await bench.allocation();
      expect(allocation.balanceWei).to.equal(BALANCE - lockedWei);
      expect(allocation.lockedWei).to.equal(lockedWei);
      expect(allocation.throughEpoch).to.equal(BigInt(epoch));
      const stored = await record();
      expect(stored.state).to.equal(State.Committed);
      expect([stored.root, stored.totalBytes]).to.deep.equal([claim.commitment.root, claim.root.totalBytes]);
      expect([stored.fromEpoch, stored.toEpoch]).to.deep.equal([BigInt(epoch - 1), BigInt(epoch)]);
      expect([stored.lockedWei, stored.bondWei]).to.deep.equal([lockedWei, bondWei]);
      expect(stored.seedBlock).to.equal(BigInt((await height()) + 2));
      expect(stored.lastBlock).to.equal(stored.seedBlock + BigInt(OPENING_BLOCKS));
      expect([stored.seed, stored.openedStrata]).to.deep.equal([ZERO, 0n]);
    });

    it('locks at most the balance; the bond is the share of one sample if that is more than the floor', async () => {
      await advanceEpochs(world, 1);
      await bench.commit(bench.claim(epoch, 1_000));
      const stored = await record();
      expect(stored.lockedWei).to.equal(BALANCE);
      expect(stored.bondWei).to.equal(BALANCE / BigInt(SAMPLES));
      expect((await bench.allocation()).balanceWei).to.equal(0n);
    });

    it('refuses epochs that run or are settled, and a second claim while one is open', async () => {
      const { claims } = world;
      await expect(bench.commit(claim, epoch + 1))
        .to.be.revertedWithCustomError(world.market, 'EpochNotEnded')
        .withArgs(epoch + 1, epoch + 1);
      await expect(bench.commit(claim, epoch - 1))
        .to.be.revertedWithCustomError(world.market, 'EpochSettled')
        .withArgs(dealId, node, epoch - 1, epoch - 1);
      await bench.commit(claim);
      await advanceEpochs(world, 1);
      const { lastBlock } = await record();
      await expect(bench.commit(bench.claim(epoch + 1, 3), epoch + 1))
        .to.be.revertedWithCustomError(claims, 'ClaimOpen')
        .withArgs(dealId, node, epoch, lastBlock);
    });

    it('refuses empty claims, claims without an allocation, and claims without a bond', async () => {
      const { claims, market, token } = world;
      const commit = (totalBytes: bigint, who = world.node) =>
        claims.connect(who).commitClaim(dealId, epoch, claim.commitment.root, totalBytes);
      await expect(commit(BigInt(SAMPLES) - 1n))
        .to.be.revertedWithCustomError(claims, 'ClaimTooSmall')
        .withArgs(SAMPLES - 1, SAMPLES);
      await expect(commit(1_000n, world.otherNode))
        .to.be.revertedWithCustomError(market, 'NothingDue')
        .withArgs(dealId, world.otherNode.address, 0n, 0n);
      await token.connect(world.node).approve(market, TOKEN - 1n);
      await expect(commit(1_000n)).to.be.revertedWithCustomError(token, 'ERC20InsufficientAllowance');
      expect(await bench.state()).to.equal(State.None);
    });

    it('refuses claims after the thaw, so that nobody keeps an allocation from its release', async () => {
      const publisher = world.market.connect(world.publisher);
      await publisher.thaw(dealId, [node]);
      const now = await advanceEpochs(world, 2);
      await expect(bench.commit(claim))
        .to.be.revertedWithCustomError(world.claims, 'ThawEnded')
        .withArgs(dealId, node, now, now);
      await publisher.release(dealId, [node]);
      await expect(bench.commit(claim)).to.be.revertedWithCustomError(world.market, 'NothingDue');
    });
  });

  describe('while a claim is open', () => {
    beforeEach(async () => {
      await bench.commit(claim);
    });

    it('vouchers, direct claims and the release of the allocation wait', async () => {
      const { market, claims, publisher } = world;
      const { lastBlock } = await record();
      const voucher = voucherOf(TOKEN);
      const signature = await signVoucher(world, voucher);
      const asNode = market.connect(world.node);
      const waits = async (sent: Promise<unknown>) => {
        await expect(sent)
          .to.be.revertedWithCustomError(claims, 'ClaimOpen')
          .withArgs(dealId, node, epoch, lastBlock);
      };
      await waits(asNode.redeemVoucher(voucher, signature, node));
      await waits(asNode.redeemVouchers([{ voucher, signature }], node));
      await waits(asNode.claimDirect(dealId, epoch, [EMPTY_RECEIPT], node));
      await market.connect(publisher).thaw(dealId, [node]);
      await advanceEpochs(world, 2);
      await waits(market.connect(publisher).release(dealId, [node]));
    });

    it('the publisher can add money, which the claim does not touch', async () => {
      const allocation = { node, amountWei: 7n, ratePerGiB: RATE };
      await world.market.connect(world.publisher).topUp(dealId, 7n);
      await world.market.connect(world.publisher).allocate(dealId, [allocation]);
      await bench.untilSeed();
      await bench.open(claim);
      expect((await bench.allocation()).balanceWei).to.equal(BALANCE - lockedWei + 7n);
    });
  });

  describe('the seed', () => {
    it('is that of the protocol, from the hash of the second block after the commitment', async () => {
      await bench.commit(claim);
      await bench.untilSeed();
      await world.claims.pinSeed(dealId, node);
      const { seedBlock, seed } = await record();
      const block = await chain.ethers.provider.getBlock(Number(seedBlock));
      const expected = claimSeed({
        blockHash: block?.hash ?? '',
        salt: ZERO,
        dealId,
        node: parseAddress(node),
        rootWord: claim.root.word,
        toEpoch: parseEpoch(epoch),
      });
      expect(seed).to.equal(`0x${Buffer.from(expected).toString('hex')}`);
      expect(await world.claims.seedOf(dealId, node)).to.equal(seed);
      expect(await bench.state()).to.equal(State.Seeded);
    });

    it('gives the samples that everybody can compute, and none without a claim', async () => {
      const { claims } = world;
      await expect(claims.seedOf(dealId, node))
        .to.be.revertedWithCustomError(claims, 'WrongClaimState')
        .withArgs(dealId, node, State.None);
      const seed = anyWord('seed');
      const drawn = drawSamples(hexToBytes(seed), 10_000n, SAMPLES);
      for (const stratum of allStrata) {
        expect(await claims.sampleOf(seed, 10_000n, stratum)).to.equal(drawn[stratum]);
      }
      await expect(claims.sampleOf(seed, 10_000n, SAMPLES))
        .to.be.revertedWithCustomError(claims, 'StrataInvalid')
        .withArgs(2 ** SAMPLES, SAMPLES);
    });

    it('can be pinned for as long as the chain knows the block, however long the opening window is', async () => {
      world = await deployWorld(chain, { openingWindowBlocks: 1_000 });
      dealId = await openAllocated(world, BALANCE);
      bench = new ClaimBench(world, dealId);
      epoch = (await advanceEpochs(world, 1)) - 1;
      node = world.node.address;
      await bench.commit(bench.claim(epoch, 3));
      const { seedBlock, lastBlock } = await record();
      expect(lastBlock).to.equal(seedBlock + BigInt(BLOCKHASH_BLOCKS));
      await chain.networkHelpers.mineUpTo(lastBlock - 1n);
      await world.claims.pinSeed(dealId, node);
      expect((await record()).lastBlock).to.equal(seedBlock + 1_000n);
      await chain.networkHelpers.mineUpTo(seedBlock + 900n);
      await bench.open(bench.claim(epoch, 3));
      expect(await bench.state()).to.equal(State.Paid);
    });

    it('is not known before the salt window is over', async () => {
      await bench.commit(claim);
      const { seedBlock } = await record();
      await mine(1 + SALT_BLOCKS);
      const firstBlock = Number(seedBlock) + SALT_BLOCKS + 1;
      await expect(world.claims.pinSeed(dealId, node))
        .to.be.revertedWithCustomError(world.claims, 'SeedTooEarly')
        .withArgs(dealId, node, firstBlock, firstBlock - 1);
    });

    it('is written once; nobody can draw again', async () => {
      await bench.commit(claim);
      await bench.untilSeed();
      await world.claims.connect(world.stranger).pinSeed(dealId, node);
      const { seed } = await record();
      await mine(5);
      for (const again of [() => world.claims.pinSeed(dealId, node), () => salt('more')]) {
        await expect(again())
          .to.be.revertedWithCustomError(world.claims, 'WrongClaimState')
          .withArgs(dealId, node, State.Seeded);
      }
      expect((await record()).seed).to.equal(seed);
    });

    it('cannot be drawn from another block when the window was missed: the claim is void', async () => {
      await bench.commit(claim);
      const { lastBlock } = await record();
      await chain.networkHelpers.mineUpTo(lastBlock);
      await expect(world.claims.pinSeed(dealId, node))
        .to.be.revertedWithCustomError(world.claims, 'ClaimWindowOver')
        .withArgs(dealId, node, lastBlock, lastBlock + 1n);
      await expect(bench.asNode.openClaim(dealId, ALL_STRATA, '0x00', node)).to.be.revertedWithCustomError(
        world.claims,
        'ClaimWindowOver',
      );
      await world.claims.connect(world.stranger).voidClaim(dealId, node);
      expect(await bench.state()).to.equal(State.Void);
    });

    const salt = (word: string, by = world.publisher) =>
      world.claims.connect(by).saltClaim(dealId, node, anyWord(word));

    it('takes the publisher’s salt, once, in its window only', async () => {
      await expect(salt('early')).to.be.revertedWithCustomError(world.claims, 'WrongClaimState');
      await bench.commit(claim);
      await expect(salt('x', world.node)).to.be.revertedWithCustomError(world.market, 'NotPublisher');
      await expect(world.claims.connect(world.publisher).saltClaim(dealId, node, ZERO))
        .to.be.revertedWithCustomError(world.claims, 'SaltRefused')
        .withArgs(dealId, node, ZERO);
      await expect(salt('salt')).to.emit(world.claims, 'ClaimSalted').withArgs(dealId, node, anyWord('salt'));
      expect((await record()).seed).to.equal(anyWord('salt'));
      await expect(salt('again')).to.be.revertedWithCustomError(world.claims, 'SaltRefused');
      await mine(SALT_BLOCKS + 1);
      const unsalted = claimSeed({
        blockHash: (await chain.ethers.provider.getBlock(Number((await record()).seedBlock)))?.hash ?? '',
        salt: ZERO,
        dealId,
        node: parseAddress(node),
        rootWord: claim.root.word,
        toEpoch: parseEpoch(epoch),
      });
      expect(await bench.seed()).not.to.equal(`0x${Buffer.from(unsalted).toString('hex')}`);
      await bench.open(claim);
      expect(await bench.state()).to.equal(State.Paid);
    });

    it('takes no salt after its window', async () => {
      await bench.commit(claim);
      const { seedBlock } = await record();
      await bench.untilSeed();
      await expect(salt('late'))
        .to.be.revertedWithCustomError(world.claims, 'SaltTooLate')
        .withArgs(dealId, node, Number(seedBlock) + SALT_BLOCKS, Number(seedBlock) + SALT_BLOCKS + 1);
    });
  });

  describe('openClaim', () => {
    it('pays all bytes less the fee and returns the bond when all strata are opened at once', async () => {
      const { token, claims, stranger } = world;
      await bench.commit(claim);
      await bench.untilSeed();
      const openings = await bench.openings(claim, allStrata);
      const feeWei = (lockedWei * FEE_BPS) / 10_000n;
      await expect(bench.asNode.openClaim(dealId, ALL_STRATA, openings, stranger.address))
        .to.emit(claims, 'ClaimPaid')
        .withArgs(dealId, node, stranger.address, epoch, lockedWei, feeWei);
      expect(await token.balanceOf(stranger.address)).to.equal(lockedWei - feeWei + TOKEN);
      const allocation = await bench.allocation();
      expect([allocation.paidWei, allocation.balanceWei, allocation.lockedWei]).to.deep.equal([
        lockedWei,
        BALANCE - lockedWei,
        0n,
      ]);
      expect([allocation.throughEpoch, allocation.feeUncollectedWei]).to.deep.equal([BigInt(epoch), feeWei]);
      expect((await record()).openedStrata).to.equal(BigInt(ALL_STRATA));
      expect(await bench.state()).to.equal(State.Paid);
    });

    it('takes openings in several calls, in any order, some of them twice', async () => {
      await bench.commit(claim);
      await bench.untilSeed();
      await expect(bench.open(claim, [3, 9, 15]))
        .to.emit(world.claims, 'StrataOpened')
        .withArgs(dealId, node, strataBitmap([3, 9, 15]))
        .and.to.emit(world.claims, 'SeedPinned');
      expect(await bench.state()).to.equal(State.Seeded);
      await bench.open(claim, [0, 1, 2, 3, 9]);
      expect((await record()).openedStrata).to.equal(BigInt(strataBitmap([0, 1, 2, 3, 9, 15])));
      await bench.open(claim, [4, 5, 6, 7, 8, 10, 11, 12, 13]);
      expect((await bench.allocation()).paidWei).to.equal(0n);
      await expect(bench.open(claim, [14])).to.emit(world.claims, 'ClaimPaid');
    });

    it('pays one receipt that holds all samples', async () => {
      const single = bench.claim(epoch, 1);
      await bench.commit(single);
      await bench.untilSeed();
      await bench.open(single);
      expect((await bench.allocation()).paidWei).to.equal((single.root.totalBytes * RATE) >> 30n);
    });

    it('is only for the node, for strata that exist, and for claims that are open', async () => {
      const { claims } = world;
      const open = (strata: number, by = world.node) =>
        claims.connect(by).openClaim(dealId, strata, '0x00', by.address);
      await bench.commit(claim);
      await bench.untilSeed();
      for (const strata of [0, ALL_STRATA + 1]) {
        await expect(open(strata))
          .to.be.revertedWithCustomError(claims, 'StrataInvalid')
          .withArgs(strata, SAMPLES);
      }
      await expect(open(1, world.publisher))
        .to.be.revertedWithCustomError(claims, 'WrongClaimState')
        .withArgs(dealId, world.publisher.address, State.None);
      await bench.open(claim);
      await expect(open(1))
        .to.be.revertedWithCustomError(claims, 'WrongClaimState')
        .withArgs(dealId, node, State.Paid);
    });

    it('takes receipts under the key before a rotation, for epochs up to its last one', async () => {
      const { market, publisher, grantKey, stranger } = world;
      await bench.commit(claim);
      await market.connect(publisher).rotateKeys(dealId, stranger.address, grantKey.address);
      await bench.untilSeed();
      await bench.open(claim);
      expect(await bench.state()).to.equal(State.Paid);
    });
  });

  describe('voidClaim', () => {
    it('burns the bond, returns the locked amount, and leaves the epochs settled', async () => {
      const { token, claims, market } = world;
      await bench.commit(claim);
      await bench.untilSeed();
      await bench.open(claim, [0, 1]);
      const { lastBlock } = await record();
      await expect(claims.voidClaim(dealId, node))
        .to.be.revertedWithCustomError(claims, 'ClaimWindowRunning')
        .withArgs(dealId, node, lastBlock, (await height()) + 1);
      await chain.networkHelpers.mineUpTo(lastBlock);
      await expect(bench.asNode.openClaim(dealId, 4, '0x00', node)).to.be.revertedWithCustomError(
        claims,
        'ClaimWindowOver',
      );
      const supply = await token.totalSupply();
      await expect(claims.connect(world.stranger).voidClaim(dealId, node))
        .to.emit(claims, 'ClaimVoided')
        .withArgs(dealId, node, epoch, lockedWei, TOKEN);
      expect(await token.totalSupply()).to.equal(supply - TOKEN);
      const allocation = await bench.allocation();
      expect([allocation.balanceWei, allocation.paidWei]).to.deep.equal([BALANCE, 0n]);
      expect(allocation.throughEpoch).to.equal(BigInt(epoch));
      await expect(claims.voidClaim(dealId, node)).to.be.revertedWithCustomError(claims, 'WrongClaimState');
      await expect(bench.commit(claim)).to.be.revertedWithCustomError(market, 'EpochSettled');
    });

    it('leaves later epochs to be claimed', async () => {
      await bench.commit(claim);
      await chain.networkHelpers.mineUpTo((await record()).lastBlock);
      await world.claims.voidClaim(dealId, node);
      await advanceEpochs(world, 1);
      const next = bench.claim(epoch + 1, 5);
      await bench.commit(next);
      await bench.untilSeed();
      await bench.open(next);
      expect(await bench.state()).to.equal(State.Paid);
    });
  });

  describe('supersedeClaim', () => {
    const supersede = async (cumulative: bigint, throughEpoch = epoch) => {
      const voucher = voucherOf(cumulative, throughEpoch);
      return bench.asNode.supersedeClaim(voucher, await signVoucher(world, voucher), node);
    };

    it('pays a voucher for the same epochs that is worth as much, and returns the bond', async () => {
      const { token, claims } = world;
      const before = await token.balanceOf(node);
      await bench.commit(claim);
      await bench.untilSeed();
      await bench.open(claim, [0]);
      const cumulative = lockedWei + 5n;
      await expect(supersede(cumulative))
        .to.emit(claims, 'ClaimSuperseded')
        .withArgs(dealId, node, epoch, lockedWei, TOKEN)
        .and.to.emit(world.market, 'VoucherRedeemed');
      expect(await token.balanceOf(node)).to.equal(before + cumulative - (cumulative * FEE_BPS) / 10_000n);
      const allocation = await bench.allocation();
      expect([allocation.paidWei, allocation.balanceWei]).to.deep.equal([cumulative, BALANCE - cumulative]);
      expect(await bench.state()).to.equal(State.Superseded);
      await expect(supersede(cumulative + 1n)).to.be.revertedWithCustomError(claims, 'WrongClaimState');
    });

    it('refuses a voucher that pays less or is for other epochs: an unlucky seed must not be free', async () => {
      await bench.commit(claim);
      await advanceEpochs(world, 2);
      for (const [cumulative, throughEpoch] of [
        [lockedWei - 1n, epoch],
        [lockedWei, epoch - 1],
        [lockedWei, epoch + 1],
      ] as const) {
        await expect(supersede(cumulative, throughEpoch))
          .to.be.revertedWithCustomError(world.claims, 'VoucherBelowClaim')
          .withArgs(throughEpoch, epoch, cumulative, lockedWei);
      }
    });

    it('refuses a voucher that the collector did not sign', async () => {
      await bench.commit(claim);
      const voucher = voucherOf(lockedWei);
      const forged = await signVoucher(world, voucher, world.viewer);
      await expect(bench.asNode.supersedeClaim(voucher, forged, node)).to.be.revertedWithCustomError(
        world.market,
        'InvalidVoucherSignature',
      );
      expect(await bench.state()).to.equal(State.Committed);
    });
  });
});

const EMPTY_RECEIPT = {
  viewerKey: `0x${'00'.repeat(20)}`,
  epoch: 0,
  capBytes: 0n,
  grantR: ZERO,
  grantVS: ZERO,
  bytesCumulative: 0n,
  receiptR: ZERO,
  receiptVS: ZERO,
};
