import { hash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { weighBuffersWithHeap } from '../../../sdk/cli/external-memory.ts';
import { BURST_MS } from '../../../node/app/upload-cap.ts';
import { median } from '../../measuring/percentile.ts';
import { defineBench, type BenchReport } from '../bench.ts';
import { rounded } from '../rounded.ts';
import { figure } from '../text-table.ts';
import { ArchiveBlocks } from './archive-blocks.ts';
import { EdgeFleet } from './edge-fleet.ts';
import { runCase, type FetchFigures } from './fetch-case.ts';
import { measurePeakMemory, type MemoryFigures } from './peak-memory.ts';
import { sampleContent } from './sample-content.ts';

/** DELIVERY.md, numbers to reach. */
const TARGET = { equalShare: 0.9, slowSourceCost: 0.05, duplicates: 0.01, uncappedShareOfSha256: 0.7 };
/** How much slower the slow source is. */
const SLOWNESS = 10;
const UNCAPPED_SOURCES = 4;
const MIB = 1_048_576;

const CASES = ['equal', 'without slow', 'with slow', 'uncapped'] as const;
type Case = (typeof CASES)[number];
type Results = Record<Case, FetchFigures[]>;

export const sources = defineBench({
  name: 'sources',
  summary:
    'Downloads from several edges in processes: equal ones with a cap, one that is slow, without caps.',
  options: {
    sources: { description: 'edges with a cap', fallback: 8, min: 2, max: 32 },
    cap: { description: 'KiB that each uploads a second', fallback: 4_096, min: 64, max: 65_536 },
    mib: { description: 'of the file', fallback: 192, min: 8, max: 65_536 },
    rounds: {
      description: 'of every case, in turn; the medians are reported',
      fallback: 5,
      min: 1,
      max: 100,
    },
    memory: {
      description: 'MiB of a large file whose fetch tells its memory',
      fallback: 2_048,
      min: 1,
      max: 65_536,
    },
    seed: { description: 'of the bytes of the file', fallback: 1, min: 1, max: 1_000_000 },
  },
  run: async ({ sources: count, cap, mib, rounds, memory, seed }, setting) => {
    const { progress, signal } = setting;
    // Fetches run in this process, as the command line runs them.
    weighBuffersWithHeap();
    const directory = await mkdtemp(join(tmpdir(), 'bcdn-bench-sources-'));
    let fleet: EdgeFleet | undefined;
    try {
      const content = await progress.task(`a file of ${mib} MiB`, async () =>
        sampleContent(mib, { seed, directory, signal }),
      );
      const archiveBytes = await bytesOf(content.carFile.path);
      const running = await progress.task(`${count} edges`, async () =>
        EdgeFleet.start(Math.max(count, UNCAPPED_SOURCES), content, directory),
      );
      fleet = running;
      const results: Results = { equal: [], 'without slow': [], 'with slow': [], uncapped: [] };
      const capsOf = capsByCase(count, cap * 1024);
      const hashRates: number[] = [];
      for (let round = 0; round < rounds; round++) {
        // Who begins alternates, so that no case always has the quieter machine.
        for (const name of round % 2 === 0 ? CASES : CASES.toReversed()) {
          signal.throwIfAborted();
          const figures = await progress.task(
            `round ${round + 1} of ${rounds}: ${name}`,
            async () => runCase(running, capsOf[name], { archiveBytes, signal }),
            ({ bytesPerSecond }) => `${(bytesPerSecond / 1e6).toFixed(1)} MB/s`,
          );
          results[name].push(figures);
        }
        hashRates.push(hashRate());
      }
      await running.end();
      fleet = undefined;
      const plan = { edges: UNCAPPED_SOURCES, seed, directory };
      const large = await measurePeakMemory(memory, plan, setting);
      return reportOf(results, { count, uplink: cap * 1024, bytes: content.bytes, hashRates, large });
    } finally {
      await fleet?.end();
      await rm(directory, { recursive: true, force: true });
    }
  },
});

function capsByCase(count: number, cap: number): Record<Case, readonly number[]> {
  const fast = Array.from({ length: count - 1 }, () => cap);
  return {
    equal: [...fast, cap],
    'without slow': fast,
    'with slow': [...fast, Math.round(cap / SLOWNESS)],
    uncapped: Array.from({ length: UNCAPPED_SOURCES }, () => 0),
  };
}

async function bytesOf(path: string): Promise<number> {
  const archive = await ArchiveBlocks.open(path);
  const { totalBytes } = archive;
  await archive.close();
  return totalBytes;
}

/** Bytes that SHA-256 takes in a second on one core, block by block: what verifying can reach at most. */
function hashRate(): number {
  const block = Buffer.alloc(MIB, 7);
  const blocks = 128;
  const startedMs = performance.now();
  for (let i = 0; i < blocks; i++) hash('sha256', block, 'buffer');
  return (blocks * MIB * 1_000) / (performance.now() - startedMs);
}

interface Setting {
  readonly count: number;
  readonly uplink: number;
  readonly bytes: number;
  readonly hashRates: readonly number[];
  readonly large: MemoryFigures;
}

function reportOf(results: Results, { count, uplink, bytes, hashRates, large }: Setting): BenchReport {
  const rate = (name: Case): number => median(results[name].map(({ bytesPerSecond }) => bytesPerSecond));
  // An edge may send at once what its cap allows in the burst's time: all of it counts as offered.
  const equalSeconds = median(results.equal.map(({ seconds }) => seconds)) + BURST_MS / 1_000;
  const share = bytes / (count * uplink * equalSeconds);
  const costs = results['with slow'].map(
    ({ seconds }, round) => seconds / (results['without slow'][round]?.seconds ?? Number.NaN) - 1,
  );
  const slowSourceCost = median(costs);
  const duplicatesOf = (name: Case): number => median(results[name].map(({ duplicates }) => duplicates));
  const duplicates = Math.max(duplicatesOf('equal'), duplicatesOf('with slow'));
  const hashing = median(hashRates);
  const shareOfSha256 = rate('uncapped') / hashing;
  const all = CASES.flatMap((name) => results[name]);
  const met = {
    equalShare: share >= TARGET.equalShare,
    slowSourceCost: slowSourceCost <= TARGET.slowSourceCost,
    duplicates: duplicates <= TARGET.duplicates,
    uncappedShareOfSha256: shareOfSha256 >= TARGET.uncappedShareOfSha256,
  };
  const uncappedCpu = median(results.uncapped.map(({ cpuSeconds }) => cpuSeconds)) / (bytes / 1e9);
  return {
    figures: {
      file: { bytes },
      equalSources: { count, share: rounded(share), mbPerSecond: rounded(rate('equal') / 1e6) },
      slowSourceCost: rounded(slowSourceCost),
      slowSourceCostByRound: costs.map(rounded),
      duplicates: rounded(duplicates),
      uncapped: {
        count: UNCAPPED_SOURCES,
        mbPerSecond: rounded(rate('uncapped') / 1e6),
        sha256MbPerSecond: rounded(hashing / 1e6),
        shareOfSha256: rounded(shareOfSha256),
        cpuSecondsPerGb: rounded(uncappedCpu),
      },
      largeFile: { bytes: large.bytes, peakMemoryMb: rounded((large.peakMiB * MIB) / 1e6) },
      allReceipted: all.every(({ receipted }) => receipted),
      droppedSources: all.reduce((sum, { dropped }) => sum + dropped, 0),
      target: { ...TARGET, met },
    },
    tables: [
      {
        title: `Fetching ${figure(bytes / MIB)} MiB, each edge with ${figure(uplink / 1e6)} MB/s, goals in brackets`,
        columns: ['', 'measured', 'goal'],
        rows: [
          [`${count} equal edges, share of the sum of their uplinks`, figure(share), '≥ 0.9'],
          [`cost of one edge ${SLOWNESS} times slower, %`, figure(100 * slowSourceCost), '≤ 5'],
          ['sent twice, %', figure(100 * duplicates), '≤ 1'],
          [`${UNCAPPED_SOURCES} edges without a cap, MB/s`, figure(rate('uncapped') / 1e6), ''],
          ['SHA-256 on one core, MB/s', figure(hashing / 1e6), ''],
          ['share of SHA-256', figure(shareOfSha256), '≥ 0.7'],
          [
            `memory at most, fetching ${figure(large.bytes / MIB)} MiB into a file, MiB`,
            figure(large.peakMiB),
            '',
          ],
          ['processor time of the fetch, s/GB', figure(uncappedCpu), ''],
        ],
      },
    ],
  };
}
