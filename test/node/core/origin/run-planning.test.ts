import { expect } from 'chai';
import fc from 'fast-check';

import {
  FIRST_RUN_BYTES,
  MAX_RUN_BYTES,
  READ_AHEAD_BYTES,
} from '../../../../node/core/origin/origin-limits.ts';
import { planRun, readAhead, type LeafStates } from '../../../../node/core/origin/run-planning.ts';
import { tableOf } from './leaf-layout.ts';

const MIB = 1_048_576;
const RUNS = 2_000;

/** A file of some leaves, of which some are stored already. */
const file = fc.record({
  leaves: fc.array(
    fc.record({ name: fc.nat(5_000), length: fc.oneof(fc.integer({ min: 1, max: MIB }), fc.constant(MIB)) }),
    { minLength: 1, maxLength: 60 },
  ),
  stored: fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
});

describe('Runs of leaves that are asked from an origin at once', () => {
  it('hold only adjacent, wanted, unrepeated leaves, within the bound', () => {
    fc.assert(
      fc.property(file, fc.nat(), ({ leaves, stored }, pick) => {
        const table = tableOf(leaves);
        const at = pick % leaves.length;
        const states: LeafStates = { wanted: (index) => index === at || stored[index] !== true };
        const run = planRun(table, at, states);
        expect(run.first).to.equal(at);
        expect(run.start).to.equal(table.at(at).offset);
        expect(run.end).to.equal(table.at(run.last).offset + table.at(run.last).length);
        for (let index = run.first; index <= run.last; index++) {
          expect(states.wanted(index)).to.equal(true);
          if (index > at) expect(table.isRepeated(index)).to.equal(false);
        }
        const bound = at > 0 && !states.wanted(at - 1) ? MAX_RUN_BYTES : FIRST_RUN_BYTES;
        expect(run.end - run.start <= bound || run.first === run.last).to.equal(true);
      }),
      { numRuns: RUNS },
    );
  });

  it('fetch every leaf of a file exactly once, whatever order it is asked for in', () => {
    fc.assert(
      fc.property(file, fc.array(fc.nat(), { maxLength: 40 }), ({ leaves }, asked) => {
        const table = tableOf(leaves);
        const fetched = new Array<number>(leaves.length).fill(0);
        const states: LeafStates = { wanted: (index) => fetched[index] === 0 };
        const fetchRun = (at: number): void => {
          const { first, last } = planRun(table, at, states);
          for (let index = first; index <= last; index++) fetched[index] = (fetched[index] ?? 0) + 1;
        };
        for (const pick of [...asked, ...leaves.keys()]) {
          const at = pick % leaves.length;
          if (table.isRepeated(at)) continue;
          if (states.wanted(at)) fetchRun(at);
          const ahead = readAhead(table, at, states);
          if (ahead !== undefined) fetchRun(ahead);
        }
        for (const index of leaves.keys()) expect(fetched[index]).to.equal(table.isRepeated(index) ? 0 : 1);
      }),
      { numRuns: RUNS },
    );
  });

  it('read ahead within a bound, only while leaves are asked for in order', () => {
    fc.assert(
      fc.property(file, fc.nat(), ({ leaves, stored }, pick) => {
        const table = tableOf(leaves);
        const at = pick % leaves.length;
        const states: LeafStates = { wanted: (index) => stored[index] !== true };
        const ahead = readAhead(table, at, states);
        const inOrder = at > 0 && !states.wanted(at - 1);
        if (ahead === undefined) return;
        expect(inOrder).to.equal(true);
        expect(ahead).to.be.greaterThan(at);
        expect(states.wanted(ahead)).to.equal(true);
        const { offset, length } = table.at(at);
        expect(table.at(ahead).offset).to.be.at.most(offset + length + READ_AHEAD_BYTES);
      }),
      { numRuns: RUNS },
    );
  });

  it('are long in order and short in the middle', () => {
    const table = tableOf(Array.from({ length: 40 }, (_, name) => ({ name, length: MIB })));
    const all: LeafStates = { wanted: () => true };
    expect(planRun(table, 20, all)).to.deep.equal({ first: 20, last: 21, start: 20 * MIB, end: 22 * MIB });
    const from20: LeafStates = { wanted: (index) => index >= 20 };
    expect(planRun(table, 20, from20)).to.deep.equal({ first: 20, last: 27, start: 20 * MIB, end: 28 * MIB });
    expect(readAhead(table, 20, all)).to.equal(undefined);
    expect(readAhead(table, 21, { wanted: (index) => index >= 28 })).to.equal(28);
    expect(readAhead(table, 21, { wanted: (index) => index >= 31 })).to.equal(undefined);
  });
});
