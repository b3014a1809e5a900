import type { ProcessFigures } from './process-figures.ts';
import type { Tally } from './tally.ts';

/** What a run found. */
export interface FuzzReport {
  readonly tally: Tally;
  readonly seconds: number;
  readonly seed: number;
  /** A process of the target ended. */
  readonly crashed: boolean;
  readonly before: ProcessFigures;
  /** After a tenth of the requests. */
  readonly warm: ProcessFigures;
  readonly after: ProcessFigures;
  readonly peakMemoryBytes: number;
  readonly leakedHandles: number;
  /** An ordinary client was served exactly when it was over. */
  readonly normalAfter: boolean;
}

const MB = 1_000_000;

export function isClean({ tally, crashed, normalAfter, leakedHandles }: FuzzReport): boolean {
  return !crashed && normalAfter && tally.findings.length === 0 && leakedHandles === 0;
}

/** The report in plain values, ready for JSON. */
export function reportValues(report: FuzzReport): Record<string, unknown> {
  const { tally, seconds, seed, before, warm, after } = report;
  const megabytes = (bytes: number): number => Math.round(bytes / MB);
  return {
    ...{ requests: tally.requests, answers: tally.answers, exact: tally.exact, cutOff: tally.cutOff },
    ...{ connections: tally.connections, kinds: Object.fromEntries(tally.kinds) },
    statuses: sorted(tally.statuses),
    codes: sorted(tally.codes),
    crashes: report.crashed ? 1 : 0,
    leakedHandles: report.leakedHandles,
    memoryMb: {
      ...{ before: megabytes(before.memoryBytes), warm: megabytes(warm.memoryBytes) },
      ...{ peak: megabytes(report.peakMemoryBytes), after: megabytes(after.memoryBytes) },
    },
    receivedMb: megabytes(tally.receivedBytes),
    ...{ seconds: Math.round(seconds), requestsPerSecond: Math.round(tally.requests / seconds) },
    ...{ normalAfter: report.normalAfter, findings: tally.findings, seed, ok: isClean(report) },
  };
}

/** The report for people. */
export function reportLines(report: FuzzReport): string[] {
  const { tally, seconds, seed, before, warm, after } = report;
  const list = (counts: ReadonlyMap<unknown, number>): string =>
    Object.entries(sorted(counts))
      .map(([key, count]) => `${key} ${count}`)
      .join(', ');
  return [
    `${tally.requests} requests on ${tally.connections} connections in ${seconds.toFixed(1)} s, ${Math.round(tally.requests / seconds)} a second (--seed ${seed})`,
    `Answers: ${tally.answers}, of which ${tally.exact} were known beforehand and right; ${tally.cutOff} broken off`,
    `Statuses: ${list(tally.statuses)}`,
    `Codes: ${list(tally.codes)}`,
    `Memory: ${Math.round(before.memoryBytes / MB)} MB before, ${Math.round(warm.memoryBytes / MB)} warm, ${Math.round(report.peakMemoryBytes / MB)} at most, ${Math.round(after.memoryBytes / MB)} after; handles: ${before.handles} before, ${after.handles} after`,
    ...tally.findings.map(
      ({ what, connection, request }) =>
        `FOUND ${what} (--connection ${connection}) ${JSON.stringify(request)}`,
    ),
    `${report.crashed ? 'A process CRASHED' : 'No process crashed'}; an ordinary client afterwards was ${report.normalAfter ? 'served exactly' : 'NOT served'}`,
  ];
}

function sorted(counts: ReadonlyMap<unknown, number>): Record<string, number> {
  return Object.fromEntries(
    [...counts].map(([key, count]) => [String(key), count] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
