import { expect } from 'chai';
import fc from 'fast-check';
import { LateReceiptWatch } from '../../../../node/core/settlement/late-receipts.ts';
import { RECHECK_EPOCHS } from '../../../../node/core/settlement/settlement-limits.ts';
import { parseDealId, parseEpoch } from '../../../../sdk/protocol/identifiers.ts';

const dealId = parseDealId(`0x${'11'.repeat(32)}`);
const LATE_EPOCHS = 40;

/** Runs rounds as a node does, one an epoch; returns the epochs in which it asked. */
function askedEpochs(
  watch: LateReceiptWatch,
  epochs: { from: number; to: number },
  recoveredAt: ReadonlyMap<number, number> = new Map(),
): number[] {
  const asked: number[] = [];
  for (let epoch = epochs.from; epoch <= epochs.to; epoch++) {
    if (!watch.isDue(dealId, parseEpoch(epoch))) continue;
    watch.noteAsked(dealId, parseEpoch(epoch), recoveredAt.get(epoch) ?? 0);
    asked.push(epoch);
  }
  return asked;
}

/** A watch that has nothing to expect from a run before. */
function settledWatch(): LateReceiptWatch {
  const watch = new LateReceiptWatch({ lateEpochs: LATE_EPOCHS });
  watch.noteAsked(dealId, parseEpoch(0), 0);
  watch.noteAsked(dealId, parseEpoch(LATE_EPOCHS), 0);
  return watch;
}

describe('watch for late receipts', () => {
  it('asks after 1, 2, 4, 8 and then every ten epochs while bytes are missing and the window is open', () => {
    const watch = settledWatch();
    watch.noteLost(dealId, 500, parseEpoch(100));
    expect(askedEpochs(watch, { from: 100, to: 170 })).to.deep.equal([
      100, 101, 103, 107, 115, 125, 135, 145, 155, 165,
    ]);
  });

  it('asks often no more when all missing bytes are recovered, and again when others are', () => {
    const watch = settledWatch();
    watch.noteLost(dealId, 500, parseEpoch(100));
    const recovered = new Map([
      [101, 200],
      [103, 300],
    ]);
    expect(askedEpochs(watch, { from: 100, to: 120 }, recovered)).to.deep.equal([100, 101, 103, 113]);
    watch.noteLost(dealId, 500, parseEpoch(120));
    expect(watch.isDue(dealId, parseEpoch(120)), 'the same sum is no new loss').to.equal(false);
    watch.noteLost(dealId, 501, parseEpoch(121));
    expect(askedEpochs(watch, { from: 121, to: 128 })).to.deep.equal([121, 122, 124, 128]);
  });

  it('asks at once and soon again after a start: what was served before is not known', () => {
    const watch = new LateReceiptWatch({ lateEpochs: LATE_EPOCHS });
    expect(askedEpochs(watch, { from: 7, to: 25 })).to.deep.equal([7, 8, 10, 14, 22]);
  });

  it('forgets paid epochs only after it has asked past their window', () => {
    const watch = new LateReceiptWatch({ lateEpochs: LATE_EPOCHS });
    const span = { settledThrough: parseEpoch(90), ripeEpoch: parseEpoch(120), willAsk: true };
    expect(watch.forgettableThrough(dealId, span)).to.equal(undefined);
    watch.noteAsked(dealId, parseEpoch(110), 0);
    expect(watch.forgettableThrough(dealId, span)).to.equal(110 - LATE_EPOCHS - 1);
    expect(watch.forgettableThrough(dealId, { ...span, willAsk: false })).to.equal(120 - LATE_EPOCHS - 1);
    expect(watch.forgettableThrough(dealId, { ...span, settledThrough: parseEpoch(5) })).to.equal(5);
    watch.noteAsked(dealId, parseEpoch(LATE_EPOCHS), 0);
    expect(watch.forgettableThrough(dealId, span)).to.equal(undefined);
  });

  it('never pauses longer than the limit, and asks past every window before it forgets', () => {
    const losses = fc.array(fc.record({ epoch: fc.integer({ min: 1, max: 200 }), bytes: fc.nat(1000) }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), losses, (lateEpochs, lost) => {
        const watch = new LateReceiptWatch({ lateEpochs });
        let asked = 0;
        let lostBytes = 0;
        for (let epoch = 1; epoch <= 200; epoch++) {
          for (const loss of lost) if (loss.epoch === epoch) lostBytes += loss.bytes;
          watch.noteLost(dealId, lostBytes, parseEpoch(epoch));
          if (watch.isDue(dealId, parseEpoch(epoch))) {
            watch.noteAsked(dealId, parseEpoch(epoch), 0);
            asked = epoch;
          }
          expect(epoch - asked).to.be.below(RECHECK_EPOCHS);
          const ripe = parseEpoch(epoch);
          const gone = watch.forgettableThrough(dealId, {
            settledThrough: ripe,
            ripeEpoch: ripe,
            willAsk: true,
          });
          // The coordinator took receipts of it up to the epoch `gone + lateEpochs`; a later one was asked about.
          if (gone !== undefined) expect(gone + lateEpochs).to.be.below(asked);
        }
      }),
    );
  });
});
