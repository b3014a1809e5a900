import { expect } from 'chai';
import fc from 'fast-check';

import type { Database } from '../../../marketplace/database/database.ts';
import {
  readSamples,
  saveSample,
  thinSamples,
  type MarketSample,
} from '../../../marketplace/database/market-samples.ts';
import { SAMPLE_THINNING } from '../../../marketplace/limits.ts';
import { MarketSampler } from '../../../marketplace/statistics/market-sampler.ts';
import { MarketSnapshots } from '../../../marketplace/statistics/market-snapshot.ts';
import { evenlySpread } from '../../../marketplace/statistics/sample-choice.ts';
import { StoppedClock } from '../../sdk/pacing/stopped-clock.ts';
import { temporaryStorage } from '../storage-fixture.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function sampleAt(atSeconds: number): MarketSample {
  return {
    ...{ atSeconds, activeNodes: 3, readyNodes: 2, openDeals: 1, escrowedWei: 10n ** 21n + 1n },
    ...{ deliveredBytes: BigInt(atSeconds), paidWei: 7n, medianAskWeiPerGiB: undefined },
  };
}

describe('samples of the market', () => {
  let storage: Awaited<ReturnType<typeof temporaryStorage>>;
  let database: Database;

  beforeEach(async () => {
    storage = await temporaryStorage();
    database = await storage.open();
  });

  afterEach(async () => {
    await database.close();
    await storage.remove();
  });

  const times = async (): Promise<number[]> =>
    (await readSamples(database.read, 0)).map(({ atSeconds }) => atSeconds);

  it('are read back as they were, to the last unit, and the first of a moment stays', async () => {
    const asked = { ...sampleAt(60), medianAskWeiPerGiB: 10n ** 30n };
    await database.write(async (sql) => {
      await saveSample(sql, asked);
      await saveSample(sql, { ...asked, activeNodes: 99 });
    });
    expect(await readSamples(database.read, 0)).to.deep.equal([asked]);
    expect(await readSamples(database.read, 61)).to.deep.equal([]);
  });

  it('are thinned to one an hour after a day, one a day after a month, and forgotten after ten years', async () => {
    const now = 5_000 * DAY;
    const old = now - SAMPLE_THINNING.forgottenAfterSeconds;
    const kept = [
      ...[old, old + DAY, now - 31 * DAY, now - 2 * DAY, now - 2 * DAY + HOUR],
      ...[now - DAY, now - DAY + MINUTE, now],
    ];
    const thinned = [
      ...[old - MINUTE, old + HOUR, now - 31 * DAY + HOUR],
      ...[now - 2 * DAY + MINUTE, now - 2 * DAY + HOUR + 59 * MINUTE],
    ];
    await database.write(async (sql) => {
      for (const at of [...kept, ...thinned]) await saveSample(sql, sampleAt(at));
      await thinSamples(sql, now, SAMPLE_THINNING);
    });
    expect(await times()).to.deep.equal(kept);
  });

  it('are bounded however long the marketplace runs', async () => {
    const thinning = {
      hourlyAfterSeconds: 2 * HOUR,
      dailyAfterSeconds: 2 * DAY,
      forgottenAfterSeconds: 9 * DAY,
    };
    let most = 0;
    // Sparse, dense and with gaps: any order of minutes must leave at most this many.
    await database.write(async (sql) => {
      for (let at = 0; at < 12 * DAY; at += at % DAY < 2 * HOUR ? 10 * MINUTE : 59 * MINUTE) {
        await saveSample(sql, sampleAt(at));
        await thinSamples(sql, at, thinning);
        const row = await sql.get('SELECT COUNT(*) AS n FROM market_samples');
        most = Math.max(most, Number(row?.['n']));
      }
    });
    expect(most).to.be.at.most(2 * 6 + 1 + 2 * 24 + 2 + 9 + 1);
    expect(most).to.be.greaterThan(20);
  });

  it('are taken once a minute when the index is level with the chain, and again after a restart', async () => {
    const clock = new StoppedClock();
    let level = false;
    const start = (): MarketSampler => {
      const snapshots = new MarketSnapshots({ database, clock, health: { lastKnown: () => undefined } });
      const failures: unknown[] = [];
      const sampler = new MarketSampler({
        ...{ database, clock, snapshots, isLevel: () => level },
        onFailure: (failure) => failures.push(failure),
      });
      sampler.start();
      return sampler;
    };
    const first = start();
    await clock.wake();
    expect(await times()).to.deep.equal([]);
    level = true;
    for (const seconds of [119, 120, 179, 200]) {
      clock.ms = seconds * 1000;
      await clock.wake();
    }
    await first.stop();
    expect(await times()).to.deep.equal([60, 120, 180]);
    clock.ms = 300_000;
    const second = start();
    await clock.wake();
    await second.stop();
    expect(await times()).to.deep.equal([60, 120, 180, 300]);
  });

  it('are given as at most so many points, spread over their time, ending with the last', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 100_000 }), { maxLength: 200 }),
        fc.integer({ min: 1, max: 50 }),
        (all, points) => {
          const samples = all.sort((a, b) => a - b).map(sampleAt);
          const chosen = evenlySpread(samples, points);
          expect(chosen.length).to.be.at.most(points);
          expect(chosen.length > 0).to.equal(samples.length > 0);
          expect(chosen.at(-1)).to.equal(samples.at(-1));
          const order = chosen.map((sample) => samples.indexOf(sample));
          expect(order).to.deep.equal([...order].sort((a, b) => a - b));
        },
      ),
    );
  });
});
