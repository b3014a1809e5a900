import { MAX_SERVED_BLOCK_BYTES } from '../../../../sdk/protocol/limits.ts';
import { expect } from 'chai';
import fc from 'fast-check';

import { priceWei } from '../../../../sdk/protocol/price.ts';

import type { Reservation } from '../../../../node/core/delivery/reservation.ts';
import { allocation, DEAL_ID, EPOCH, hashOf, newLedger, open, receipt, reserve } from './ledger-fixture.ts';

const GRANTS = 3;

/** One step of a node's day: any client may do anything in any order. */
type Step =
  | { kind: 'reserve'; grant: number; bytes: number }
  | { kind: 'commit'; pick: number }
  | { kind: 'abort'; pick: number; sent: number }
  | { kind: 'receipt'; grant: number; bytes: number };

const grant = fc.integer({ min: 1, max: GRANTS });
const bytes = fc.oneof(
  fc.integer({ min: 0, max: 100_000 }),
  fc.integer({ min: 900_000, max: MAX_SERVED_BLOCK_BYTES + 10 }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('reserve' as const), grant, bytes }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('commit' as const), pick: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('abort' as const), pick: fc.nat(20), sent: bytes }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('receipt' as const),
      grant,
      bytes: fc.integer({ min: 0, max: 5_000_000 }),
    }),
  },
);

/** The same day, kept by the simplest bookkeeping there is. */
class Model {
  readonly open: { reservation: Reservation; grant: number; bytes: number }[] = [];
  readonly given = new Map<number, number>();
  readonly paid = new Map<number, number>();

  giveBack(grantNumber: number, unsentBytes: number): void {
    this.add(this.given, grantNumber, -unsentBytes);
  }

  add(sums: Map<number, number>, key: number, value: number): void {
    sums.set(key, (sums.get(key) ?? 0) + value);
  }

  take(pick: number): { reservation: Reservation; grant: number; bytes: number } | undefined {
    return this.open.splice(pick % Math.max(1, this.open.length), 1)[0];
  }
}

describe('DeliveryLedger, under any interleaving of clients', () => {
  it('never has more at stake under a grant than one block with framing, nor beyond the allocation', () => {
    const balanceWei = 6_000_000n;
    const bounded = { ...allocation, balanceWei };
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const ledger = newLedger();
        const model = new Model();
        for (let number = 1; number <= GRANTS; number++) open(ledger, { number, allocation: bounded });
        for (const action of steps) {
          run(ledger, model, action, bounded);
          let given = 0n;
          for (let number = 1; number <= GRANTS; number++) {
            const left = (model.given.get(number) ?? 0) - (model.paid.get(number) ?? 0);
            expect(left).to.be.at.most(MAX_SERVED_BLOCK_BYTES);
            const state = ledger.state(hashOf(number));
            expect(state?.receiptedBytes ?? 0).to.equal(model.paid.get(number) ?? 0);
            expect(state?.receiptedBytes ?? 0).to.be.at.most(state?.servedBytes ?? 0);
            given += BigInt(state?.servedBytes ?? 0);
          }
          expect(priceWei(given, bounded.ratePerGiB) <= balanceWei).to.equal(true);
        }
        checkSums(ledger, model);
      }),
      { numRuns: 300 },
    );
  });
});

// The ledger, the model, the step and the allocation: all four are the world of a step.
function run(
  ledger: ReturnType<typeof newLedger>,
  model: Model,
  action: Step,
  bounded: typeof allocation,
): void {
  switch (action.kind) {
    case 'reserve': {
      const outcome = reserve(ledger, action.bytes, { number: action.grant, allocation: bounded });
      if (!outcome.ok) return;
      model.open.push({ reservation: outcome.value, grant: action.grant, bytes: action.bytes });
      model.add(model.given, action.grant, action.bytes);
      return;
    }
    case 'commit':
      model.take(action.pick)?.reservation.commit();
      return;
    case 'abort': {
      const taken = model.take(action.pick);
      if (taken === undefined) return;
      const before = ledger.state(hashOf(taken.grant))?.servedBytes ?? 0;
      const sent = Math.min(action.sent, taken.bytes);
      taken.reservation.abort(sent);
      const kept = (ledger.state(hashOf(taken.grant))?.servedBytes ?? 0) - before + taken.bytes;
      model.giveBack(taken.grant, taken.bytes - Math.max(sent, kept));
      return;
    }
    case 'receipt': {
      const outcome = receipt(ledger, action.bytes, { number: action.grant });
      if (outcome.ok) model.add(model.paid, action.grant, outcome.value.advancedBytes);
    }
  }
}

/** Everything that left the node is receipted, unreceipted or lost: nothing vanishes, nothing appears. */
function checkSums(ledger: ReturnType<typeof newLedger>, model: Model): void {
  for (const { reservation } of model.open) reservation.commit();
  const sum = (sums: Map<number, number>): number => [...sums.values()].reduce((a, b) => a + b, 0);
  const meter = ledger.meterOf(DEAL_ID);
  if (meter === undefined) return;
  expect(meter.receiptedBytes).to.equal(sum(model.paid));
  expect(meter.servedBytes).to.equal(meter.receiptedBytes + meter.unreceiptedBytes);
  expect(meter.servedBytes + meter.lostBytes).to.equal(sum(model.given));
  const lostBefore = meter.lostBytes;
  const closed = ledger.closeEpochs(DEAL_ID, EPOCH);
  expect(closed.lostBytes).to.equal(meter.unreceiptedBytes);
  expect(ledger.meterOf(DEAL_ID)).to.include({
    unreceiptedBytes: 0,
    liveGrants: 0,
    lostBytes: lostBefore + meter.unreceiptedBytes,
  });
}
