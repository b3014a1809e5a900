import { expect } from 'chai';
import fc from 'fast-check';

import { MAX_MESSAGE_BYTES } from '../../../../../node/core/one-hop-ring/limits.ts';
import type { MemberRecord } from '../../../../../node/core/one-hop-ring/member-record.ts';
import type { RingMessage } from '../../../../../node/core/one-hop-ring/wire-message.ts';
import type { RepairSide } from '../../../../../scripts/benchmark/ring-repair/repair-side.ts';
import { repair } from '../../../../../scripts/benchmark/ring-repair/repair-talk.ts';
import { TestRegistry } from '../virtual-network.ts';
import { failureOf, memberOf, sideOf } from './two-tables.ts';

const registry = new TestRegistry();
const records = Array.from({ length: 3_000 }, (_, i) => memberOf(registry, `member ${i}`));
const recordOf = (i: number): MemberRecord => {
  const record = records[i];
  if (record === undefined) throw new RangeError(`No record ${i}.`);
  return record;
};

/** Two sides that hold the same members, at the first incarnation. */
function pairOf(count: number): readonly [RepairSide, RepairSide] {
  const sides = [sideOf(registry, 'first side'), sideOf(registry, 'second side')] as const;
  for (const { context } of sides) {
    for (const record of records.slice(0, count)) context.table.put(record.nid, record, 'alive');
  }
  return sides;
}

describe('repair of differing tables', () => {
  it('says one question and one short answer when the tables are equal', () => {
    const pair = pairOf(1_000);
    const talk = repair(pair, { settle: true });
    expect(talk.questions).to.equal(1);
    expect(talk.bytes).to.be.lessThan(200);
    expect(pair[0].ends).to.deep.equal(['fruitless']);
  });

  it('finds three differences among 3,000 members in at most four questions and 4 KB, both ways', () => {
    const pair = pairOf(3_000);
    const [{ membership }, { context, membership: others }] = pair;
    membership.apply({ kind: 'record', record: memberOf(registry, 'member 7', 2) });
    others.apply({ kind: 'record', record: memberOf(registry, 'member 1234', 3) });
    others.apply(failureOf(recordOf(2_900), registry, ['member 1', 'member 2']));
    const talk = repair(pair, { settle: false });
    expect(talk.questions).to.be.at.most(4);
    expect(talk.bytes).to.be.lessThan(4_096);
    expect(pair[0].context.table.digest).to.deep.equal(context.table.digest);
    expect(pair[0].context.table.find(recordOf(2_900).nid)?.state).to.equal('failed');
    expect(pair[0].ends).to.deep.equal(['fruitful']);
  });

  it('makes any two tables equal, whatever each side lacks', () => {
    const change = fc.record({
      side: fc.nat(1),
      index: fc.nat(299),
      what: fc.constantFrom('expel' as const, 'renew' as const, 'fail' as const),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 120 }), fc.boolean(), (changes, settle) => {
        const pair = pairOf(300);
        for (const { side, index, what } of changes) {
          const { context, membership } = pair[side] ?? pair[0];
          const record = recordOf(index);
          if (what === 'expel') context.table.expel(record.nid);
          else if (what === 'renew') {
            membership.apply({ kind: 'record', record: memberOf(registry, `member ${index}`, 2) });
          } else {
            membership.apply(failureOf(record, registry, ['first side', 'second side']));
          }
        }
        repair(pair, { settle });
        const [first, second] = pair;
        expect(first.context.table.digest).to.deep.equal(second.context.table.digest);
        expect(first.context.table.size).to.equal(second.context.table.size);
      }),
      { numRuns: 40 },
    );
  });

  it('fills an empty table, in messages that stay within their limit', () => {
    const pair = pairOf(0);
    for (const record of records) pair[1].context.table.put(record.nid, record, 'alive');
    const talk = repair(pair, { settle: false });
    expect(pair[0].context.table.digest).to.deep.equal(pair[1].context.table.digest);
    expect(talk.largestBytes).to.be.lessThan(MAX_MESSAGE_BYTES);
  });

  it('transfers nothing that arrives by itself while it waits', () => {
    const pair = pairOf(500);
    const event = { kind: 'record' as const, record: memberOf(registry, 'member 9', 2) };
    pair[1].membership.apply(event);
    const talk = repair(pair, { settle: true, meanwhile: () => pair[0].membership.apply(event) });
    expect(pair[0].ends).to.deep.equal(['fruitless']);
    expect(talk.bytes).to.be.lessThan(2_000);
    expect(pair[0].context.table.find(event.record.nid)?.incarnation).to.equal(2);
  });

  it('hears only the one it asked, and only about what it asked', () => {
    const [first, second] = pairOf(100);
    const peer = { publicKey: second.context.options.publicKey, addresses: [] };
    first.reconciliation.begin(peer, { announce: false, settle: false }, 0);
    const [question] = first.context.takeActions().filter((action) => action.type === 'send');
    const requestId = question?.message.requestId ?? 0;
    const node = { depth: 3, prefix: Uint8Array.of(0x12, 0x30) };
    const claim = { name: new Uint8Array(8), incarnation: 9, state: 'alive' as const };
    const lie: Extract<RingMessage, { kind: 'sync-summary' }> = {
      kind: 'sync-summary',
      requestId,
      answered: 1,
      parts: [{ node, entries: [claim] }],
    };
    const other = { publicKey: new Uint8Array(32), addresses: [] };
    first.reconciliation.onSummary(other, lie, 1);
    expect(first.context.takeActions()).to.deep.equal([]);
    first.reconciliation.onSummary(peer, lie, 1);
    expect(first.context.takeActions()).to.deep.equal([]);
    expect(first.ends).to.deep.equal(['fruitless']);
  });
});
