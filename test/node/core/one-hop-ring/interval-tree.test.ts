import { expect } from 'chai';
import fc from 'fast-check';

import { bytesToHex } from '../../../../sdk/protocol/bytes.ts';
import { arcBits, arcOf, arcStart, leaderOf } from '../../../../node/core/one-hop-ring/arcs.ts';
import { contains, WHOLE_RING, type IdInterval } from '../../../../node/core/one-hop-ring/id-interval.ts';
import { splitDuty } from '../../../../node/core/one-hop-ring/interval-tree.ts';
import type { RingEntry } from '../../../../node/core/one-hop-ring/ring-table.ts';
import { RoutingTable } from '../../../../node/core/one-hop-ring/routing-table.ts';
import { recordAt } from './ring-samples.ts';
import { seededRandom } from './virtual-network.ts';

const record = recordAt(1);

/** Counts the members that somebody looks at. */
class CountingTable extends RoutingTable {
  looked = 0;

  override ringEntryAt(rank: number): RingEntry {
    this.looked += 1;
    return super.ringEntryAt(rank);
  }
}

function tableOf(ids: readonly Uint8Array[]): RoutingTable {
  const table = new RoutingTable();
  for (const id of ids) table.put(id, record, 'alive');
  return table;
}

function randomIds(count: number, random: () => number): Uint8Array[] {
  return Array.from({ length: count }, () =>
    Uint8Array.from({ length: 32 }, () => Math.floor(random() * 256)),
  );
}

interface Coverage {
  /** How often each position was reached. */
  readonly reached: Map<string, number>;
  readonly depth: number;
  readonly widest: number;
}

/** Runs the tree from one root over nodes that each have a table of their own. */
function spread(root: Uint8Array, tableFor: (id: Uint8Array) => RoutingTable): Coverage {
  const reached = new Map<string, number>();
  let depth = 0;
  let widest = 0;
  let level: { id: Uint8Array; interval: IdInterval }[] = [{ id: root, interval: { from: root, to: root } }];
  while (level.length > 0) {
    const next: typeof level = [];
    for (const { id, interval } of level) {
      const children = splitDuty(tableFor(id), interval, [id], () => false);
      widest = Math.max(widest, children.length);
      for (const { child, interval: duty } of children) {
        reached.set(bytesToHex(child.nid), (reached.get(bytesToHex(child.nid)) ?? 0) + 1);
        expect(contains(duty, child.nid)).to.equal(true);
        next.push({ id: child.nid, interval: duty });
      }
    }
    if (next.length > 0) depth += 1;
    level = next;
  }
  return { reached, depth, widest };
}

const seed = fc.integer({ min: 1, max: 2 ** 31 - 1 });

describe('tree over arcs', () => {
  it('reaches every member exactly once when tables agree', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), seed, (count, chosen) => {
        const ids = randomIds(count, seededRandom(chosen));
        const table = tableOf(ids);
        const root = ids[0] ?? new Uint8Array(32);
        const { reached } = spread(root, () => table);
        const expected = ids.slice(1).map((id) => bytesToHex(id));
        expect([...reached.keys()].sort()).to.deep.equal(expected.sort());
        expect([...reached.values()].every((times) => times === 1)).to.equal(true);
      }),
      { numRuns: 60 },
    );
  });

  it('reaches every member exactly once although tables differ, if each knows its two neighbours', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 120 }),
        seed,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (count, chosen, missing) => {
          const random = seededRandom(chosen);
          const ids = randomIds(count, random).sort((a, b) => (bytesToHex(a) < bytesToHex(b) ? -1 : 1));
          const tables = new Map(
            ids.map((own, rank) => {
              const known = ids.filter((_, other) => {
                const apart = Math.min(Math.abs(other - rank), count - Math.abs(other - rank));
                return apart <= 1 || random() >= missing;
              });
              return [bytesToHex(own), tableOf(known)] as const;
            }),
          );
          const root = ids[Math.floor(random() * count)] ?? new Uint8Array(32);
          const { reached } = spread(root, (id) => tables.get(bytesToHex(id)) ?? tableOf([]));
          const expected = ids.map((id) => bytesToHex(id)).filter((id) => id !== bytesToHex(root));
          expect([...reached.keys()].sort()).to.deep.equal(expected.sort());
          expect([...reached.values()].every((times) => times === 1)).to.equal(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('reaches 1,000 members within four levels, with at most one child an arc and one more', () => {
    const ids = randomIds(1_000, seededRandom(99));
    const table = tableOf(ids);
    const { reached, depth, widest } = spread(ids[0] ?? new Uint8Array(32), () => table);
    expect(reached.size).to.equal(999);
    expect(depth).to.be.at.most(4);
    expect(widest).to.be.at.most(2 * 2 ** arcBits(1_000));
  });

  it('looks at a number of members that follows the children, not the members', () => {
    const random = seededRandom(77);
    const looked = [3_000, 30_000].map((count) => {
      const table = new CountingTable();
      for (const each of randomIds(count, random)) table.put(each, record, 'alive');
      const root = table.ringEntryAt(0).nid;
      table.looked = 0;
      const children = splitDuty(table, WHOLE_RING, [root], () => false);
      expect(children.length).to.be.within(31, 64);
      return table.looked;
    });
    expect(Math.max(...looked)).to.be.at.most(4 * 64);
  });

  it('splits what a dead child should have covered, without that child', () => {
    const ids = randomIds(60, seededRandom(5));
    const table = tableOf(ids);
    const root = ids[0] ?? new Uint8Array(32);
    const [first] = splitDuty(table, { from: root, to: root }, [root], () => false);
    expect(first).to.not.equal(undefined);
    if (first === undefined) return;
    const again = splitDuty(table, first.interval, [root, first.child.nid], () => false);
    const covered = ids.filter(
      (id) => contains(first.interval, id) && bytesToHex(id) !== bytesToHex(first.child.nid),
    );
    for (const id of covered) {
      expect(again.filter((duty) => contains(duty.interval, id))).to.have.length(1);
    }
  });
});

describe('arcs', () => {
  it('are as many as the ring’s size asks for', () => {
    expect([100, 10_000, 100_000].map((size) => 2 ** arcBits(size))).to.deep.equal([16, 32, 64]);
  });

  it('begin where their number says', () => {
    for (let arc = 0; arc < 16; arc++) expect(arcOf(arcStart(arc, 4), 4)).to.equal(arc);
  });

  it('are led by their lowest alive member', () => {
    const ids = randomIds(100, seededRandom(3));
    const table = tableOf(ids);
    for (let arc = 0; arc < 16; arc++) {
      const inArc = ids
        .filter((id) => arcOf(id, 4) === arc)
        .map((id) => bytesToHex(id))
        .sort();
      const leader = leaderOf(table, arc);
      expect(leader && bytesToHex(leader.nid)).to.equal(inArc[0]);
      if (leader === undefined) continue;
      table.put(leader.nid, record, 'suspect');
      const next = leaderOf(table, arc);
      expect(next && bytesToHex(next.nid)).to.equal(inArc[1]);
      table.put(leader.nid, record, 'alive');
    }
  });
});
