import { expect } from 'chai';
import fc from 'fast-check';

import { bytesToHex } from '../../sdk/protocol/bytes.ts';
import type { MemberState } from '../../node/core/one-hop-ring/membership-event.ts';
import type { RingEntry, RingTable } from '../../node/core/one-hop-ring/ring-table.ts';
import { RoutingTable } from '../../node/core/one-hop-ring/routing-table.ts';
import { SharedTable } from '../../scripts/simulator/tables/shared-table.ts';
import { TableVersions } from '../../scripts/simulator/tables/table-versions.ts';
import { recordAt } from '../node/core/one-hop-ring/ring-samples.ts';

const id = fc.uint8Array({ minLength: 32, maxLength: 32 });
/** Few leading words, so that positions collide in them. */
const crowdedId = id.map((bytes) =>
  Uint8Array.from(bytes, (byte, i) => (i < 4 ? 0 : i === 4 ? byte & 3 : byte)),
);
/** Few positions, so that entries are changed again and again. */
const fewIds = fc.integer({ min: 0, max: 7 }).map((value) => new Uint8Array(32).fill(value * 31));
const anyId = fc.oneof(id, crowdedId, fewIds);
const state = fc.constantFrom<MemberState>('alive', 'suspect', 'failed', 'left');

const operation = fc.oneof(
  fc.record({
    what: fc.constant('put' as const),
    id: anyId,
    state,
    incarnation: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({
    what: fc.constant('put' as const),
    id: fewIds,
    state,
    incarnation: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ what: fc.constant('expel' as const), id: fewIds }),
  fc.record({ what: fc.constant('load' as const), id: fewIds, load: fc.integer({ min: 0, max: 254 }) }),
  fc.record({ what: fc.constant('delay' as const), id: fewIds, delayMs: fc.integer({ min: 1, max: 500 }) }),
  fc.record({ what: fc.constant('look' as const), id: anyId }),
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

const records = new Map([1, 2, 3].map((incarnation) => [incarnation, recordAt(incarnation)]));

function apply(table: RingTable, each: Operation): unknown {
  switch (each.what) {
    case 'put':
      return table.put(each.id, records.get(each.incarnation) ?? recordAt(each.incarnation), each.state);
    case 'expel':
      return table.expel(each.id);
    case 'load':
      return table.noteLoad(each.id, each.load);
    case 'delay':
      return table.noteDelay(each.id, each.delayMs);
    case 'look':
      return answers(table, each.id);
  }
}

function plain(entry: RingEntry | undefined): unknown {
  if (entry === undefined) return undefined;
  const delayMs = Number.isNaN(entry.delayMs) ? -1 : Math.round(entry.delayMs * 100);
  return [bytesToHex(entry.nid), entry.incarnation, entry.state, entry.load, delayMs];
}

/** Everything that a table says around a position. */
function answers(table: RingTable, key: Uint8Array): unknown {
  const wide = { from: key, to: Uint8Array.from(key, (byte) => byte ^ 0x55) };
  const range = table.ringRange(wide);
  const size = table.ringSize;
  return {
    sizes: [size, table.size],
    failed: Array.from({ length: table.failedCount }, (_, i) => bytesToHex(table.failedAt(i).nid)).sort(),
    digest: { high: table.digest.high, low: table.digest.low },
    found: plain(table.find(key)),
    inRing: table.isInRing(key),
    successor: plain(table.successor(key)),
    successors: table.successors(key, 4).map(plain),
    predecessors: [1, 2, 5].map((steps) => plain(table.predecessor(key, steps))),
    range: range.count === 0 ? 0 : range,
    whole: table.ringRange({ from: key, to: key }).count,
    ranks: size === 0 ? [] : [-1, 0, size - 1, size].map((rank) => plain(table.ringEntryAt(rank))),
    members: [...table.members()].map(plain),
    entries: [...table.entries()].map(plain),
    from: [...table.entriesFrom(key)].map(plain),
    within: [...table.entriesIn(wide)].map(plain),
    withinDigest: table.rangeDigest(wide),
  };
}

describe('shared table of the simulator', () => {
  it('says what a routing table says, whatever happens to it', () => {
    fc.assert(
      fc.property(
        fc.array(operation, { maxLength: 80 }),
        fc.array(anyId, { maxLength: 4 }),
        (operations, keys) => {
          const [real, shared] = [new RoutingTable(), new SharedTable(new TableVersions())];
          for (const each of operations) {
            const expected = apply(real, each);
            const actual = apply(shared, each);
            expect(actual).to.deep.equal(expected);
          }
          for (const key of keys) expect(answers(shared, key)).to.deep.equal(answers(real, key));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('says so too when many tables of one simulation go different ways', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 3 }), operation), { maxLength: 150 }),
        anyId,
        (operations, key) => {
          const versions = new TableVersions();
          const pairs = [0, 1, 2, 3].map(() => ({
            real: new RoutingTable(),
            shared: new SharedTable(versions),
          }));
          for (const [which, each] of operations) {
            const pair = pairs[which];
            if (pair === undefined) continue;
            expect(apply(pair.shared, each)).to.deep.equal(apply(pair.real, each));
          }
          for (const { real, shared } of pairs)
            expect(answers(shared, key)).to.deep.equal(answers(real, key));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('holds one version for tables that took different ways to one content, also past a new base', () => {
    const versions = new TableVersions();
    const ids = Array.from({ length: 300 }, (_, i) =>
      Uint8Array.from({ length: 32 }, (__, at) => (i * 37 + at * 11) & 255),
    );
    const [up, down] = [new SharedTable(versions), new SharedTable(versions)];
    for (const each of ids) {
      up.put(each, recordAt(1), 'alive');
      void up.ringSize;
    }
    for (const each of ids.toReversed()) {
      down.put(each, recordAt(2), 'failed');
      void down.ringSize;
      down.put(each, recordAt(1), 'alive');
    }
    expect(up.version).to.equal(down.version);
    expect(versions.inUse).to.equal(1);
    expect(up.ringSize).to.equal(new Set(ids.map(bytesToHex)).size);
  });

  it('keeps its content when another table with the same content changes', () => {
    const versions = new TableVersions();
    const founding = new SharedTable(versions);
    for (let i = 0; i < 8; i++) founding.put(new Uint8Array(32).fill(i * 30), recordAt(1), 'alive');
    const [a, b] = [new SharedTable(versions, founding.version), new SharedTable(versions, founding.version)];
    a.put(new Uint8Array(32).fill(30), recordAt(1), 'failed');
    expect(a.ringSize).to.equal(7);
    expect(b.ringSize).to.equal(8);
    expect(b.find(new Uint8Array(32).fill(30))?.state).to.equal('alive');
  });
});
