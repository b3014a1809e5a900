import { expect } from 'chai';
import fc from 'fast-check';

import { DownloadSchedule } from '../../../../sdk/client/download-schedule/download-schedule.ts';
import {
  MIN_FREE_COPY_MS,
  MIN_STALLED_MS,
  STALLED_FACTOR,
  UNMEASURED_STALLED_MS,
} from '../../../../sdk/client/client-limits.ts';
import { BLOCK_BYTES, simulate, TICK_MS, type ModelSource, type Outcome } from './simulation.ts';

/** A block in 100 ms. */
const FAST_RATE = BLOCK_BYTES / 100;
const fast: ModelSource = { rate: FAST_RATE, roundTripMs: 2 };

function many(count: number, source: ModelSource = fast): ModelSource[] {
  return Array.from({ length: count }, () => source);
}

/** Bytes a millisecond of the whole download. */
function goodput(blocks: number, { finishedMs }: Outcome): number {
  return (blocks * BLOCK_BYTES) / finishedMs;
}

describe('DownloadSchedule', () => {
  it('asks another source for a block whose holder never answers', () => {
    const schedule = new DownloadSchedule();
    schedule.addSource('a');
    schedule.want('1', BLOCK_BYTES);
    expect(schedule.next(0, () => true)).to.deep.equal({ source: 'a', block: '1', bytes: BLOCK_BYTES });
    schedule.addSource('b');
    schedule.want('2', BLOCK_BYTES);
    expect(schedule.next(0, () => true)?.source).to.equal('b');
    schedule.forget('2');
    schedule.answered('b', '2', { bytes: BLOCK_BYTES, nowMs: 10 });
    expect(schedule.next(MIN_FREE_COPY_MS - 1, () => true)).to.equal(undefined);
    const copied = schedule.next(MIN_FREE_COPY_MS, () => true);
    expect(copied).to.deep.equal({ source: 'b', block: '1', bytes: BLOCK_BYTES });
    expect(schedule.next(MIN_FREE_COPY_MS, () => true)).to.equal(undefined);
  });

  it('copies one block of a small file at most, and another only when its holder has stalled', () => {
    const schedule = new DownloadSchedule();
    for (const id of ['a', 'b', 'c']) schedule.addSource(id);
    for (const key of ['1', '2', '3']) schedule.want(key, BLOCK_BYTES);
    const asked = ['a', 'b', 'c'].map(() => schedule.next(0, () => true));
    const [first, second, third] = asked.map((each) => each?.block ?? '');
    schedule.forget(third ?? '');
    schedule.answered('c', third ?? '', { bytes: BLOCK_BYTES, nowMs: 10 });
    expect(schedule.next(MIN_FREE_COPY_MS, () => true)).to.include({ source: 'c', block: first });
    schedule.forget(first ?? '');
    schedule.answered('c', first ?? '', { bytes: BLOCK_BYTES, nowMs: MIN_FREE_COPY_MS + 10 });
    expect(schedule.next(MIN_STALLED_MS - 1, () => true)).to.equal(undefined);
    expect(schedule.next(MIN_STALLED_MS, () => true)).to.include({ source: 'c', block: second });
  });

  it('waits longer for a block where nothing was measured yet', () => {
    const schedule = new DownloadSchedule();
    schedule.addSource('a');
    schedule.addSource('b');
    schedule.want('1', BLOCK_BYTES);
    const holder = schedule.next(0, () => true)?.source;
    expect(schedule.next(UNMEASURED_STALLED_MS - 1, () => true)).to.equal(undefined);
    const other = schedule.next(UNMEASURED_STALLED_MS, () => true)?.source;
    expect([holder, other].toSorted()).to.deep.equal(['a', 'b']);
  });

  it('does not ask a source again for what it does not have, until it is forgiven', () => {
    const schedule = new DownloadSchedule();
    schedule.addSource('a');
    schedule.want('1', 100);
    schedule.next(0, () => true);
    schedule.exclude('1', 'a');
    schedule.answered('a', '1', { bytes: 0, nowMs: 1 });
    expect(schedule.next(1, () => true)).to.equal(undefined);
    expect(schedule.isUnavailable('1')).to.equal(true);
    schedule.forgive('1');
    expect(schedule.next(1, () => true)?.block).to.equal('1');
  });

  it('leaves a paused source alone until its time', () => {
    const schedule = new DownloadSchedule();
    schedule.addSource('a');
    schedule.want('1', 100);
    schedule.pause('a', 50);
    expect(schedule.next(49, () => true)).to.equal(undefined);
    expect(schedule.next(50, () => true)?.source).to.equal('a');
  });

  it('makes room for what travels in a long round trip, and for one block in a short one', () => {
    const busy = (roundTripMs: number): number => {
      const schedule = new DownloadSchedule();
      schedule.addSource('a');
      for (let i = 0; i < 64; i++) schedule.want(String(i), BLOCK_BYTES);
      // Answers come one by one, each after its round trip and a tenth of a second of sending.
      let nowMs = 0;
      for (let i = 0; i < 4; i++) {
        const next = schedule.next(nowMs, () => true);
        nowMs += roundTripMs + 100;
        schedule.forget(next?.block ?? '');
        schedule.answered('a', next?.block ?? '', { bytes: BLOCK_BYTES, nowMs, waitedMs: roundTripMs });
      }
      let asked = 0;
      while (schedule.next(nowMs, () => true) !== undefined) asked += 1;
      return asked;
    };
    expect(busy(1)).to.equal(1);
    expect(busy(50)).to.equal(2);
    expect(busy(400)).to.equal(2);
  });
});

describe('a download in virtual time', () => {
  it('uses eight equal sources to at least 0.9 of their sum, with at most 1 % duplicates', () => {
    const outcome = simulate({ blocks: 256, sources: many(8) });
    expect(goodput(256, outcome) / (8 * FAST_RATE)).to.be.at.least(0.9);
    expect(outcome.duplicateBytes).to.be.at.most(0.01 * 256 * BLOCK_BYTES);
  });

  it('keeps a source busy over a round trip longer than a block takes, if there is credit', () => {
    const far = (credit: number) =>
      simulate({ blocks: 200, sources: [{ rate: FAST_RATE, roundTripMs: 200, credit }] });
    expect(goodput(200, far(1)) / FAST_RATE).to.be.lessThan(0.4);
    expect(goodput(200, far(4)) / FAST_RATE).to.be.at.least(0.9);
  });

  it('loses at most 5 % to one source that is ten times slower, with at most 1 % duplicates', () => {
    const without = simulate({ blocks: 400, sources: many(7) });
    for (const place of [0, 3, 7]) {
      const sources = many(7).toSpliced(place, 0, { ...fast, rate: FAST_RATE / 10 });
      const outcome = simulate({ blocks: 400, sources });
      expect(outcome.finishedMs).to.be.lessThan(without.finishedMs * 1.05);
      expect(outcome.duplicateBytes).to.be.at.most(0.01 * 400 * BLOCK_BYTES);
    }
  });

  for (const [what, fault] of [
    ['stalls', { stallsAtMs: 2_000 }],
    ['dies', { diesAtMs: 2_000 }],
    ['lies', { liesAtMs: 2_000 }],
    ['becomes ten times slower', { changes: [{ atMs: 2_000, rate: FAST_RATE / 10 }] }],
  ] as const) {
    it(`loses at most 5 % to a source that ${what} half-way, beside its own share`, () => {
      const outcome = simulate({ blocks: 400, sources: [...many(7), { ...fast, ...fault }] });
      // Until then eight sources, then seven.
      const idealMs = 2_000 + (400 * 100 - 2_000 * 8) / 7;
      expect(outcome.finishedMs).to.be.lessThan(idealMs * 1.05);
      expect(outcome.duplicateBytes).to.be.at.most(0.01 * 400 * BLOCK_BYTES);
    });
  }

  it('lets peers of the own domain carry the download while they can, and edges fill in where they cannot', () => {
    const blocks = 256;
    const edge = { rate: FAST_RATE };
    const shareOfPeers = (...peers: ModelSource[]): { share: number; finishedMs: number } => {
      const sources = [edge, ...peers.map((peer) => ({ ...peer, near: true }))];
      const { bytesBySource, finishedMs } = simulate({ blocks, sources });
      const ofEdge = bytesBySource.get(0) ?? 0;
      return { share: 1 - ofEdge / (blocks * BLOCK_BYTES), finishedMs };
    };
    const aloneMs = simulate({ blocks, sources: [edge] }).finishedMs;
    // As fast as the edge: the edge is asked once to be measured, and now and then.
    expect(shareOfPeers({ rate: FAST_RATE }).share).to.be.at.least(0.9);
    expect(shareOfPeers({ rate: FAST_RATE * 0.6 }, { rate: FAST_RATE * 0.6 }).share).to.be.at.least(0.85);
    // Never later than by the edge alone, whatever the peers do.
    for (const peer of [
      { rate: FAST_RATE },
      { rate: FAST_RATE * 0.5 },
      { rate: FAST_RATE / 20 },
      { rate: FAST_RATE, diesAtMs: 2_000 },
      { rate: FAST_RATE, stallsAtMs: 2_000 },
      { rate: FAST_RATE * 2, changes: [{ atMs: 3_000, rate: FAST_RATE / 20 }] },
    ]) {
      expect(shareOfPeers(peer).finishedMs, JSON.stringify(peer)).to.be.at.most(aloneMs * 1.05);
    }
    // Slower peers share the download with the edge: all of it is used.
    const half = shareOfPeers({ rate: FAST_RATE * 0.5 });
    expect(half.finishedMs).to.be.at.most(aloneMs * 0.72);
  });

  it('takes in a source that joins, and gives the faster source more', () => {
    const outcome = simulate({
      blocks: 200,
      sources: [fast, { ...fast, rate: FAST_RATE * 3, joinsAtMs: 1_000 }],
    });
    expect(outcome.firstAskedMs.get(1)).to.be.within(1_000, 1_100);
    const [first = 0, second = 0] = [0, 1].map((source) => outcome.bytesBySource.get(source));
    expect(second).to.be.greaterThan(2 * (first - 10 * BLOCK_BYTES));
  });

  it('finds out when a slow source has become fast', () => {
    const recovers = { ...fast, rate: FAST_RATE / 20, changes: [{ atMs: 6_000, rate: FAST_RATE }] };
    const outcome = simulate({ blocks: 600, sources: [fast, fast, recovers] });
    expect(outcome.bytesBySource.get(2)).to.be.greaterThan(20 * BLOCK_BYTES);
  });
});

describe('a download in virtual time, whatever the sources do', () => {
  const rate = fc.double({ min: FAST_RATE / 50, max: FAST_RATE * 10, noNaN: true });
  const moment = fc.integer({ min: 0, max: 6_000 });
  const source: fc.Arbitrary<ModelSource> = fc
    .record(
      {
        rate,
        roundTripMs: fc.integer({ min: 0, max: 300 }),
        credit: fc.integer({ min: 1, max: 6 }),
        joinsAtMs: moment,
        diesAtMs: moment,
        stallsAtMs: moment,
        liesAtMs: moment,
        changes: fc
          .array(fc.record({ atMs: moment, rate }), { maxLength: 3 })
          .map((changes) => changes.toSorted((a, b) => a.atMs - b.atMs)),
      },
      { requiredKeys: ['rate'] },
    )
    // Most sources are honest for most of the time.
    .map(({ liesAtMs, ...rest }) =>
      liesAtMs !== undefined && liesAtMs % 2 === 0 ? { ...rest, liesAtMs } : rest,
    );
  const blocks = fc.integer({ min: 1, max: 120 });
  const others = fc.array(source, { maxLength: 8 });
  const aheadBlocks = fc.integer({ min: 2, max: 40 });

  /** Prints the seed of a failure, so that it can be run again. */
  function always<T extends [unknown, ...unknown[]]>(property: fc.IProperty<T>): void {
    fc.assert(property, { numRuns: 100, endOnFailure: true });
  }

  it('writes every block once and in order, and holds no more than the window', () => {
    always(
      fc.property(blocks, others, aheadBlocks, (count, sources, ahead) => {
        const outcome = simulate({ blocks: count, sources: [...sources, fast], aheadBlocks: ahead });
        expect(outcome.written).to.deep.equal(Array.from({ length: count }, (_, index) => index));
        expect(outcome.mostEarly).to.be.at.most(ahead);
      }),
    );
  });

  it('is hardly worse than its one reliable source alone', () => {
    always(
      fc.property(blocks, others, (count, sources) => {
        const alone = simulate({ blocks: count, sources: [fast] });
        const outcome = simulate({ blocks: count, sources: [...sources, fast] });
        // A source that nothing is known of is waited for a little, once.
        expect(outcome.finishedMs).to.be.lessThan(alone.finishedMs * 1.5 + 1_000 * (sources.length + 1));
      }),
    );
  });

  it('asks every source that is there while blocks are free: none starves', () => {
    always(
      fc.property(fc.array(rate, { minLength: 1, maxLength: 8 }), (rates) => {
        const sources = rates.map((each) => ({ rate: each, roundTripMs: 1 }));
        const outcome = simulate({ blocks: 64, sources });
        expect(outcome.firstAskedMs.size).to.equal(sources.length);
      }),
    );
  });

  it('asks for no block of a small file twice while sources are alike and none stalls', () => {
    const jitter = fc.array(fc.double({ min: 1, max: 3, noNaN: true }), { minLength: 1, maxLength: 24 });
    const calm = fc.record({
      count: fc.integer({ min: 1, max: 20 }),
      blockMs: fc.integer({ min: 5, max: 400 }),
      roundTripMs: fc.integer({ min: 1, max: 200 }),
      credit: fc.integer({ min: 1, max: 4 }),
      jitters: fc.array(jitter, { minLength: 2, maxLength: 4 }),
    });
    always(
      fc.property(calm, ({ count, blockMs, roundTripMs, credit, jitters }) => {
        const rate = BLOCK_BYTES / blockMs;
        const sources = jitters.map((each) => ({ rate, roundTripMs, credit, jitter: each }));
        expect(simulate({ blocks: count, sources }).copies).to.equal(0);
      }),
    );
  });

  it('fetches a small file in little more than its time although a source stalls', () => {
    const small = fc.record({
      count: fc.integer({ min: 2, max: 20 }),
      blockMs: fc.integer({ min: 5, max: 200 }),
      stallsAtMs: fc.integer({ min: 0, max: 4_000 }),
    });
    always(
      fc.property(small, ({ count, blockMs, stallsAtMs }) => {
        const source = { rate: BLOCK_BYTES / blockMs, roundTripMs: 5 };
        const outcome = simulate({ blocks: count, sources: [source, { ...source, stallsAtMs }] });
        const alone = simulate({ blocks: count, sources: [source] });
        const noticedMs = Math.max(MIN_STALLED_MS, STALLED_FACTOR * (blockMs + 5) * 2);
        // A stall is noticed at the engine's next look at its clock.
        expect(outcome.finishedMs).to.be.at.most(alone.finishedMs + noticedMs + TICK_MS);
        expect(outcome.duplicateBytes).to.equal(0);
      }),
    );
  });

  it('uses lasting sources of like rates to 0.8 of their sum, with round trips of up to a block', () => {
    const like = fc.record({
      rate: fc.double({ min: FAST_RATE * 0.7, max: FAST_RATE, noNaN: true }),
      roundTripMs: fc.integer({ min: 0, max: 100 }),
    });
    always(
      fc.property(fc.array(like, { minLength: 2, maxLength: 8 }), (sources) => {
        const sum = sources.reduce((total, each) => total + each.rate, 0);
        const outcome = simulate({ blocks: 1_600, sources, aheadBlocks: 48 });
        expect(goodput(1_600, outcome) / sum).to.be.at.least(0.8);
        expect(outcome.duplicateBytes).to.be.at.most(0.01 * 1_600 * BLOCK_BYTES);
      }),
    );
  });
});
