import { expect } from 'chai';

import { EpochClock, momentOf } from '../../../marketplace/coordinator/epoch-clock.ts';
import type { MarketplaceError } from '../../../marketplace/errors.ts';

const WALL_MS = 1_000_000_000;

interface Situation {
  readonly headSeconds?: number;
  readonly seenAgoMs?: number;
  readonly silentMs?: number;
  readonly maxDriftSeconds?: number;
}

function clockIn(situation: Situation): EpochClock {
  const { headSeconds, seenAgoMs = 0, silentMs = 0, maxDriftSeconds } = situation;
  const head =
    headSeconds === undefined
      ? undefined
      : { number: 1, timestampSeconds: headSeconds, seenAtMs: WALL_MS - seenAgoMs };
  return new EpochClock(
    {
      clock: { nowMs: () => WALL_MS, sleep: async () => undefined },
      chain: () => ({ head, lastContactMs: head === undefined ? undefined : WALL_MS - silentMs }),
      epochSeconds: async () => 100,
    },
    { maxDriftSeconds },
  );
}

const refusalIn = async (situation: Situation): Promise<MarketplaceError> =>
  clockIn(situation)
    .now()
    .then(
      () => expect.fail('the epoch was told'),
      (failure: unknown) => failure as MarketplaceError,
    );

describe('epoch clock', () => {
  it('follows a chain whose time runs ahead', async () => {
    expect(await clockIn({ headSeconds: 1_000_250, seenAgoMs: 10_000 }).now()).to.deep.include({
      epoch: 10_002,
      endsInMs: 40_000,
      endsAtWallSeconds: 1_000_040,
      nextIsOpen: false,
    });
  });

  it('takes the clock of the wall while the chain is idle', async () => {
    const moment = await clockIn({ headSeconds: 999_900, seenAgoMs: 5_000 }).now();
    expect(moment).to.deep.include({ epoch: 10_000, endsInMs: 100_000 });
  });

  it('says nothing before the chain was heard, nor after a long silence', async () => {
    expect(await refusalIn({})).to.include({ code: 'NOT_INDEXED_YET' });
    const stale = await refusalIn({ headSeconds: 1_000_000, silentMs: 60_001 });
    expect(stale).to.include({ code: 'CHAIN_STALE' });
    expect(stale.values).to.deep.equal({ silentMs: 60_001, maxSilentMs: 60_000 });
  });

  it('still estimates the epoch by what it knows', async () => {
    const estimates = [{}, { headSeconds: 1_000_250, silentMs: 60_001, seenAgoMs: 60_000 }].map((situation) =>
      clockIn(situation).estimate(),
    );
    expect(await Promise.all(estimates)).to.deep.equal([
      { runningEpoch: 10_000, epochSeconds: 100 },
      { runningEpoch: 10_003, epochSeconds: 100 },
    ]);
  });

  it('signs nothing when the machine and a production chain disagree about the time', async () => {
    const drift = await refusalIn({ headSeconds: 1_000_500, maxDriftSeconds: 120 });
    expect(drift).to.include({ code: 'CLOCK_DRIFT' });
    expect(drift.values).to.deep.equal({ driftSeconds: 500, maxDriftSeconds: 120 });
  });

  it('opens the next epoch in the last fifth, in short epochs two seconds before the end', () => {
    expect(momentOf(1_000_079, 100, WALL_MS).nextIsOpen).to.equal(false);
    expect(momentOf(1_000_080, 100, WALL_MS).nextIsOpen).to.equal(true);
    expect(momentOf(1_000_002.9, 5, WALL_MS).nextIsOpen).to.equal(false);
    expect(momentOf(1_000_003, 5, WALL_MS).nextIsOpen).to.equal(true);
    expect(momentOf(1_000_000.4, 1, WALL_MS).nextIsOpen).to.equal(false);
  });
});
