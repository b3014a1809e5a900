import { expect } from 'chai';

import { differingTables } from '../../../../scripts/benchmark/ring-repair/differing-tables.ts';
import { repair } from '../../../../scripts/benchmark/ring-repair/repair-talk.ts';

describe('bench ring-repair', () => {
  it('repairs two tables that differ by as many members as asked for, far below the whole table', () => {
    const { sides, wholeBytes } = differingTables({ entries: 3_000, differences: 5, seed: 2 });
    const [first, second] = sides;
    expect(first.context.table.size).to.equal(2_998);
    expect(second.context.table.size).to.equal(2_997);
    const talk = repair(sides, { settle: true });
    expect(first.context.table.digest).to.deep.equal(second.context.table.digest);
    expect(first.context.table.size).to.equal(3_000);
    expect(talk.questions).to.equal(talk.roundTrips);
    expect(talk.waitedMs).to.equal(1_000);
    expect(talk.bytes).to.be.lessThan(wholeBytes / 20);
  });

  it('asks one question when nothing differs', () => {
    const { sides } = differingTables({ entries: 500, differences: 0, seed: 2 });
    expect(repair(sides, { settle: true })).to.include({ questions: 1, roundTrips: 1, waitedMs: 0 });
  });
});
