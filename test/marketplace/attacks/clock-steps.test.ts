import { expect } from 'chai';

import { RateLimit } from '../../../marketplace/api/rate-limit.ts';
import { SlowAnswers } from '../../../marketplace/api/slow-answers.ts';
import { isYounger } from '../../../sdk/pacing/clock.ts';
import { EpochClock } from '../../../marketplace/coordinator/epoch-clock.ts';
import type { Database } from '../../../marketplace/database/database.ts';
import { hasUsedChallenge, useChallenge } from '../../../marketplace/database/grant-ledger.ts';
import { StoppedClock } from '../../sdk/pacing/stopped-clock.ts';
import { temporaryStorage, type TestStorage } from '../storage-fixture.ts';

const MINUTE_MS = 60_000;
const EPOCH_SECONDS = 600;

describe('a clock of the machine that is set back and forth by minutes', () => {
  let clock: StoppedClock;

  beforeEach(() => {
    clock = new StoppedClock();
    clock.ms = 100 * MINUTE_MS;
  });

  it('locks no caller out who was within its rate', () => {
    const limit = new RateLimit({ clock }, { perSecond: 2, burst: 10 });
    limit.take('viewer');
    clock.ms -= 5 * MINUTE_MS;
    for (let call = 0; call < 9; call++) limit.take('viewer');
    expect(() => limit.take('viewer'))
      .to.throw()
      .with.nested.property('values.retryAfterSeconds', 1);
    clock.ms += 1_000;
    limit.take('viewer');
  });

  it('gives nobody more than one burst', () => {
    const limit = new RateLimit({ clock }, { perSecond: 2, burst: 10 });
    const taken = (): number => {
      for (let calls = 0; ; calls++) {
        try {
          limit.take('viewer');
        } catch {
          return calls;
        }
      }
    };
    expect(taken()).to.equal(10);
    clock.ms += 5 * MINUTE_MS;
    expect(taken()).to.equal(10);
    clock.ms -= 5 * MINUTE_MS;
    expect(taken()).to.equal(0);
  });

  it('makes no remembered answer good for longer', async () => {
    const answers = new SlowAnswers<number>({ clock });
    let made = 0;
    const ask = (): Promise<number> => answers.answer('deal', async () => ++made);
    expect(await ask()).to.equal(1);
    clock.ms -= 5 * MINUTE_MS;
    expect(await ask()).to.equal(2);
    expect(await ask()).to.equal(2);
    expect(isYounger(100, 99, 1_000)).to.equal(false);
    expect(isYounger(100, 1_099, 1_000)).to.equal(true);
  });

  it('takes the epoch never before that of the newest block', async () => {
    const head = { number: 1, timestampSeconds: 10 * EPOCH_SECONDS + 5, seenAtMs: 0 };
    clock.ms = head.timestampSeconds * 1000;
    const seen = { ...head, seenAtMs: clock.ms };
    const epochClock = new EpochClock(
      {
        clock,
        chain: () => ({ head: seen, lastContactMs: clock.ms }),
        epochSeconds: async () => EPOCH_SECONDS,
      },
      { maxDriftSeconds: 120 },
    );
    clock.ms -= MINUTE_MS;
    expect(await epochClock.now()).to.include({ epoch: 10 });
    expect(await epochClock.estimate()).to.include({ runningEpoch: 10 });
  });

  describe('and a challenge that was answered', () => {
    let storage: TestStorage;
    let database: Database;

    before(async () => {
      storage = await temporaryStorage();
      database = await storage.open();
    });

    after(async () => {
      await database.close();
      await storage.remove();
    });

    it('is not good once more', async () => {
      const [first, second] = [`0x${'01'.repeat(32)}`, `0x${'02'.repeat(32)}`];
      const answer = (nonce: string, nowSeconds: number): Promise<void> =>
        database.write((sql) => useChallenge(sql, { nonce, expiresAtSeconds: nowSeconds + 120 }, nowSeconds));
      await answer(first, 6_000);
      await answer(second, 6_000 + 600);
      // The clock is back at a time at which the first would still be good.
      expect(await database.write((sql) => hasUsedChallenge(sql, first))).to.equal(true);
    });
  });
});
