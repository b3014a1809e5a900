import '@nomicfoundation/hardhat-ethers-chai-matchers';
import { expect } from 'chai';
import { AbiCoder, Signature, concat, id, keccak256, type Wallet } from 'ethers';

import type { DealId } from '../../sdk/protocol/identifiers.ts';
import {
  EPOCH_SECONDS,
  TOKEN,
  advanceEpochs,
  deployWorld,
  keyOf,
  openAllocated,
  openChain,
  typedDomain,
  type Chain,
  type World,
} from './market-fixture.ts';

const PEER_ROOT = ['bytes32 dealId', 'uint32 sequence', 'bytes32 root', 'uint128 totalWei'].map((field) => {
  const [type = '', name = ''] = field.split(' ');
  return { type, name };
});
const FUNDED = 50n * TOKEN;
const peers = ['a', 'b', 'c', 'd', 'e'].map((word) => keyOf(`peer ${word}`).address);

type Earned = readonly (readonly [peer: string, cumulativeWei: bigint])[];

/** A tree as OpenZeppelin's StandardMerkleTree makes it: double-hashed leaves, pairs in ascending order. */
class PeerTree {
  readonly #levels: string[][];
  readonly #earned: Earned;

  constructor(earned: Earned) {
    this.#earned = earned;
    this.#levels = [earned.map(([peer, wei]) => leafOf(peer, wei))];
    for (let level = this.#levels[0] ?? []; level.length > 1; this.#levels.push(level)) {
      level = Array.from({ length: Math.ceil(level.length / 2) }, (_, i) => {
        const [left = '', right] = level.slice(2 * i, 2 * i + 2);
        return right === undefined ? left : pairOf(left, right);
      });
    }
  }

  get root(): string {
    return this.#levels.at(-1)?.[0] ?? '';
  }

  proof(peer: string): string[] {
    let place = this.#earned.findIndex(([address]) => address === peer);
    const siblings: string[] = [];
    for (const level of this.#levels) {
      const sibling = level[place ^ 1];
      if (level.length > 1 && sibling !== undefined) siblings.push(sibling);
      place >>= 1;
    }
    return siblings;
  }
}

const leafOf = (peer: string, wei: bigint): string =>
  keccak256(keccak256(AbiCoder.defaultAbiCoder().encode(['address', 'uint256'], [peer, wei])));
const pairOf = (a: string, b: string): string => keccak256(a < b ? concat([a, b]) : concat([b, a]));

describe('DealMarket: peer pools', () => {
  let chain: Chain;
  let world: World;
  let dealId: DealId;
  const fixture = (): Promise<World> => deployWorld(chain);
  before(async () => {
    chain = await openChain();
  });
  beforeEach(async () => {
    world = await chain.networkHelpers.loadFixture(fixture);
    dealId = await openAllocated(world);
    await asPublisher().fundPeerPool(dealId, FUNDED);
  });
  const asPublisher = () => world.claims.connect(world.publisher);
  const pool = () => world.claims.peerPoolOf(dealId);
  const earnedOf = (...amounts: readonly bigint[]): Earned => amounts.map((wei, i) => [peers[i] ?? '', wei]);
  const treeOf = (...amounts: readonly bigint[]): PeerTree => new PeerTree(earnedOf(...amounts));

  async function sign(statement: object, by: Wallet = world.collector): Promise<string> {
    const domain = typedDomain(world.deployment);
    return Signature.from(await by.signTypedData(domain, { PeerRoot: PEER_ROOT }, statement))
      .compactSerialized;
  }

  async function post(tree: PeerTree, totalWei: bigint, sequence: number, by?: Wallet) {
    const statement = { dealId, sequence, root: tree.root, totalWei };
    return world.claims.connect(world.stranger).postPeerRoot(statement, await sign(statement, by));
  }

  const claim = (tree: PeerTree, peer: number, cumulativeWei: bigint) => {
    const address = peers[peer] ?? '';
    return world.claims
      .connect(world.stranger)
      .claimPeer(dealId, address, cumulativeWei, tree.proof(address));
  };
  const balanceOf = (peer: number) => world.token.balanceOf(peers[peer] ?? '');
  const waitForNextRoot = () => chain.networkHelpers.time.increase(EPOCH_SECONDS);

  describe('fundPeerPool', () => {
    it('moves free money of the deal into the pool', async () => {
      const { freeWei } = await world.market.dealOf(dealId);
      await expect(asPublisher().fundPeerPool(dealId, 3n))
        .to.emit(world.claims, 'PeerPoolFunded')
        .withArgs(dealId, 3n);
      expect((await pool()).fundedWei).to.equal(FUNDED + 3n);
      expect((await world.market.dealOf(dealId)).freeWei).to.equal(freeWei - 3n);
    });

    it('refuses nothing, more than is free, strangers, and deals that are not open', async () => {
      const { market, claims } = world;
      await expect(asPublisher().fundPeerPool(dealId, 0n)).to.be.revertedWithCustomError(
        market,
        'AmountZero',
      );
      await expect(asPublisher().fundPeerPool(dealId, 100n * TOKEN))
        .to.be.revertedWithCustomError(market, 'InsufficientFree')
        .withArgs(dealId, 40n * TOKEN, 100n * TOKEN);
      await expect(claims.connect(world.node).fundPeerPool(dealId, 1n)).to.be.revertedWithCustomError(
        market,
        'NotPublisher',
      );
      await expect(asPublisher().fundPeerPool(id('none'), 1n)).to.be.revertedWithCustomError(
        market,
        'DealUnknown',
      );
      await market.connect(world.publisher).closeDeal(dealId, []);
      await expect(asPublisher().fundPeerPool(dealId, 1n)).to.be.revertedWithCustomError(
        market,
        'DealNotOpen',
      );
    });
  });

  describe('postPeerRoot', () => {
    it('takes the collector’s roots in their order, from anybody', async () => {
      const first = treeOf(1n, 2n, 3n);
      await expect(post(first, 6n, 1))
        .to.emit(world.claims, 'PeerRootPosted')
        .withArgs(dealId, 1, first.root, 6n);
      await waitForNextRoot();
      const second = treeOf(2n, 2n, 3n, 4n);
      await post(second, 11n, 2);
      const stored = await pool();
      expect([stored.root, stored.previousRoot]).to.deep.equal([second.root, first.root]);
      expect([stored.sequence, stored.postedWei]).to.deep.equal([2n, 11n]);
    });

    it('has the digest of its EIP-712 type', async () => {
      const statement = { dealId, sequence: 1, root: id('root'), totalWei: 9n };
      const { TypedDataEncoder } = await import('ethers');
      const digest = TypedDataEncoder.hash(typedDomain(world.deployment), { PeerRoot: PEER_ROOT }, statement);
      expect(await world.claims.hashPeerRoot(statement)).to.equal(digest);
    });

    it('refuses roots out of order, too early, of a smaller sum, or above what was funded', async () => {
      const { claims } = world;
      await expect(post(treeOf(1n), 1n, 2))
        .to.be.revertedWithCustomError(claims, 'PeerRootOutOfOrder')
        .withArgs(dealId, 2, 1);
      await expect(post(treeOf(1n), FUNDED + 1n, 1))
        .to.be.revertedWithCustomError(claims, 'PeerPoolTooSmall')
        .withArgs(dealId, FUNDED, FUNDED + 1n);
      await post(treeOf(5n), 5n, 1);
      await expect(post(treeOf(5n), 5n, 1)).to.be.revertedWithCustomError(claims, 'PeerRootOutOfOrder');
      const { postedAt } = await pool();
      await chain.networkHelpers.time.setNextBlockTimestamp(postedAt + BigInt(EPOCH_SECONDS) - 1n);
      await expect(post(treeOf(6n), 6n, 2))
        .to.be.revertedWithCustomError(claims, 'PeerRootTooEarly')
        .withArgs(dealId, postedAt + BigInt(EPOCH_SECONDS), postedAt + BigInt(EPOCH_SECONDS) - 1n);
      await waitForNextRoot();
      await expect(post(treeOf(4n), 4n, 2))
        .to.be.revertedWithCustomError(claims, 'PeerTotalFell')
        .withArgs(dealId, 4n, 5n);
    });

    it('refuses signatures of others, for unknown deals, and of a key that is no longer good', async () => {
      const { claims, market, publisher, grantKey, collector } = world;
      await expect(post(treeOf(1n), 1n, 1, grantKey))
        .to.be.revertedWithCustomError(claims, 'InvalidPeerRootSignature')
        .withArgs(dealId, 1);
      const unknown = { dealId: id('none'), sequence: 1, root: id('root'), totalWei: 0n };
      await expect(claims.postPeerRoot(unknown, await sign(unknown))).to.be.revertedWithCustomError(
        market,
        'DealUnknown',
      );
      const next = keyOf('next collector');
      await market.connect(publisher).rotateKeys(dealId, grantKey.address, next.address);
      await post(treeOf(1n), 1n, 1, collector);
      await advanceEpochs(world, 2);
      await expect(post(treeOf(2n), 2n, 2, collector)).to.be.revertedWithCustomError(
        claims,
        'InvalidPeerRootSignature',
      );
      await post(treeOf(2n), 2n, 2, next);
    });
  });

  describe('claimPeer', () => {
    it('pays the difference to the peer, whoever calls, and nothing twice', async () => {
      const first = treeOf(10n, 20n, 30n);
      await post(first, 60n, 1);
      await expect(claim(first, 1, 20n))
        .to.emit(world.claims, 'PeerPaid')
        .withArgs(dealId, peers[1], 20n, 20n);
      await expect(claim(first, 1, 20n))
        .to.be.revertedWithCustomError(world.claims, 'PeerNothingDue')
        .withArgs(dealId, peers[1], 20n, 40n);
      await waitForNextRoot();
      const second = treeOf(10n, 25n, 30n);
      await post(second, 65n, 2);
      await claim(second, 1, 25n);
      expect(await balanceOf(1)).to.equal(25n);
      expect(await world.claims.peerClaimedWei(dealId, peers[1] ?? '')).to.equal(25n);
      expect((await pool()).claimedWei).to.equal(25n);
    });

    it('refuses other amounts, other peers, foreign proofs and long ones', async () => {
      const tree = treeOf(10n, 20n, 30n);
      await post(tree, 60n, 1);
      const { claims, market } = world;
      for (const sent of [
        claim(tree, 1, 21n),
        claims.claimPeer(dealId, peers[2] ?? '', 20n, tree.proof(peers[1] ?? '')),
        claims.claimPeer(dealId, peers[1] ?? '', 20n, []),
        claims.claimPeer(id('none'), peers[1] ?? '', 20n, tree.proof(peers[1] ?? '')),
      ]) {
        await expect(sent).to.be.revertedWithCustomError(claims, 'PeerProofInvalid');
      }
      const long = Array.from({ length: 65 }, () => id('sibling'));
      await expect(claims.claimPeer(dealId, peers[1] ?? '', 20n, long))
        .to.be.revertedWithCustomError(market, 'ListTooLong')
        .withArgs(65, 64);
    });

    it('lets a peer that a new root omits or lowers claim from the one before, for an epoch at least', async () => {
      const first = treeOf(10n, 20n);
      await post(first, 30n, 1);
      await waitForNextRoot();
      const second = treeOf(40n, 5n);
      await post(second, 45n, 2);
      await expect(post(treeOf(50n), 50n, 3)).to.be.revertedWithCustomError(world.claims, 'PeerRootTooEarly');
      await claim(first, 1, 20n);
      await expect(claim(second, 1, 5n)).to.be.revertedWithCustomError(world.claims, 'PeerNothingDue');
      expect(await balanceOf(1)).to.equal(20n);
      await waitForNextRoot();
      const third = treeOf(41n, 5n);
      await post(third, 46n, 3);
      await expect(claim(first, 0, 10n)).to.be.revertedWithCustomError(world.claims, 'PeerProofInvalid');
    });

    it('pays no more than was stated in sum, even if the leaves add up to more; the rest stays due', async () => {
      const lying = treeOf(30n, 30n);
      await post(lying, 40n, 1);
      await claim(lying, 0, 30n);
      await claim(lying, 1, 30n);
      expect(await balanceOf(1)).to.equal(10n);
      await expect(claim(lying, 1, 30n)).to.be.revertedWithCustomError(world.claims, 'PeerNothingDue');
      await waitForNextRoot();
      await post(lying, 60n, 2);
      await claim(lying, 1, 30n);
      expect(await balanceOf(1)).to.equal(30n);
    });
  });

  describe('thawing and releasing', () => {
    it('keeps the pool for the peers until the thaw has ended, then returns the rest to the deal', async () => {
      const { claims, market } = world;
      const tree = treeOf(10n, 20n);
      await post(tree, 30n, 1);
      await expect(asPublisher().releasePeerPool(dealId)).to.be.revertedWithCustomError(
        claims,
        'PeerPoolNotThawing',
      );
      await market.connect(world.publisher).closeDeal(dealId, []);
      const epoch = Number(await market.currentEpoch());
      await expect(asPublisher().thawPeerPool(dealId))
        .to.emit(claims, 'PeerPoolThawing')
        .withArgs(dealId, epoch + 2);
      await expect(asPublisher().thawPeerPool(dealId)).to.be.revertedWithCustomError(claims, 'PeerPoolThaws');
      await expect(asPublisher().releasePeerPool(dealId))
        .to.be.revertedWithCustomError(claims, 'PeerPoolThawNotEnded')
        .withArgs(dealId, epoch + 2, epoch);
      await claim(tree, 0, 10n);
      await advanceEpochs(world, 2);
      const { freeWei } = await market.dealOf(dealId);
      await expect(asPublisher().releasePeerPool(dealId))
        .to.emit(claims, 'PeerPoolReleased')
        .withArgs(dealId, FUNDED - 10n);
      expect((await market.dealOf(dealId)).freeWei).to.equal(freeWei + FUNDED - 10n);
      await expect(claim(tree, 1, 20n)).to.be.revertedWithCustomError(claims, 'PeerNothingDue');
    });

    it('gives the peers of a root that is posted in the thaw the whole claim window', async () => {
      const { claims, market } = world;
      await asPublisher().thawPeerPool(dealId);
      const epoch = await advanceEpochs(world, 1);
      await expect(post(treeOf(7n), 7n, 1))
        .to.emit(claims, 'PeerPoolThawing')
        .withArgs(dealId, epoch + 2);
      await advanceEpochs(world, 1);
      await expect(asPublisher().releasePeerPool(dealId)).to.be.revertedWithCustomError(
        claims,
        'PeerPoolThawNotEnded',
      );
      expect(await market.currentEpoch()).to.equal(BigInt(epoch + 1));
    });

    it('does not shorten the thaw by a root, and ends it by new money', async () => {
      await asPublisher().thawPeerPool(dealId);
      const { thawEndEpoch } = await pool();
      await post(treeOf(7n), 7n, 1);
      expect((await pool()).thawEndEpoch).to.equal(thawEndEpoch);
      await asPublisher().fundPeerPool(dealId, 1n);
      expect((await pool()).thawEndEpoch).to.equal(0n);
    });

    it('is the publisher’s alone', async () => {
      const { claims, market, stranger } = world;
      for (const sent of [
        claims.connect(stranger).thawPeerPool(dealId),
        claims.connect(stranger).releasePeerPool(dealId),
      ]) {
        await expect(sent).to.be.revertedWithCustomError(market, 'NotPublisher');
      }
      await expect(claims.thawPeerPool(id('none')))
        .to.be.revertedWithCustomError(market, 'DealUnknown')
        .withArgs(id('none'));
    });
  });
});
