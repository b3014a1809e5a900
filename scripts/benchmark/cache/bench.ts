import { median } from '../../measuring/percentile.ts';
import { defineBench, type BenchSetting, type BenchTable, type Json } from '../bench.ts';
import { rounded } from '../rounded.ts';
import { figure } from '../text-table.ts';
import { lruCache, replay, s3FifoCache, type ReplayFigures } from './replay.ts';
import { DISTURBANCES, makeTrace, type Disturbance, type Trace } from './traces.ts';

const ALGORITHM = 's3-fifo';
const ALPHAS = [0.7, 0.9, 1.1];
/** Bytes of the cache as shares of those of the catalogue. */
const CACHE_SHARES = [0.01, 0.05, 0.1];

interface Case {
  readonly alpha: number;
  readonly disturbance: Disturbance;
  readonly cacheShare: number;
  readonly own: ReplayFigures;
  readonly lru: ReplayFigures;
}

export const cache = defineBench({
  name: 'cache',
  summary: 'Hit ratios of the node’s eviction on Zipf traces with scans, one-hit wonders and shifts, beside LRU.',
  options: {
    objects: { description: 'objects of the catalogue', fallback: 20_000, min: 1_000, max: 1_000_000 },
    requests: { description: 'requests of each trace', fallback: 400_000, min: 10_000, max: 20_000_000 },
    seed: { description: 'of traces and sizes', fallback: 1, min: 1, max: 1_000_000 },
  },
  run: async (values, { progress, signal }) => {
    const cases: Case[] = [];
    for (const alpha of ALPHAS) {
      for (const disturbance of DISTURBANCES) {
        const title = `alpha ${alpha}, ${DISTURBANCE_TITLES[disturbance]}`;
        const measured = progress.task(title, async () => measure({ ...values, alpha, disturbance }, signal));
        cases.push(...(await measured));
      }
    }
    return {
      figures: {
        algorithm: ALGORITHM,
        sizes: CACHE_SHARES.map((share) => summaryOf(cases.filter(({ cacheShare }) => cacheShare === share))),
        traces: cases.map(rowOf),
        target: { betterThanLru: true, met: cases.every(isBetter) },
      },
      tables: [tableOf(cases)],
    };
  },
});

/** One trace through both caches at each size. */
function measure(options: Parameters<typeof makeTrace>[0], signal: BenchSetting['signal']): Case[] {
  const { alpha, disturbance } = options;
  const trace = makeTrace(options);
  const keys = Array.from(trace.objectBytes, (_, object) => `object-${object}`);
  return CACHE_SHARES.map((cacheShare) => {
    signal.throwIfAborted();
    return { alpha, disturbance, cacheShare, ...replayBoth(trace, keys, cacheShare) };
  });
}

function replayBoth(trace: Trace, keys: readonly string[], cacheShare: number): Pick<Case, 'own' | 'lru'> {
  const capacityBytes = Math.floor(trace.catalogueBytes * cacheShare);
  const lru = replay(lruCache(capacityBytes), trace, keys);
  return { own: replay(s3FifoCache(capacityBytes), trace, keys), lru };
}

function isBetter({ own, lru }: Case): boolean {
  return own.hitRatio > lru.hitRatio && own.byteHitRatio > lru.byteHitRatio;
}

/** Means over all traces of one size of the cache. */
function summaryOf(cases: readonly Case[]): Json {
  const mean = (of: (one: Case) => number): number | null =>
    rounded(cases.reduce((sum, one) => sum + of(one), 0) / cases.length);
  return {
    cacheShare: cases[0]?.cacheShare ?? null,
    algorithm: ALGORITHM,
    hitRatio: mean(({ own }) => own.hitRatio),
    lruHitRatio: mean(({ lru }) => lru.hitRatio),
    byteHitRatio: mean(({ own }) => own.byteHitRatio),
    lruByteHitRatio: mean(({ lru }) => lru.byteHitRatio),
    smallestGain: rounded(Math.min(...cases.map(({ own, lru }) => own.hitRatio / lru.hitRatio))),
    nsPerAccess: rounded(median(cases.map(({ own }) => own.nsPerAccess))),
    lruNsPerAccess: rounded(median(cases.map(({ lru }) => lru.nsPerAccess))),
  };
}

function rowOf({ alpha, disturbance, cacheShare, own, lru }: Case): Json {
  return {
    alpha,
    disturbance,
    cacheShare,
    algorithm: ALGORITHM,
    hitRatio: rounded(own.hitRatio),
    lruHitRatio: rounded(lru.hitRatio),
    byteHitRatio: rounded(own.byteHitRatio),
    lruByteHitRatio: rounded(lru.byteHitRatio),
    nsPerAccess: rounded(own.nsPerAccess),
    lruNsPerAccess: rounded(lru.nsPerAccess),
  };
}

const DISTURBANCE_TITLES: Readonly<Record<Disturbance, string>> = {
  none: 'steady',
  scan: 'with scans',
  'one-hit': 'with one-hit wonders',
  shift: 'with shifts',
};

function tableOf(cases: readonly Case[]): BenchTable {
  return {
    title: 'S3-FIFO beside LRU of as many bytes; the share of hits of requests and of bytes in %',
    columns: ['trace', 'cache', 'hits', 'LRU', 'ratio', 'bytes', 'LRU', 'ns', 'LRU'],
    rows: cases.map(({ alpha, disturbance, cacheShare, own, lru }) => [
      `alpha ${alpha}, ${DISTURBANCE_TITLES[disturbance]}`,
      `${figure(100 * cacheShare)} %`,
      figure(100 * own.hitRatio),
      figure(100 * lru.hitRatio),
      figure(own.hitRatio / lru.hitRatio),
      figure(100 * own.byteHitRatio),
      figure(100 * lru.byteHitRatio),
      figure(own.nsPerAccess),
      figure(lru.nsPerAccess),
    ]),
  };
}
