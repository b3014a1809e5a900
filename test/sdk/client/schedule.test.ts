import { expect } from 'chai';
import fc from 'fast-check';

import { Schedule } from '../../../sdk/client/schedule.ts';

const KIB = 1024;
const BLOCK_BYTES = 1024 * KIB;

interface SimulatedSource {
  /** Bytes per millisecond. */
  readonly rate: number;
  /** Dies at this time, if ever. */
  readonly diesAtMs?: number;
  /** Credit: requests it takes at once. */
  readonly slots: number;
}

interface Flight {
  readonly source: string;
  readonly block: string;
  readonly startedMs: number;
  readonly doneMs: number;
}

interface Outcome {
  readonly finishedMs: number;
  readonly delivered: ReadonlyMap<string, number>;
  readonly requests: number;
}

/** Runs the schedule in virtual time: each source serves its requests one after the other at its rate. */
function simulate(blocks: number, sources: readonly SimulatedSource[], windowBlocks = 32): Outcome {
  const schedule = new Schedule();
  sources.forEach((_, index) => schedule.addSource(String(index)));
  const freeAtMs = sources.map(() => 0);
  const flights = new Set<Flight>();
  const delivered = new Map<string, number>();
  const arrived = new Set<string>();
  let wanted = 0;
  let first = 0;
  let requests = 0;
  let nowMs = 0;
  const admits = (source: string) =>
    [...flights].filter((flight) => flight.source === source).length < (sources[Number(source)]?.slots ?? 0);
  while (arrived.size < blocks) {
    while (wanted < blocks && wanted - first < windowBlocks) schedule.want(String(wanted++), BLOCK_BYTES);
    for (let next = schedule.next(nowMs, admits); next !== undefined; next = schedule.next(nowMs, admits)) {
      const index = Number(next.source);
      const startMs = Math.max(nowMs, freeAtMs[index] ?? 0);
      const doneMs = startMs + next.bytes / (sources[index]?.rate ?? 1);
      freeAtMs[index] = doneMs;
      flights.add({ source: next.source, block: next.block, startedMs: nowMs, doneMs });
      requests += 1;
    }
    const deaths = sources.flatMap(({ diesAtMs }, index) =>
      diesAtMs !== undefined && schedule.sources.has(String(index)) ? [{ index, atMs: diesAtMs }] : [],
    );
    const nextArrival = [...flights].sort((a, b) => a.doneMs - b.doneMs)[0];
    const nextDeath = deaths.sort((a, b) => a.atMs - b.atMs)[0];
    // The engine looks again at least this often.
    const tickMs = nowMs + 50;
    if (nextDeath !== undefined && nextDeath.atMs <= Math.min(nextArrival?.doneMs ?? Infinity, tickMs)) {
      nowMs = Math.max(nowMs, nextDeath.atMs);
      schedule.removeSource(String(nextDeath.index));
      for (const flight of flights) if (flight.source === String(nextDeath.index)) flights.delete(flight);
    } else if (nextArrival !== undefined && nextArrival.doneMs <= tickMs) {
      nowMs = nextArrival.doneMs;
      flights.delete(nextArrival);
      const { source, block, startedMs } = nextArrival;
      schedule.answered(source, block, { bytes: BLOCK_BYTES, startedMs, nowMs });
      delivered.set(source, (delivered.get(source) ?? 0) + 1);
      if (!arrived.has(block)) schedule.forget(block);
      arrived.add(block);
      while (arrived.has(String(first))) first += 1;
    } else {
      expect(tickMs, 'the schedule stands still').to.be.lessThan(10_000_000);
      nowMs = tickMs;
    }
  }
  return { finishedMs: nowMs, delivered, requests };
}

describe('Schedule', () => {
  const fast = { rate: BLOCK_BYTES / 100, slots: 1 };

  it('uses equal sources to at least 0.9 of their sum', () => {
    const outcome = simulate(
      200,
      Array.from({ length: 8 }, () => fast),
    );
    expect(outcome.finishedMs).to.be.lessThan((200 * 100) / 8 / 0.9);
    expect(outcome.requests).to.be.at.most(202);
  });

  it('loses at most 5 % to one source that is ten times slower, with at most 1 % duplicates', () => {
    const equal = Array.from({ length: 7 }, () => fast);
    const without = simulate(400, equal);
    const withSlow = simulate(400, [...equal, { rate: fast.rate / 10, slots: 1 }]);
    expect(withSlow.finishedMs).to.be.lessThan(without.finishedMs * 1.05);
    expect(withSlow.requests - 400).to.be.at.most(4);
  });

  it('gives the faster source more', () => {
    const outcome = simulate(120, [fast, { rate: fast.rate / 3, slots: 1 }]);
    expect(outcome.delivered.get('0')).to.be.greaterThan(2 * (outcome.delivered.get('1') ?? 0));
  });

  it('asks another source for a block whose holder never answers', () => {
    const schedule = new Schedule();
    schedule.addSource('a');
    schedule.want('1', BLOCK_BYTES);
    expect(schedule.next(0, () => true)).to.deep.equal({ source: 'a', block: '1', bytes: BLOCK_BYTES });
    schedule.addSource('b');
    schedule.want('2', BLOCK_BYTES);
    expect(schedule.next(0, () => true)?.source).to.equal('b');
    schedule.answered('b', '2', { bytes: BLOCK_BYTES, startedMs: 0, nowMs: 10 });
    schedule.forget('2');
    expect(schedule.next(20, () => true)).to.equal(undefined);
    expect(schedule.next(200, () => true)).to.deep.equal({ source: 'b', block: '1', bytes: BLOCK_BYTES });
    expect(schedule.next(200, () => true)).to.equal(undefined);
  });

  it('does not ask a source again for what it does not have, until it is forgiven', () => {
    const schedule = new Schedule();
    schedule.addSource('a');
    schedule.want('1', 100);
    schedule.next(0, () => true);
    schedule.exclude('1', 'a');
    schedule.answered('a', '1', { bytes: 0, startedMs: 0, nowMs: 1 });
    expect(schedule.next(1, () => true)).to.equal(undefined);
    expect(schedule.isUnavailable('1')).to.equal(true);
    schedule.forgive('1');
    expect(schedule.next(1, () => true)?.block).to.equal('1');
  });

  it('leaves a paused source alone until its time', () => {
    const schedule = new Schedule();
    schedule.addSource('a');
    schedule.want('1', 100);
    schedule.pause('a', 50);
    expect(schedule.next(49, () => true)).to.equal(undefined);
    expect(schedule.next(50, () => true)?.source).to.equal('a');
  });

  it('delivers everything whatever the rates and deaths, as long as one source lives', () => {
    const source = fc.record({
      rate: fc.double({ min: 0.5, max: 100_000, noNaN: true }),
      slots: fc.integer({ min: 1, max: 4 }),
      diesAtMs: fc.option(fc.integer({ min: 0, max: 3_000 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.array(source, { maxLength: 6 }), (blocks, others) => {
        const sources = others.map(({ diesAtMs, ...rest }) => ({
          ...rest,
          ...(diesAtMs !== undefined && { diesAtMs }),
        }));
        const outcome = simulate(blocks, [fast, ...sources], 8);
        // Never much worse than the one reliable source alone, whatever the others do.
        expect(outcome.finishedMs).to.be.lessThan(blocks * 100 * 3 + 1_000);
      }),
      { numRuns: 200 },
    );
  });
});
