import { expect } from 'chai';
import fc from 'fast-check';

import { bytesToHex } from '../../../../../sdk/protocol/bytes.ts';
import { contains } from '../../../../../node/core/one-hop-ring/id-interval.ts';
import { dutyOf } from '../../../../../node/core/one-hop-ring/failure-detection/duty.ts';
import {
  ObservedIntervals,
  observersOf,
  turned,
} from '../../../../../node/core/one-hop-ring/failure-detection/observer-rings.ts';
import { RoutingTable } from '../../../../../node/core/one-hop-ring/routing-table.ts';
import { recordAt } from '../ring-samples.ts';
import { testKey } from '../virtual-network.ts';

const id = fc.uint8Array({ minLength: 32, maxLength: 32 });
const ring = fc.uniqueArray(id, { minLength: 2, maxLength: 40, selector: bytesToHex });

function tableOf(ids: readonly Uint8Array[]): RoutingTable {
  const table = new RoutingTable();
  for (const each of ids) table.put(each, recordAt(1), 'alive');
  return table;
}

describe('observers on turned rings', () => {
  it('turns a position back to where it was', () => {
    fc.assert(
      fc.property(id, fc.nat(3), (each, turns) => {
        expect(turned(turned(each, turns), -turns)).to.deep.equal(each);
      }),
    );
  });

  it('turns as the specification says', () => {
    const position = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 0x80 : 0));
    const words = [1, 2, 3].map((turns) => bytesToHex(turned(position, turns).subarray(0, 4)));
    expect(words).to.deep.equal(['0x1e3779b9', '0xbc6ef372', '0x5aa66d2b']);
  });

  it('knows whom it observes from its own place alone: exactly those whose observer it is', () => {
    fc.assert(
      fc.property(ring, (ids) => {
        const table = tableOf(ids);
        for (const own of ids) {
          const previous = table.predecessor(own)?.nid ?? own;
          const intervals = new ObservedIntervals(own).after(previous);
          for (const subject of ids) {
            if (bytesToHex(subject) === bytesToHex(own)) continue;
            const isObserved =
              bytesToHex(previous) === bytesToHex(subject) ||
              intervals.some((interval) => contains(interval, subject));
            const observers = observersOf(table, subject).map((entry) => bytesToHex(entry.nid));
            expect(observers.includes(bytesToHex(own))).to.equal(isObserved);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it('notices that the predecessor changed', () => {
    const [own, near, far] = [0x80, 0x70, 0x10].map((lead) => new Uint8Array(32).fill(lead));
    if (own === undefined || near === undefined || far === undefined) throw new RangeError('Three.');
    const observed = new ObservedIntervals(own);
    const [before, after, again] = [observed.after(near), observed.after(far), observed.after(far)];
    expect(after).to.not.deep.equal(before);
    expect(again).to.equal(after);
    expect(observed.after(near)).to.deep.equal(before);
  });

  it('leaves no member without a watcher, and hands a silent watcher’s duty to the next', () => {
    fc.assert(
      fc.property(ring, fc.infiniteStream(fc.boolean()), (ids, coins) => {
        const table = tableOf(ids);
        const silent = new Set(
          ids
            .slice(1)
            .filter(() => coins.next().value === true)
            .map(bytesToHex),
        );
        const isSilent = (nid: Uint8Array): boolean => silent.has(bytesToHex(nid));
        const living = ids.filter((each) => !isSilent(each));
        const watched = new Set(
          living.flatMap((own) =>
            dutyOf(table, new ObservedIntervals(own), isSilent).map((entry) => bytesToHex(entry.nid)),
          ),
        );
        const inReach = ids.length <= 16 ? ids : living;
        for (const each of inReach) {
          if (living.length > 1 || isSilent(each)) expect(watched.has(bytesToHex(each))).to.equal(true);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('gives members four watchers in a large ring, rarely fewer, and nobody more than a few duties', () => {
    const ids = Array.from({ length: 2_000 }, (_, i) => testKey(`position ${i}`));
    const table = tableOf(ids);
    const watchers = ids.map((each) => observersOf(table, each).length);
    const duties = ids.map((each) => dutyOf(table, new ObservedIntervals(each), () => false).length);
    expect(Math.min(...watchers)).to.be.at.least(3);
    expect(watchers.filter((count) => count === 4).length).to.be.greaterThan(1_980);
    expect(duties.reduce((sum, count) => sum + count, 0) / ids.length).to.be.within(3.9, 4.1);
    expect(Math.max(...duties)).to.be.lessThan(40);
  });
});

describe('duty of an arc’s leader', () => {
  it('watches the leader of the next arc that has members', () => {
    const [first, second, third] = [0x05, 0x0f, 0x73].map((lead) => new Uint8Array(32).fill(lead));
    if (first === undefined || second === undefined || third === undefined) throw new RangeError('Three.');
    const table = tableOf([first, second, third]);
    const dutyOfLeader = dutyOf(table, new ObservedIntervals(first), () => false).map((entry) =>
      bytesToHex(entry.nid),
    );
    expect(dutyOfLeader).to.include(bytesToHex(third));
  });
});
