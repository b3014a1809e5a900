import { median } from '../../measuring/percentile.ts';
import type { BenchReport, Json } from '../bench.ts';
import { rounded } from '../rounded.ts';
import { figure } from '../text-table.ts';
import type { StepCosts } from './step-costs.ts';

/** DELIVERY.md, numbers to reach: throughput that grants and receipts may cost. */
const TARGET = 0.03;

/** One run, of both sides. */
export interface Run {
  readonly bytesPerSecond: number;
  /** All threads of the edge. */
  readonly edgeCpuMsPerMiB: number;
  /** Of them, the one that serves: the share of one core that limits a single edge. */
  readonly servingCpuMsPerMiB: number;
  readonly viewerCpuMsPerMiB: number;
}

/** With grants and receipts, and without, round by round. */
export interface Runs {
  readonly paid: readonly Run[];
  readonly free: readonly Run[];
}

/** What no arrangement of threads saves. */
interface Floor {
  /** One signature and one recovery by the library alone, in a loop. */
  readonly libraryMicroseconds: number;
  /** Of the processor time of both sides for a MiB without receipts: what is lost where every core is busy. */
  readonly shareOfProcessor: number;
}

export function reportOf(runs: Runs, steps: StepCosts): BenchReport {
  const costs = runs.paid.map(
    ({ bytesPerSecond }, round) => 1 - bytesPerSecond / (runs.free[round]?.bytesPerSecond ?? Number.NaN),
  );
  const cost = median(costs);
  const floor = floorOf(runs, steps);
  const serving = pairOf(runs, 'servingCpuMsPerMiB');
  const mb = { with: mbPerSecond(runs.paid), without: mbPerSecond(runs.free) };
  return {
    figures: {
      mbPerSecond: roundedPair(mb),
      cost: rounded(cost),
      costByRound: costs.map(rounded),
      cpuMsPerMiB: {
        edge: roundedPair(pairOf(runs, 'edgeCpuMsPerMiB')),
        edgeServingThread: roundedPair(serving),
        viewer: roundedPair(pairOf(runs, 'viewerCpuMsPerMiB')),
      },
      servingThreadCost: rounded(serving.with / serving.without - 1),
      floor: {
        libraryMicroseconds: rounded(floor.libraryMicroseconds),
        shareOfProcessor: rounded(floor.shareOfProcessor),
      },
      stepMicroseconds: Object.fromEntries(entriesOf(steps).map(([step, us]) => [step, rounded(us)])),
      counted: 'one receipt a block of 1 MiB; the cost is the median of the rounds, each with its own pair',
      target: { cost: TARGET, met: cost <= TARGET },
    },
    tables: [
      {
        title: `Blocks of 1 MiB (goal: receipts cost at most ${100 * TARGET} % of throughput)`,
        columns: ['', 'with', 'without'],
        rows: [
          ['MB/s', figure(mb.with), figure(mb.without)],
          ['edge, ms of processor a MiB', ...cells(pairOf(runs, 'edgeCpuMsPerMiB'))],
          ['its serving thread alone', ...cells(serving)],
          ['viewer, ms of processor a MiB', ...cells(pairOf(runs, 'viewerCpuMsPerMiB'))],
          ['cost, %', figure(100 * cost), ''],
        ],
      },
      {
        title: 'Steps of one receipt',
        columns: ['', 'µs'],
        rows: entriesOf(steps).map(([step, us]) => [step, figure(us)]),
      },
      {
        title: 'Least that signing and recovering take, by the library alone',
        columns: ['', ''],
        rows: [
          ['µs a block', figure(floor.libraryMicroseconds)],
          ['% of the processor time of both sides', figure(100 * floor.shareOfProcessor)],
        ],
      },
    ],
  };
}

function floorOf({ free }: Runs, { sign, hash, recover }: StepCosts): Floor {
  // Signing is measured with the digest, which is not the library's.
  const libraryMicroseconds = sign - hash + recover;
  const blockMs = median(
    free.map(({ edgeCpuMsPerMiB, viewerCpuMsPerMiB }) => edgeCpuMsPerMiB + viewerCpuMsPerMiB),
  );
  return { libraryMicroseconds, shareOfProcessor: libraryMicroseconds / 1_000 / blockMs };
}

/** A type, not an interface: figures have to be plain JSON. */
type Pair = { readonly with: number; readonly without: number };

function pairOf({ paid, free }: Runs, field: keyof Run): Pair {
  return {
    with: median(paid.map((run) => run[field])),
    without: median(free.map((run) => run[field])),
  };
}

function mbPerSecond(runs: readonly Run[]): number {
  return median(runs.map(({ bytesPerSecond }) => bytesPerSecond)) / 1e6;
}

function roundedPair(pair: Pair): Json {
  return { with: rounded(pair.with), without: rounded(pair.without) };
}

function cells(pair: Pair): string[] {
  return [figure(pair.with), figure(pair.without)];
}

function entriesOf(steps: StepCosts): [step: string, microseconds: number][] {
  return Object.entries(steps);
}
