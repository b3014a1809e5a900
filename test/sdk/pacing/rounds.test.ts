import { expect } from 'chai';

import { ClientError, type ClientErrorCode } from '../../../sdk/client/client-error.ts';
import { Rounds } from '../../../sdk/pacing/rounds.ts';
import { StoppedClock } from './stopped-clock.ts';

describe('rounds', () => {
  let clock: StoppedClock;
  let told: unknown[];
  const onFailure = (failure: unknown): number => told.push(failure);

  beforeEach(() => {
    clock = new StoppedClock();
    told = [];
  });

  it('begin at once, and again after each pause', async () => {
    let count = 0;
    const round = async (): Promise<void> => {
      count += 1;
    };
    const rounds = new Rounds({ clock, round, onFailure }, { pauseMs: () => 2_000 });
    expect(count, 'before start').to.equal(0);
    rounds.start();
    rounds.start();
    for (const expected of [1, 2, 3]) {
      await clock.asleep();
      expect(count).to.equal(expected);
      await clock.wake();
    }
    await rounds.stop();
    rounds.start();
    await rounds.stop();
    expect(count).to.equal(4);
    expect(clock.delays.slice(0, 3)).to.deep.equal([2_000, 2_000, 2_000]);
  });

  it('stop in a pause at once: no round begins', async () => {
    let count = 0;
    const rounds = new Rounds(
      { clock, onFailure, round: async () => void (count += 1) },
      { pauseMs: () => 3_600_000 },
    );
    rounds.start();
    await clock.asleep();
    await rounds.stop();
    expect(count).to.equal(1);
  });

  it('are hurried: a pause ends at once, and a round that is hurried under way is followed by another', async () => {
    let count = 0;
    const round = async (): Promise<void> => {
      count += 1;
      if (count === 2) rounds.hurry();
    };
    const rounds = new Rounds({ clock, round, onFailure }, { pauseMs: () => 3_600_000 });
    rounds.start();
    await clock.asleep();
    rounds.hurry();
    for (let turns = 0; count < 3 && turns < 100; turns++) await new Promise((done) => setImmediate(done));
    expect(count).to.equal(3);
    await rounds.stop();
    expect(count).to.equal(3);
    expect(told).to.deep.equal([]);
  });

  it('end the round under way by its signal, wait for it, and do not call that a failure', async () => {
    const seen: string[] = [];
    const begun = Promise.withResolvers<undefined>();
    const round = async (signal: AbortSignal): Promise<void> => {
      seen.push('begun');
      begun.resolve(undefined);
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      await new Promise((resolve) => setImmediate(resolve));
      seen.push('cleared up');
      signal.throwIfAborted();
    };
    const rounds = new Rounds({ clock, round, onFailure }, { pauseMs: () => 0 });
    rounds.start();
    await begun.promise;
    expect(rounds.signal.aborted).to.equal(false);
    await rounds.stop();
    expect(rounds.signal.aborted).to.equal(true);
    expect(seen).to.deep.equal(['begun', 'cleared up']);
    expect(told).to.deep.equal([]);
  });

  it('go on after a failure, and tell of it once until the code is another or a round succeeds', async () => {
    const coded = (code: ClientErrorCode): ClientError =>
      new ClientError(code, 'It is away.', { remedy: 'Wait.' });
    const away = (): ClientError => coded('UNREACHABLE');
    const outcomes: (Error | undefined)[] = [
      ...[away(), away(), coded('STALLED'), undefined, away(), away()],
      ...[new RangeError('odd'), new RangeError('odd'), new RangeError('even'), undefined],
    ];
    let count = 0;
    const failuresBefore: number[] = [];
    const round = async (): Promise<void> => {
      const failure = outcomes[count++];
      if (failure !== undefined) throw failure;
    };
    const pauseMs = (failures: number): number => {
      failuresBefore.push(failures);
      return 0;
    };
    const rounds = new Rounds({ clock, round, onFailure }, { pauseMs });
    rounds.start();
    for (let i = 0; i < outcomes.length - 1; i++) await clock.wake();
    await clock.asleep();
    await rounds.stop();
    expect(failuresBefore).to.deep.equal([1, 2, 3, 0, 1, 2, 3, 4, 5, 0]);
    const codes = told.map((failure) => (failure instanceof ClientError ? failure.code : String(failure)));
    expect(codes).to.deep.equal([
      ...['UNREACHABLE', 'STALLED', 'UNREACHABLE'],
      ...['RangeError: odd', 'RangeError: even'],
    ]);
  });
});
