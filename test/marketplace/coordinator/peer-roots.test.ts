import { expect } from 'chai';
import fc from 'fast-check';

import { systemClock } from '../../../sdk/pacing/clock.ts';
import { momentOf } from '../../../marketplace/coordinator/epoch-clock.ts';
import { PeerRoots } from '../../../marketplace/coordinator/peer-roots.ts';
import type { Database } from '../../../marketplace/database/database.ts';
import { addPeerBytes } from '../../../marketplace/database/peer-ledger.ts';
import { readPeerLeaves, type SignedPeerRoot } from '../../../marketplace/database/peer-roots.ts';
import { ProjectionRows } from '../../../marketplace/database/projection-rows.ts';
import { MarketplaceError } from '../../../marketplace/errors.ts';
import { parseAddress, parseDealId, type Address } from '../../../sdk/protocol/identifiers.ts';
import { peerRootDigest, PeerTree, rootOfPeerProof } from '../../../sdk/protocol/peer-root.ts';
import { nativeSecp256k1 as secp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { temporaryStorage, type TestStorage } from '../storage-fixture.ts';

const GIB = 2n ** 30n;
const EPOCH_SECONDS = 10;
const DEAL = parseDealId(`0x${'d1'.repeat(32)}`);
const domain = { chainId: 5n, verifyingContract: parseAddress(`0x${'03'.repeat(20)}`) };
const peer = (n: number): Address => parseAddress(`0x${n.toString(16).padStart(40, '0')}`);
const keyOf = (n: number): Uint8Array => new Uint8Array(32).fill(n);

/** One deal with a pool, a coordinator's database, and a chain that posts what it is told to. */
class RootRoom {
  readonly database: Database;
  readonly roots: PeerRoots;
  /** Time of the chain. */
  seconds = 1_000;
  collector = 1;
  #pool = { funded_wei: (10n ** 30n).toString(), posted_wei: '0', sequence: 0, posted_at_seconds: 0 };
  #root: string | null = null;
  #block = 1;

  private constructor(database: Database) {
    this.database = database;
    this.roots = new PeerRoots(
      {
        ...{ database, domain, clock: systemClock },
        epochClock: { now: async () => momentOf(this.seconds, EPOCH_SECONDS, 0) },
        vault: {
          collectorSigner: async () => {
            const key = keyOf(this.collector);
            return { address: secp256k1.addressOf(key), sign: (digest) => secp256k1.sign(digest, key) };
          },
        },
      },
      { thresholdWei: 1n, intervalSeconds: 0 },
    );
  }

  static async open(storage: TestStorage): Promise<RootRoom> {
    const room = new RootRoom(await storage.open());
    await room.writeChain();
    return room;
  }

  async earn(who: Address, ratePerGiB: bigint, bytes: bigint): Promise<void> {
    await this.database.write((sql) => addPeerBytes(sql, DEAL, { peer: who, ratePerGiB, bytes }));
  }

  /** The chain takes a root; it takes the next one an epoch later. */
  async post({ statement }: SignedPeerRoot): Promise<void> {
    const { sequence, totalWei, root } = statement;
    this.#pool = {
      ...this.#pool,
      ...{ sequence, posted_wei: totalWei.toString(), posted_at_seconds: this.seconds },
    };
    this.#root = root;
    await this.writeChain();
    this.seconds += EPOCH_SECONDS;
  }

  async writeChain(change: Partial<{ funded_wei: string; sequence: number }> = {}): Promise<void> {
    this.#pool = { ...this.#pool, ...change };
    await this.database.write(async (sql) => {
      const rows = ProjectionRows.ofBlock(sql, this.#block++);
      const collector = secp256k1.addressOf(keyOf(this.collector));
      const keys = { grant_key: collector, collector, previous_grant_key: null, previous_collector: null };
      const money = { free_wei: '0', deposited_wei: '0', withdrawn_wei: '0', opened_block: 1 };
      const content = { content_root: DEAL, content_codec: 85, service_level: 0, key_last_epoch: 0 };
      await rows.put('deals', {
        deal_id: DEAL,
        publisher: peer(9),
        state: 'open',
        ...keys,
        ...money,
        ...content,
      });
      const roots = { root: this.#root, previous_root: null, claimed_wei: '0', thaw_end: 0 };
      await rows.put('peer_pools', { deal_id: DEAL, ...this.#pool, ...roots });
    });
  }

  async pending(): Promise<SignedPeerRoot | undefined> {
    return (await this.roots.standing(DEAL)).pending;
  }

  async refusal(): Promise<string> {
    const error: unknown = await this.roots.standing(DEAL).then(
      () => 'none',
      (refused: unknown) => refused,
    );
    return error instanceof MarketplaceError ? error.code : String(error);
  }
}

describe('roots of what peers have earned', () => {
  const cleanups: (() => Promise<void>)[] = [];
  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  async function openRoom(): Promise<RootRoom> {
    const storage = await temporaryStorage();
    const room = await RootRoom.open(storage);
    cleanups.push(storage.remove, () => room.database.close());
    return room;
  }

  it('never lower an amount and never leave a peer out, whatever is earned and posted when', async function () {
    this.timeout(60_000);
    const earning = fc.record({
      who: fc.integer({ min: 1, max: 5 }).map(peer),
      ratePerGiB: fc.constantFrom(GIB, GIB / 3n, 7n * GIB),
      bytes: fc.bigInt(0n, 10n ** 12n),
      posts: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(earning, { minLength: 1, maxLength: 25 }), async (earnings) => {
        const room = await openRoom();
        const promised = new Map<Address, bigint>();
        let last: SignedPeerRoot | undefined;
        for (const { who, ratePerGiB, bytes, posts } of earnings) {
          await room.earn(who, ratePerGiB, bytes);
          const signed = await room.pending();
          if (signed === undefined) continue;
          const { statement, signature } = signed;
          // A sequence is signed once: what waits stays what it was.
          if (statement.sequence === last?.statement.sequence) expect(signed).to.deep.equal(last);
          last = signed;
          const leaves = await readPeerLeaves(room.database.read, DEAL, statement.sequence);
          expect(new PeerTree(leaves).root).to.equal(statement.root);
          const amounts = new Map(leaves.map((leaf) => [leaf.peer, leaf.cumulativeWei]));
          for (const [known, wei] of promised) expect((amounts.get(known) ?? -1n) >= wei).to.equal(true);
          for (const [named, wei] of amounts) promised.set(named, wei);
          const signer = secp256k1.recover(peerRootDigest(domain, statement), signature);
          expect(signer).to.equal(signed.collector);
          if (posts) await room.post(signed);
        }
        for (const who of promised.keys()) {
          for (const { statement, cumulativeWei, proof } of await room.roots.proofsOf(DEAL, who)) {
            expect(rootOfPeerProof({ peer: who, cumulativeWei }, proof)).to.equal(statement.root);
          }
        }
      }),
      { numRuns: 15 },
    );
  });

  it('are refused when the books say less than was promised, or the pool holds less than was earned', async () => {
    const room = await openRoom();
    await room.earn(peer(1), GIB, 1_000n);
    await room.post((await room.pending()) ?? expect.fail('a root is due'));
    await room.database.write((sql) => sql.run('UPDATE peer_bytes SET bytes = 999'));
    await room.earn(peer(2), GIB, 5_000n);
    expect(await room.refusal()).to.equal('PEER_AMOUNT_FELL');
    await room.database.write((sql) => sql.run('UPDATE peer_bytes SET bytes = 1000 WHERE bytes = 999'));
    await room.writeChain({ funded_wei: '5999' });
    expect(await room.refusal()).to.equal('POOL_TOO_SMALL');
    await room.writeChain({ funded_wei: '6000' });
    expect((await room.pending())?.statement.totalWei).to.equal(6_000n);
  });

  it('are refused beside a root on chain that was not signed here', async () => {
    const room = await openRoom();
    await room.earn(peer(1), GIB, 1_000n);
    await room.writeChain({ sequence: 3 });
    expect(await room.refusal()).to.equal('PEER_ROOT_UNKNOWN');
  });

  it('are signed again, unchanged, when their key is rotated out before they are posted', async () => {
    const room = await openRoom();
    await room.earn(peer(1), GIB, 1_000n);
    const before = (await room.pending()) ?? expect.fail('a root is due');
    room.collector = 2;
    await room.writeChain();
    await room.earn(peer(1), GIB, 500n);
    const after = (await room.pending()) ?? expect.fail('the root waits');
    expect(after.statement).to.deep.equal(before.statement);
    expect(after.collector).to.equal(secp256k1.addressOf(keyOf(2)));
    const signer = secp256k1.recover(peerRootDigest(domain, after.statement), after.signature);
    expect(signer).to.equal(after.collector);
  });
});
