import { expect } from 'chai';
import fc from 'fast-check';

import { bytesToHex, compareBytes } from '../../../../sdk/protocol/bytes.ts';
import {
  cellOf,
  contains,
  includes,
  isWholeRing,
  separator,
  WHOLE_RING,
  withoutCell,
} from '../../../../node/core/one-hop-ring/id-interval.ts';
import { nextId } from '../../../../node/core/one-hop-ring/ring-identifier.ts';
import { LOAD_UNKNOWN, type RingEntry } from '../../../../node/core/one-hop-ring/ring-table.ts';
import { RoutingTable } from '../../../../node/core/one-hop-ring/routing-table.ts';
import { equalDigests } from '../../../../node/core/one-hop-ring/table-digest.ts';
import type { MemberState } from '../../../../node/core/one-hop-ring/membership-event.ts';
import { recordAt, smallId, smallValue } from './ring-samples.ts';

const id = fc.uint8Array({ minLength: 32, maxLength: 32 });
/** An interval's end: a name and zeros. */
const end = id.map((bytes) => cellOf(bytes).from);
/** Few leading bits, so that positions collide in their leading words. */
const crowdedId = id.map((bytes) =>
  Uint8Array.from(bytes, (byte, i) => (i < 8 ? 0 : i === 31 ? byte & 3 : byte & 1)),
);
const state = fc.constantFrom<MemberState>('alive', 'suspect', 'failed', 'left');

/** The worked example of SOURCES.md [004]: m = 3, mapped onto the three leading bits. */
describe('routing table: the source’s example ring {0, 1, 2, 5, 7}', () => {
  const table = new RoutingTable();
  for (const value of [0, 1, 2, 5, 7]) table.put(smallId(value), recordAt(1), 'alive');

  for (const [key, owner] of [
    [2, 2],
    [4, 5],
    [6, 7],
    [3, 5],
  ] as const) {
    it(`puts key ${key} on node ${owner}`, () => {
      expect(smallValue(table.successor(smallId(key))?.nid)).to.equal(owner);
    });
  }

  it('wraps around: the replicas of key 6 are 7, 0, 1, 2, 5', () => {
    expect(table.successors(smallId(6), 5).map((entry) => smallValue(entry.nid))).to.deep.equal([
      7, 0, 1, 2, 5,
    ]);
  });

  it('knows predecessors: of 0 it is 7, of 5 it is 2', () => {
    expect(smallValue(table.predecessor(smallId(0))?.nid)).to.equal(7);
    expect(smallValue(table.predecessor(smallId(5))?.nid)).to.equal(2);
    expect(smallValue(table.predecessor(smallId(0), 3)?.nid)).to.equal(2);
  });
});

describe('routing table: properties', () => {
  it('answers like a sorted list, whatever is put, changed and expelled', () => {
    const operation = fc.record({ id: fc.oneof(id, crowdedId), state, expel: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(operation, { maxLength: 60 }),
        fc.array(fc.oneof(id, crowdedId)),
        (operations, keys) => {
          const table = new RoutingTable();
          const model = new Map<string, { id: Uint8Array; state: MemberState }>();
          operations.forEach((each, i) => {
            table.put(each.id, recordAt(i), each.state);
            model.set(bytesToHex(each.id), each);
            if (each.expel && i % 3 === 0) {
              table.expel(each.id);
              model.delete(bytesToHex(each.id));
            }
          });
          const sorted = [...model.values()].sort((a, b) => compareBytes(a.id, b.id));
          const ring = sorted.filter((each) => each.state === 'alive' || each.state === 'suspect');
          expect([...table.entries()].map((entry) => bytesToHex(entry.nid))).to.deep.equal(
            sorted.map((each) => bytesToHex(each.id)),
          );
          expect(table.ringSize).to.equal(ring.length);
          for (const key of keys) {
            const owner = ring.find((each) => compareBytes(each.id, key) >= 0) ?? ring[0];
            const found = table.successor(key)?.nid;
            expect(found && bytesToHex(found)).to.equal(owner && bytesToHex(owner.id));
          }
        },
      ),
    );
  });

  it('counts the members of any interval', () => {
    fc.assert(
      fc.property(fc.uniqueArray(id, { maxLength: 30, selector: bytesToHex }), id, id, (ids, from, to) => {
        const table = new RoutingTable();
        for (const each of ids) table.put(each, recordAt(1), 'alive');
        const interval = { from, to };
        const { first, count } = table.ringRange(interval);
        expect(count).to.equal(ids.filter((each) => contains(interval, each)).length);
        for (let i = 0; i < count; i++)
          expect(contains(interval, table.ringEntryAt(first + i).nid)).to.equal(true);
      }),
    );
  });

  it('lists and digests the entries of any interval, tombstones included', () => {
    fc.assert(
      fc.property(fc.uniqueArray(id, { maxLength: 30, selector: bytesToHex }), id, id, (ids, from, to) => {
        const [table, part] = [new RoutingTable(), new RoutingTable()];
        const interval = { from, to };
        ids.forEach((each, i) => {
          const state = i % 2 === 0 ? 'alive' : 'failed';
          table.put(each, recordAt(i + 1), state);
          if (contains(interval, each)) part.put(each, recordAt(i + 1), state);
        });
        const listed = [...table.entriesIn(interval)].map((entry) => bytesToHex(entry.nid));
        expect(listed.toSorted()).to.deep.equal([...part.entries()].map((entry) => bytesToHex(entry.nid)));
        expect(table.rangeDigest(interval)).to.deep.equal(part.digest);
        for (const each of ids.slice(0, 5)) {
          table.expel(each);
          part.expel(each);
        }
        for (const each of ids.slice(5, 9)) {
          table.put(each, recordAt(99), 'left');
          if (contains(interval, each)) part.put(each, recordAt(99), 'left');
        }
        expect(table.rangeDigest(interval)).to.deep.equal(part.digest);
      }),
    );
  });

  it('has one digest for one content, however it came about; suspicion does not count', () => {
    fc.assert(
      fc.property(fc.uniqueArray(id, { minLength: 1, maxLength: 20, selector: bytesToHex }), (ids) => {
        const [a, b] = [new RoutingTable(), new RoutingTable()];
        for (const each of ids) a.put(each, recordAt(3), 'alive');
        for (const each of ids.toReversed()) {
          b.put(each, recordAt(1), 'failed');
          b.put(each, recordAt(3), 'suspect');
        }
        expect(equalDigests(a.digest, b.digest)).to.equal(true);
        const [first] = ids;
        if (first !== undefined) a.put(first, recordAt(3), 'failed');
        expect(equalDigests(a.digest, b.digest)).to.equal(false);
      }),
    );
  });

  it('never changes an entry that it gave out, however the table goes on', () => {
    const position = (i: number): Uint8Array => Uint8Array.of(i, ...new Uint8Array(31));
    const table = new RoutingTable();
    const given: { entry: RingEntry; hex: string }[] = [];
    // Three times as many expelled and put again as fit: slots are freed, moved and used again.
    for (let i = 0; i < 240; i++) {
      table.put(position(i), recordAt(i), 'alive');
      const entry = table.successor(position(i));
      if (entry !== undefined) given.push({ entry, hex: bytesToHex(position(i)) });
      if (i >= 20) table.expel(position(i - 20));
    }
    expect(table.size).to.equal(20);
    expect(given).to.have.length(240);
    given.forEach(({ entry, hex }, i) => {
      expect(bytesToHex(entry.nid)).to.equal(hex);
      expect(entry.record.incarnation).to.equal(i);
    });
    // Room for what was freed is used again before the table grows further.
    expect(table.columnBytes).to.be.lessThan(80 * 96);
  });

  it('keeps load and delay through a change of state', () => {
    const table = new RoutingTable();
    table.put(smallId(1), recordAt(1), 'alive');
    expect(table.find(smallId(1))).to.include({ load: LOAD_UNKNOWN, state: 'alive' });
    expect(table.find(smallId(1))?.delayMs).to.be.NaN;
    table.noteLoad(smallId(1), 254);
    table.noteDelay(smallId(1), 10);
    table.noteDelay(smallId(1), 20);
    table.put(smallId(1), recordAt(4_294_967_295), 'suspect');
    const entry = table.find(smallId(1));
    expect(entry).to.include({ load: 254, state: 'suspect', incarnation: 4_294_967_295 });
    expect(entry?.delayMs).to.be.closeTo(12, 1e-5);
  });

  it('spends at most 96 bytes of columns on an entry', () => {
    const table = new RoutingTable();
    const record = recordAt(1);
    for (let i = 0; i < 4_096; i++) {
      const position = new Uint8Array(32);
      new DataView(position.buffer).setUint32(0, i * 1_048_576);
      table.put(position, record, 'alive');
    }
    expect(table.size).to.equal(4_096);
    // 8 bytes more for the reference to the record.
    expect(table.columnBytes / table.size + 8).to.be.at.most(96);
  });
});

describe('interval of positions', () => {
  it('loses exactly the cell that is taken out', () => {
    fc.assert(
      fc.property(end, end, id, id, (from, to, point, probe) => {
        const interval = { from, to };
        const pieces = withoutCell(interval, point);
        const inPieces = pieces.filter((piece) => contains(piece, probe)).length;
        const expected = contains(interval, probe) && !contains(cellOf(point), probe) ? 1 : 0;
        expect(inPieces).to.equal(expected);
        for (const piece of pieces) expect(contains(piece, point)).to.equal(false);
      }),
    );
  });

  it('is empty without its only cell, and everything but one cell without it', () => {
    const point = smallId(3);
    const cell = cellOf(point);
    expect(withoutCell(cell, point)).to.deep.equal([]);
    const [rest, ...others] = withoutCell(WHOLE_RING, point);
    expect(others).to.deep.equal([]);
    expect(rest).to.deep.equal({ from: cell.to, to: cell.from });
    expect(isWholeRing({ from: point, to: point })).to.equal(true);
  });

  it('includes another exactly if it contains all of its positions', () => {
    const tick = fc.integer({ min: 0, max: 7 });
    fc.assert(
      fc.property(tick, tick, tick, tick, (a, b, c, d) => {
        const outer = { from: smallId(a), to: smallId(b) };
        const inner = { from: smallId(c), to: smallId(d) };
        const ticks = [0, 1, 2, 3, 4, 5, 6, 7].map(smallId);
        const all = ticks.filter((each) => contains(inner, each)).every((each) => contains(outer, each));
        expect(includes(outer, inner)).to.equal(all);
      }),
    );
  });

  it('is cut between two neighbours by the fewest bytes, past both cells', () => {
    fc.assert(
      fc.property(id, id, (before, next) => {
        fc.pre(bytesToHex(before).slice(0, 18) !== bytesToHex(next).slice(0, 18));
        const cut = separator(before, next);
        expect(contains({ from: cut, to: cellOf(before).to }, next)).to.equal(true);
        expect(contains({ from: cellOf(before).from, to: cut }, before)).to.equal(true);
        const length = cut.findLastIndex((byte) => byte !== 0) + 1;
        expect(length).to.be.at.most(8);
        const shorter = cut.slice();
        if (length === 0) return;
        shorter[length - 1] = 0;
        expect(contains({ from: nextId(before), to: nextId(next) }, shorter)).to.equal(false);
      }),
    );
  });

  it('wraps from the last position to the first', () => {
    const last = new Uint8Array(32).fill(255);
    expect(bytesToHex(nextId(last))).to.equal(`0x${'00'.repeat(32)}`);
  });
});
