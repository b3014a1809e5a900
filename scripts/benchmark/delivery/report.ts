import { median } from '../../measuring/percentile.ts';
import type { BenchReport } from '../bench.ts';
import { rounded } from '../rounded.ts';
import { figure } from '../text-table.ts';
import type { FetchCost } from './fetch-cost.ts';

/** Every download of one system. */
export interface SystemCosts {
  readonly name: string;
  readonly costs: readonly FetchCost[];
}

/** Systems that the others are held against. */
const OURS = ['bcdn-http', 'bcdn-libp2p'];
const MIB = 1_048_576;

interface Result {
  readonly system: string;
  readonly seconds: number;
  readonly fastestSeconds: number;
  readonly slowestSeconds: number;
  readonly mbPerSecond: number;
  readonly syncedSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMemoryMb: number;
}

/** Medians by system, and how many times faster bcdn is than each of the others. */
export function deliveryReport(run: {
  readonly file: { readonly bytes: number };
  readonly sources: number;
  readonly contestants: readonly SystemCosts[];
  readonly absent: Readonly<Record<string, string>>;
}): BenchReport {
  const { file, sources, absent } = run;
  const results = run.contestants.map((contestant) => resultOf(contestant, file.bytes));
  const others = results.filter(({ system }) => !OURS.includes(system));
  const ours = results.filter(({ system }) => OURS.includes(system));
  const ratiosOf = (secondsOf: (result: Result) => number) =>
    Object.fromEntries(
      ours.map((our) => [
        our.system,
        Object.fromEntries(others.map((other) => [other.system, rounded(secondsOf(other) / secondsOf(our))])),
      ]),
    );
  return {
    figures: {
      file: { bytes: file.bytes },
      sources,
      results: results.map(({ system, ...figures }) => ({
        system,
        ...Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, rounded(value)])),
      })),
      ratios: ratiosOf(({ seconds }) => seconds),
      syncedRatios: ratiosOf(({ syncedSeconds }) => syncedSeconds),
      absent,
    },
    tables: [
      {
        title: `${figure(file.bytes / MIB)} MiB from ${sources} sources, medians; times and memory of the downloading process; × is how many times as fast bcdn is`,
        columns: [
          '',
          's',
          'fastest',
          'slowest',
          'MB/s',
          'on disk s',
          'processor s',
          'memory MB',
          ...ours.map(timesFaster),
        ],
        rows: results.map((result) => [
          result.system,
          ...[result.seconds, result.fastestSeconds, result.slowestSeconds].map(figure),
          ...[result.mbPerSecond, result.syncedSeconds, result.cpuSeconds, result.peakMemoryMb].map(figure),
          ...ours.map(({ mbPerSecond }) => figure(mbPerSecond / result.mbPerSecond)),
        ]),
      },
      {
        title: 'Absent',
        columns: ['', 'why'],
        rows: Object.entries(absent).map(([system, why]) => [system, why]),
      },
    ].filter(({ rows }) => rows.length > 0),
  };
}

function timesFaster({ system }: Result): string {
  return `${system} ×`;
}

function resultOf({ name, costs }: SystemCosts, bytes: number): Result {
  const seconds = costs.map((cost) => cost.seconds);
  return {
    system: name,
    seconds: median(seconds),
    fastestSeconds: Math.min(...seconds),
    slowestSeconds: Math.max(...seconds),
    mbPerSecond: bytes / median(seconds) / 1e6,
    syncedSeconds: median(costs.map(({ syncedSeconds }) => syncedSeconds)),
    cpuSeconds: median(costs.map(({ cpuSeconds }) => cpuSeconds)),
    peakMemoryMb: median(costs.map(({ peakMemoryMb }) => peakMemoryMb)),
  };
}
