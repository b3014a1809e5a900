import { expect } from 'chai';

import { DEFAULT_TIMING } from '../../../../../node/core/one-hop-ring/limits.ts';
import { RepairPacing } from '../../../../../node/core/one-hop-ring/reconciliation/repair-pacing.ts';

const calm = { high: 1, low: 1 };

/** How long after a repair the next is due while the table changes all the time. */
function busyPauseMs(pacing: RepairPacing, endedMs: number): number {
  let changes = 0;
  for (let waitedMs = 0; ; waitedMs += 500) {
    changes += 1;
    if (pacing.isDue({ high: 2, low: changes }, endedMs + waitedMs)) return waitedMs;
  }
}

describe('pacing of repairs', () => {
  it('is due at once, waits twice as long after every fruitless repair, up to 64 intervals', () => {
    const pacing = new RepairPacing(DEFAULT_TIMING);
    expect(pacing.isDue(calm, 0)).to.equal(true);
    const pauses: number[] = [];
    for (let i = 0; i < 8; i++) {
      pacing.ended('fruitless', i * 1_000_000);
      pauses.push(busyPauseMs(pacing, i * 1_000_000));
    }
    expect(pauses).to.deep.equal([2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 64_000, 64_000]);
  });

  it('forgets the fruitless ones after one that helped, and counts no silence of the other side', () => {
    const pacing = new RepairPacing(DEFAULT_TIMING);
    for (let i = 0; i < 3; i++) pacing.ended('fruitless', 0);
    pacing.ended('unanswered', 0);
    expect(busyPauseMs(pacing, 0)).to.equal(8_000);
    pacing.ended('fruitful', 1_000_000);
    expect(busyPauseMs(pacing, 1_000_000)).to.equal(1_000);
  });

  it('waits an eighth where nothing changes any more', () => {
    const pacing = new RepairPacing(DEFAULT_TIMING);
    for (let i = 0; i < 6; i++) pacing.ended('fruitless', 0);
    expect(pacing.isDue(calm, 1_000)).to.equal(false);
    expect(pacing.isDue(calm, 7_500)).to.equal(false);
    expect(pacing.isDue(calm, 8_000)).to.equal(true);
  });
});
