import '@nomicfoundation/hardhat-ethers-chai-matchers';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { expect } from 'chai';

import { sessionOf, type Session, type SessionClaim } from '../../scripts/gas/claim-sessions.ts';
import {
  bytesToHex,
  compareBytes,
  concatBytes,
  hexToBytes,
  readUint,
  uintToBytes,
} from '../../sdk/protocol/bytes.ts';
import type { Grant } from '../../sdk/protocol/grant.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
  type DealId,
} from '../../sdk/protocol/identifiers.ts';
import { drawSamples, encodeOpenings, splitRootWord } from '../../sdk/protocol/sampled-claim.ts';
import { innerWord, leafWord, openLeaves, rootOf, type FrontierItem } from '../../sdk/protocol/sum-trie.ts';
import {
  ALL_STRATA,
  ClaimBench,
  SAMPLES,
  SESSION_BYTES,
  State,
  allStrata,
  anyWord,
  withFlippedByte,
} from './claim-fixture.ts';
import {
  GIB,
  SECP256K1_ORDER,
  TOKEN,
  advanceEpochs,
  deployWorld,
  grantOf,
  keyOf,
  openAllocated,
  openChain,
  signEntry,
  type Chain,
  type World,
} from './market-fixture.ts';

/** Where the parts of an only leaf lie in the openings of a claim: count, row, branch, then the receipt. */
const LEAF = {
  branch: 2,
  viewer: 3,
  epoch: 23,
  cap: 27,
  bytes: 35,
  grantSignature: 43,
  receiptSignature: 107,
};

describe('DealMarket: attacks on sampled claims', () => {
  let chain: Chain;
  let world: World;
  let dealId: DealId;
  let bench: ClaimBench;
  let epoch: number;
  const fixture = (): Promise<World> => deployWorld(chain);
  before(async () => {
    chain = await openChain();
  });
  beforeEach(async () => {
    world = await chain.networkHelpers.loadFixture(fixture);
    dealId = await openAllocated(world, 50n * TOKEN);
    bench = new ClaimBench(world, dealId);
    epoch = (await advanceEpochs(world, 1)) - 1;
  });
  const open = (openings: string) => bench.asNode.openClaim(dealId, ALL_STRATA, openings, world.node.address);
  const session = (index: number, bytes: bigint, change: Partial<Grant> = {}): Session =>
    sessionOf(bench.terms(epoch), index, bytes, change);

  /** Commits to some sessions, waits for the seed and gives the openings. */
  async function committed(claim: SessionClaim): Promise<string> {
    await bench.commit(claim);
    await bench.untilSeed();
    return bench.openings(claim, allStrata);
  }

  /** A claim of one session that breaks a rule. */
  const broken = (bytes: bigint, change: Partial<Grant>): Promise<string> =>
    committed(bench.claimOf(bench.terms(epoch), [session(0, bytes, change)]));

  const refuses = async (openings: string, error: string, ...values: readonly unknown[]) => {
    const expectation = expect(open(openings)).to.be.revertedWithCustomError(
      error in ERRORS_OF_MARKET ? world.market : world.claims,
      error,
    );
    await (values.length === 0 ? expectation : expectation.withArgs(...values));
    expect(await bench.state()).to.equal(State.Committed);
  };

  describe('receipts that break a rule', () => {
    it('bytes above the cap of their grant', async () => {
      const over = session(0, GIB + 1n, { capBytes: GIB });
      const openings = await committed(bench.claimOf(bench.terms(epoch), [over]));
      await refuses(openings, 'CapExceeded', bytesToHex(over.key), GIB + 1n, GIB);
    });

    it('grants of an epoch that is settled, or later than the claim', async () => {
      for (const wrong of [epoch - 1, epoch + 1]) {
        const snapshot = await chain.networkHelpers.takeSnapshot();
        const openings = await broken(1_000n, { epoch: parseEpoch(wrong) });
        await refuses(openings, 'EpochOutsideClaim');
        await snapshot.restore();
      }
    });

    it('grants for another node, deal or content', async () => {
      for (const change of [
        { node: parseAddress(world.otherNode.address) },
        { dealId: parseDealId(anyWord('another deal')) },
        { contentRoot: parseContentRoot(anyWord('another content')) },
      ]) {
        const snapshot = await chain.networkHelpers.takeSnapshot();
        // The contract hashes the grant with the claim's own deal, node and content: neither path nor signature fit.
        const openings = await broken(1_000n, change);
        await refuses(openings, 'InvalidGrantSignature');
        await snapshot.restore();
      }
    });

    it('grants and receipts signed for another chain or another contract', async () => {
      for (const change of [{ chainId: 1n }, { verifyingContract: parseAddress(world.stranger.address) }]) {
        const snapshot = await chain.networkHelpers.takeSnapshot();
        const terms = bench.terms(epoch);
        const foreign = { ...terms, domain: { ...terms.domain, ...change } };
        const openings = await committed(bench.claimOf(foreign, [sessionOf(foreign, 0, 1_000n)]));
        await refuses(openings, 'InvalidGrantSignature');
        await snapshot.restore();
      }
    });

    it('grants that the node signed itself, receipts that the node signed itself', async () => {
      const nodeKey = hexToBytes(keyOf('node').privateKey);
      for (const [change, error] of [
        [{ grantKey: nodeKey }, 'InvalidGrantSignature'],
        [{ viewerKey: nodeKey }, 'InvalidReceiptSignature'],
      ] as const) {
        const snapshot = await chain.networkHelpers.takeSnapshot();
        const only = session(0, 1_000n);
        const openings = await committed(bench.claimOf(bench.terms(epoch, change), [only]));
        await refuses(openings, error, bytesToHex(only.key));
        await snapshot.restore();
      }
    });

    it('grants of the key before a rotation for epochs after its last one', async () => {
      const { market, publisher, stranger } = world;
      await market.connect(publisher).rotateKeys(dealId, stranger.address, stranger.address);
      epoch = (await advanceEpochs(world, 3)) - 1;
      const openings = await committed(bench.claim(epoch, 1));
      await refuses(openings, 'InvalidGrantSignature');
    });
  });

  describe('changed openings', () => {
    it('are refused wherever a byte is changed', async () => {
      const openings = await committed(bench.claim(epoch, 2));
      for (let place = 0; place < hexToBytes(openings).length; place += 7) {
        await expect(open(withFlippedByte(openings, place)), `byte ${place}`).to.be.revert(chain.ethers);
      }
      await open(openings);
      expect(await bench.state()).to.equal(State.Paid);
    });

    it('signatures with the high s or the other parity are refused', async () => {
      const openings = await committed(bench.claim(epoch, 1));
      for (const [place, error] of [
        [LEAF.grantSignature, 'InvalidGrantSignature'],
        [LEAF.receiptSignature, 'InvalidReceiptSignature'],
      ] as const) {
        const bytes = hexToBytes(openings);
        const vs = bytes.subarray(place + 32, place + 64);
        const parity = (vs[0] ?? 0) & 0x80;
        const s = readUint(vs) & ((1n << 255n) - 1n);
        const twin = uintToBytes(SECP256K1_ORDER - s, 32);
        // The twin of a low s does not fit beside the parity bit, so its top bit is read as parity and s as another.
        twin[0] = ((twin[0] ?? 0) & 0x7f) | (parity ^ 0x80);
        bytes.set(twin, place + 32);
        await refuses(bytesToHex(bytes), error);
        await refuses(flippedBit(openings, place + 32), error);
      }
    });

    it('an s above half the order is refused', async () => {
      const openings = await committed(bench.claim(epoch, 1));
      const bytes = hexToBytes(openings);
      const half = SECP256K1_ORDER / 2n;
      bytes.set(uintToBytes(half + 1n, 32), LEAF.receiptSignature + 32);
      await refuses(bytesToHex(bytes), 'InvalidReceiptSignature');
    });

    it('openings that end early, go on, or open nothing are refused', async () => {
      const claim = bench.claim(epoch, 30);
      const openings = await committed(claim);
      const { claims } = world;
      await refuses(`${openings}00`, 'ProofLengthInvalid');
      await expect(open(openings.slice(0, -2))).to.be.revert(chain.ethers);
      await expect(open('0x')).to.be.revertedWithCustomError(claims, 'SampleNotOpened');
      await expect(open('0x0000')).to.be.revertedWithCustomError(claims, 'SampleNotOpened');
    });

    it('a receipt that does not hold the drawn byte is refused', async () => {
      const claim = bench.claim(epoch, 30);
      await committed(claim);
      const drawn = drawSamples(hexToBytes(await bench.seed()), claim.root.totalBytes, SAMPLES);
      // Neighbouring samples may lie in one receipt; all that do are left out together.
      const holder = (sample: bigint): bigint => sample / SESSION_BYTES;
      for (const missing of [drawn[0] ?? 0n, drawn[7] ?? 0n, drawn.at(-1) ?? 0n]) {
        const others = drawn.filter((sample) => holder(sample) !== holder(missing));
        const firstMissing = drawn.find((sample) => holder(sample) === holder(missing));
        await refuses(claim.openings(others), 'SampleNotOpened', firstMissing);
      }
      await bench.asNode.openClaim(dealId, ALL_STRATA, claim.openings(drawn), world.node.address);
    });
  });

  describe('tries that nobody honest makes', () => {
    /** Commits to a word and opens what is given for it. */
    async function openCrafted(word: Uint8Array, items: readonly FrontierItem[], of: SessionClaim) {
      const { root, totalBytes } = splitRootWord(word);
      await bench.asNode.commitClaim(dealId, epoch, root, totalBytes);
      await bench.untilSeed();
      const openings = bytesToHex(encodeOpenings(items, (hash) => of.receiptOf(hash)));
      return open(openings);
    }

    const leafItem = ({ key, bytes }: Session, branch: number): FrontierItem => ({
      kind: 'leaf',
      branch,
      key,
      bytes,
    });

    it('one receipt at two places: no branch fits, whatever its bit', async () => {
      const claim = bench.claim(epoch, 1);
      const only = claim.sessions[0] ?? session(0, 1n);
      for (const branch of [1, 2, 77, 255]) {
        const snapshot = await chain.networkHelpers.takeSnapshot();
        const word = innerWord(branch, leafWord(only), leafWord(only));
        await expect(openCrafted(word, [leafItem(only, 0), leafItem(only, branch)], claim))
          .to.be.revertedWithCustomError(world.claims, 'PathWrong')
          .withArgs(bytesToHex(only.key));
        await snapshot.restore();
      }
    });

    it('two receipts in the wrong order, or parted at another bit', async () => {
      const claim = bench.claim(epoch, 2);
      const [left, right] = claim.sessions;
      if (left === undefined || right === undefined) throw new TypeError('sessions');
      const branch = openLeaves(claim.sessions, [0n, left.bytes])[1]?.branch ?? 0;
      for (const [first, second, bit] of [
        [right, left, branch],
        [left, right, branch + 1],
        [left, right, 255],
      ] as const) {
        const snapshot = await chain.networkHelpers.takeSnapshot();
        const word = innerWord(bit, leafWord(first), leafWord(second));
        await expect(
          openCrafted(word, [leafItem(first, 0), leafItem(second, bit)], claim),
        ).to.be.revertedWithCustomError(world.claims, 'PathWrong');
        await snapshot.restore();
      }
    });

    it('junk before the first leaf, which would move a good receipt under every sample', async () => {
      const good = session(0, 1_000_000n);
      const claim = bench.claimOf(bench.terms(epoch), [good]);
      // One byte: a sample that falls into the junk is refused for that, and 1,000 bytes were hit in one run of 60.
      const junk = concatBytes(new Uint8Array(24).fill(7), uintToBytes(1n, 8));
      const branch = bitsOf(good.key).indexOf('1') + 1;
      const items: FrontierItem[] = [{ kind: 'subtree', branch: 0, word: junk }, leafItem(good, branch)];
      await expect(openCrafted(claim.root.word, items, claim)).to.be.revertedWithCustomError(
        world.claims,
        'RootMismatch',
      );
    });

    it('sums that overflow to a small total', async () => {
      const good = session(0, 1_000_000n);
      const claim = bench.claimOf(bench.terms(epoch), [good]);
      const huge = concatBytes(new Uint8Array(24).fill(7), uintToBytes((1n << 64n) - 1n, 8));
      // A bit at which the key has 0, so that its place on the left is right.
      const branch = bitsOf(good.key).indexOf('0') + 1;
      const hash = keccak_256(concatBytes(leafWord(good), uintToBytes(BigInt(branch), 32), huge));
      // 1,000,000 + 2^64 − 1 is 999,999 modulo 2^64: every sample would lie in the good receipt.
      const root = concatBytes(hash.subarray(0, 24), uintToBytes(999_999n, 8));
      const items: FrontierItem[] = [leafItem(good, 0), { kind: 'subtree', branch, word: huge }];
      await expect(openCrafted(root, items, claim))
        .to.be.revertedWithCustomError(world.claims, 'TrieTooLarge')
        .withArgs(1_000_000n + (1n << 64n) - 1n);
    });

    it('a false total is paid with the chance that every sample hits what is true, and not otherwise', async () => {
      const good = session(0, 1_000_000n);
      const bad = { ...session(1, 9_000_000n), key: hexToBytes(anyWord('nobody granted this')) };
      const sessions = [good, bad].sort((a, b) => compareBytes(a.key, b.key));
      const claim = bench.claimOf(bench.terms(epoch), [good]);
      const root = rootOf(sessions);
      const { root: hash, totalBytes } = splitRootWord(root.word);
      await bench.asNode.commitClaim(dealId, epoch, hash, totalBytes);
      await bench.untilSeed();
      const drawn = drawSamples(hexToBytes(await bench.seed()), totalBytes, SAMPLES);
      const goodFrom = sessions[0] === good ? 0n : bad.bytes;
      const provable = drawn.filter((sample) => goodFrom <= sample && sample < goodFrom + good.bytes);
      expect(provable.length).to.be.lessThan(SAMPLES);
      const items = openLeaves(sessions, provable);
      const openings = bytesToHex(encodeOpenings(items, (receipt) => claim.receiptOf(receipt)));
      await refuses(openings, 'SampleNotOpened');
      await chain.networkHelpers.mine(200);
      await world.claims.voidClaim(dealId, world.node.address);
      expect((await bench.allocation()).paidWei).to.equal(0n);
    });
  });

  describe('the same receipts twice', () => {
    it('in two claims: the epochs of the first are settled, by payment and by failure alike', async () => {
      const claim = bench.claim(epoch, 10);
      await bench.commit(claim);
      await bench.untilSeed();
      await bench.open(claim);
      await expect(bench.commit(claim)).to.be.revertedWithCustomError(world.market, 'EpochSettled');
      await advanceEpochs(world, 1);
      const again = bench.claimOf(bench.terms(epoch), claim.sessions);
      await bench.commit(again, epoch + 1);
      await bench.untilSeed();
      await expect(bench.open(again))
        .to.be.revertedWithCustomError(world.market, 'EpochOutsideClaim')
        .withArgs(bytesToHex(again.sessions[0]?.key ?? new Uint8Array()), epoch, epoch, epoch + 1);
    });

    it('by a claim and directly, in either order', async () => {
      const { market, node } = world;
      const entry = await signEntry(world, grantOf(world, dealId, epoch), 1_000_000n);
      const direct = (toEpoch: number) =>
        market.connect(node).claimDirect(dealId, toEpoch, [entry.receipt], node.address);
      const snapshot = await chain.networkHelpers.takeSnapshot();
      const claim = bench.claim(epoch, 3);
      await bench.commit(claim);
      await bench.untilSeed();
      await bench.open(claim);
      await expect(direct(epoch)).to.be.revertedWithCustomError(market, 'EpochSettled');
      await advanceEpochs(world, 1);
      await expect(direct(epoch + 1)).to.be.revertedWithCustomError(market, 'EpochOutsideClaim');
      await snapshot.restore();
      await direct(epoch);
      await expect(bench.commit(claim)).to.be.revertedWithCustomError(market, 'EpochSettled');
    });
  });

  it('empty claims cost their bond each time and end with the thaw', async () => {
    const { claims, market, node, publisher, token } = world;
    const supply = await token.totalSupply();
    const grief = async (toEpoch: number): Promise<void> => {
      await claims.connect(node).commitClaim(dealId, toEpoch, anyWord('nothing').slice(0, 50), GIB);
      await chain.networkHelpers.mine(100);
      await claims.voidClaim(dealId, node.address);
    };
    await grief(epoch);
    await market.connect(publisher).thaw(dealId, [node.address]);
    await advanceEpochs(world, 1);
    await grief(epoch + 1);
    expect(await token.totalSupply()).to.equal(supply - 2n * TOKEN);
    await advanceEpochs(world, 2);
    await expect(grief(epoch + 2)).to.be.revertedWithCustomError(claims, 'ThawEnded');
    await market.connect(publisher).release(dealId, [node.address]);
    expect((await market.dealOf(dealId)).freeWei).to.equal(100n * TOKEN);
  });
});

const bitsOf = (key: Uint8Array): string =>
  [...key].map((byte) => byte.toString(2).padStart(8, '0')).join('');

const flippedBit = (openings: string, place: number): string => {
  const bytes = hexToBytes(openings);
  bytes[place] = (bytes[place] ?? 0) ^ 0x80;
  return bytesToHex(bytes);
};

const ERRORS_OF_MARKET: Readonly<Record<string, true>> = {
  CapExceeded: true,
  EpochOutsideClaim: true,
  InvalidGrantSignature: true,
  InvalidReceiptSignature: true,
};
