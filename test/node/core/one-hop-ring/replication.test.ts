import { sha256 } from '@noble/hashes/sha2.js';
import { expect } from 'chai';
import fc from 'fast-check';

import { bytesToHex, compareBytes, utf8ToBytes } from '../../../../sdk/protocol/bytes.ts';
import { contains } from '../../../../node/core/one-hop-ring/id-interval.ts';
import { DEFAULT_TIMING, REPLICAS } from '../../../../node/core/one-hop-ring/limits.ts';
import { ProvidedKeys } from '../../../../node/core/one-hop-ring/provided-keys.ts';
import { Replication } from '../../../../node/core/one-hop-ring/replication.ts';
import { keysServedBy } from '../../../../node/core/one-hop-ring/responsibility.ts';
import { RingContext } from '../../../../node/core/one-hop-ring/ring-context.ts';
import type { RingEntry } from '../../../../node/core/one-hop-ring/ring-table.ts';
import { RoutingTable } from '../../../../node/core/one-hop-ring/routing-table.ts';
import { providerRecordOf, recordAt } from './ring-samples.ts';
import { TEST_NETWORK, testKey, testPorts, TestRegistry } from './virtual-network.ts';

const MEMBERS = 60;
const START_MS = 1_000_000;

/** Counts how often somebody asks who is responsible for a key. */
class CountingTable extends RoutingTable {
  asked = 0;

  override successors(key: Uint8Array, count: number): RingEntry[] {
    this.asked += 1;
    return super.successors(key, count);
  }
}

/** The index part of one member of a ring whose members are `member 0` to `member 59`. */
class Member {
  readonly table = new CountingTable();
  readonly context: RingContext;
  readonly replication: Replication;
  readonly registry = new TestRegistry();
  nowMs = START_MS;

  constructor() {
    const publicKey = testKey('member 0');
    for (let i = 0; i < 2 * MEMBERS; i++) this.registry.add(testKey(`member ${i}`));
    this.context = new RingContext(
      testPorts(publicKey, this.registry, () => 0.5),
      {
        network: TEST_NETWORK,
        publicKey,
        addresses: [],
        providerAddresses: ['/dns4/member-0.example/tcp/443/https'],
        incarnation: 1,
        timing: DEFAULT_TIMING,
        table: this.table,
      },
    );
    this.replication = new Replication(this.context);
    for (let i = 0; i < MEMBERS; i++) this.change(i, 'join');
    this.replication.start(this.nowMs);
    this.replication.wake(this.nowMs);
  }

  change(member: number, how: 'join' | 'leave'): Uint8Array {
    const publicKey = testKey(`member ${member}`);
    const nid = sha256(publicKey);
    this.table.put(nid, recordAt(1, { publicKey }), how === 'join' ? 'alive' : 'left');
    return nid;
  }

  /** Holds records of `member 1` for these keys. */
  hold(keys: readonly Uint8Array[]): void {
    const publicKey = testKey('member 1');
    const edge = this.registry.nidOf(publicKey);
    if (edge === undefined) throw new RangeError('Not admitted.');
    const { operator, region } = edge;
    const records = keys.map((key) =>
      providerRecordOf({ key, publicKey, operator, region, sequence: START_MS, ttlSeconds: 3_600 }),
    );
    expect(this.replication.accept(records, this.nowMs)).to.equal(keys.length);
  }

  /** What is stored on whom when the changes are looked at. */
  rebalance(positions: readonly Uint8Array[] | undefined): string[] {
    this.replication.membershipChanged(this.nowMs, positions);
    this.nowMs += DEFAULT_TIMING.rebalanceDelayMs;
    this.replication.wake(this.nowMs);
    return this.sent();
  }

  /** Every store since the last look, and its confirmation unless `confirm` is false. */
  sent(confirm = true): string[] {
    const stores: string[] = [];
    for (const action of this.context.takeActions()) {
      if (action.type !== 'send' || action.message.kind !== 'store') continue;
      const { requestId } = action.message;
      if (confirm) this.replication.onStoreReply(action.to.publicKey, requestId, this.nowMs);
      for (const { key } of action.message.records) {
        stores.push(`${bytesToHex(action.to.publicKey)} ${bytesToHex(key)}`);
      }
    }
    return stores.sort();
  }
}

const keys = Array.from({ length: 200 }, (_, i) => sha256(utf8ToBytes(`content ${i}`)));

describe('replication: moving replicas', () => {
  it('stores the same on the same members whether it is told where members changed or not', () => {
    const change = fc.record({
      member: fc.integer({ min: 1, max: 2 * MEMBERS - 1 }),
      how: fc.constantFrom<'join' | 'leave'>('join', 'leave'),
    });
    const batches = fc.array(fc.array(change, { minLength: 1, maxLength: 6 }), { maxLength: 6 });
    fc.assert(
      fc.property(batches, (changes) => {
        const [told, untold] = [new Member(), new Member()];
        for (const member of [told, untold]) {
          const served = keysServedBy(member.table, member.context.nid, REPLICAS);
          member.hold(keys.filter((key) => contains(served, key)));
          for (const key of keys.slice(0, 50)) member.replication.provide(key, member.nowMs);
          member.sent();
        }
        for (const batch of changes) {
          const positions = batch.map(({ member, how }) => told.change(member, how));
          for (const { member, how } of batch) untold.change(member, how);
          expect(told.rebalance(positions)).to.deep.equal(untold.rebalance(undefined));
        }
      }),
      { numRuns: 40 },
    );
  });

  it('looks at no key when members change far away, and only at those in reach of a change nearby', () => {
    const member = new Member();
    const { table, context } = member;
    const served = keysServedBy(table, context.nid, REPLICAS);
    const held = keys.filter((key) => contains(served, key));
    expect(held.length).to.be.greaterThan(5);
    member.hold(held);
    const ring = [...table.members()];
    const self = ring.findIndex((entry) => compareBytes(entry.nid, context.nid) === 0);
    const numberAt = (steps: number): number => {
      const entry = ring[(self + steps + ring.length) % ring.length];
      const names = Array.from({ length: MEMBERS }, (_, i) => i);
      return names.findIndex(
        (i) => compareBytes(sha256(testKey(`member ${i}`)), entry?.nid ?? new Uint8Array()) === 0,
      );
    };
    const far = member.change(numberAt(30), 'leave');
    table.asked = 0;
    expect(member.rebalance([far])).to.deep.equal([]);
    expect(table.asked).to.equal(0);
    const next = member.change(numberAt(1), 'leave');
    const inReach = held.filter((key) => contains(keysServedBy(table, next, REPLICAS), key));
    table.asked = 0;
    const stores = member.rebalance([next]);
    expect(table.asked).to.equal(inReach.length);
    expect(stores.length).to.be.at.most(inReach.length);
  });

  it('goes on storing on a member that is silent but not gone, and stops when it confirms', () => {
    const member = new Member();
    const [key = new Uint8Array(32)] = keys;
    member.replication.provide(key, member.nowMs);
    const first = member.sent(false);
    expect(first.length).to.be.within(REPLICAS - 1, REPLICAS);
    const wakeAndCollect = (confirm: boolean): string[] => {
      member.nowMs = Math.max(member.nowMs, member.replication.nextMs());
      member.replication.wake(member.nowMs);
      return member.sent(confirm);
    };
    const again: string[] = [];
    const startedMs = member.nowMs;
    // 1.5 + 3 + 6 + 12 + 24 seconds.
    while (member.replication.nextMs() <= startedMs + 46_500) again.push(...wakeAndCollect(false));
    expect(again.sort()).to.deep.equal([...first, ...first, ...first, ...first, ...first].sort());
    while (member.replication.nextMs() < startedMs + 70_500) wakeAndCollect(false);
    expect(wakeAndCollect(true)).to.deep.equal(first);
    while (member.nowMs < startedMs + 120_000) expect(wakeAndCollect(true)).to.deep.equal([]);
  });

  it('looks at every key again after more changes than it remembers', () => {
    const member = new Member();
    const served = keysServedBy(member.table, member.context.nid, REPLICAS);
    const held = keys.filter((key) => contains(served, key));
    member.hold(held);
    member.table.asked = 0;
    member.rebalance(Array.from({ length: 65 }, (_, i) => sha256(testKey(`far ${i}`))));
    expect(member.table.asked).to.equal(held.length);
  });
});

describe('replication: who serves which keys', () => {
  const id = fc.uint8Array({ minLength: 32, maxLength: 32 });

  it('a member serves exactly the keys that have it among their first members', () => {
    const ids = fc.uniqueArray(id, { minLength: 1, maxLength: 20, selector: bytesToHex });
    fc.assert(
      fc.property(ids, id, fc.integer({ min: 1, max: 6 }), (positions, key, count) => {
        const table = new RoutingTable();
        for (const position of positions) table.put(position, recordAt(1), 'alive');
        const holders = table.successors(key, count).map(({ nid }) => bytesToHex(nid));
        for (const position of positions) {
          expect(contains(keysServedBy(table, position, count), key)).to.equal(
            holders.includes(bytesToHex(position)),
          );
        }
      }),
    );
  });

  it('provided keys are found by any interval', () => {
    const provided = fc.uniqueArray(id, { maxLength: 60, selector: bytesToHex });
    fc.assert(
      fc.property(provided, id, id, (all, from, to) => {
        const filed = new ProvidedKeys();
        for (const key of all) {
          filed.set({ key, record: providerRecordOf({ key }), holders: new Set(), republishAtMs: 0 });
        }
        expect(filed.size).to.equal(all.length);
        const found = [...filed.within({ from, to })].map(({ key }) => bytesToHex(key)).sort();
        const expected = all
          .filter((key) => contains({ from, to }, key))
          .map(bytesToHex)
          .sort();
        expect(found).to.deep.equal(expected);
        for (const key of all) expect(filed.delete(key)).to.equal(true);
        expect(filed.size).to.equal(0);
        expect([...filed.all()]).to.deep.equal([]);
      }),
    );
  });
});
