import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';

import { median } from '../../measuring/percentile.ts';
import { defineBench, type BenchReport, type BenchSetting } from '../bench.ts';
import { sampleSite, type CaseName, type SampleSite } from '../gateway/sample-site.ts';
import { findProgram, WRK } from '../gateway/system-programs.ts';
import { runLoad } from '../gateway/wrk-load.ts';
import { rounded } from '../rounded.ts';
import { TaskProcess } from '../task-process/task-process.ts';
import { figure } from '../text-table.ts';
import type { EdgeTasks } from './edge-protocol.ts';

const MIB = 1_048_576;
const CASES: readonly CaseName[] = ['hot 10 KiB', 'hot 1 MiB'];
const WARM_UP_SECONDS = 1;
const START_TIMEOUT_MS = 60_000;
/** As `npm run bcdn-node` starts an edge. */
const EDGE_FLAGS = ['--max-semi-space-size=4'];

/** A way to serve: so many processes, and whether each request asks the accounts. */
interface Arrangement {
  readonly name: string;
  readonly workers: number;
  readonly rationed: boolean;
}

interface RunningEdge extends Arrangement {
  readonly origin: string;
  readonly processId: number;
}

export const workers = defineBench({
  name: 'workers',
  summary: 'Requests that an edge answers with worker processes, against one process.',
  options: {
    workers: { description: 'processes that serve', fallback: 2, min: 2, max: 64 },
    rounds: {
      description: 'of every case, in turn; the medians are reported',
      fallback: 5,
      min: 1,
      max: 100,
    },
    seconds: { description: 'of one run of a case', fallback: 3, min: 1, max: 60 },
    memory: { description: 'MiB of hot blocks of the edge', fallback: 64, min: 1, max: 16_384 },
    seed: { description: 'of the bytes', fallback: 1, min: 1, max: 1_000_000 },
  },
  run: async (options, setting) => {
    const wrk = await findProgram(WRK);
    if (wrk === undefined)
      return { figures: { results: [], absent: ['wrk: apt-get install wrk'] }, tables: [] };
    const directory = await mkdtemp(join(tmpdir(), 'bcdn-bench-workers-'));
    const processes: TaskProcess<EdgeTasks>[] = [];
    try {
      const site = await sampleSite(directory, { coldObjects: 1, seed: options.seed });
      const edges: RunningEdge[] = [];
      for (const arrangement of arrangementsOf(options.workers)) {
        const process = new TaskProcess<EdgeTasks>({
          ...{
            path: join(import.meta.dirname, 'edge-process.ts'),
            name: 'The edge',
            relief: 'with fewer --workers',
          },
          ...{ timeoutMs: START_TIMEOUT_MS, execArgv: EDGE_FLAGS },
        });
        processes.push(process);
        const setup = {
          ...{ storeDirectory: site.storeDirectory, hotBytes: options.memory * MIB },
          directory: await mkdtemp(join(directory, 'edge-')),
          ...{ workers: arrangement.workers, rationed: arrangement.rationed },
        };
        edges.push({ ...arrangement, ...(await process.ask('start', setup)) });
      }
      return await measured(edges, site, { ...options, program: wrk, directory }, setting);
    } finally {
      await Promise.all(processes.map(async (process) => process.end()));
      await rm(directory, { recursive: true, force: true });
    }
  },
});

function arrangementsOf(count: number): Arrangement[] {
  return [
    { name: '1 process', workers: 1, rationed: false },
    { name: `${count} workers`, workers: count, rationed: false },
    { name: '1 process, accounts asked', workers: 1, rationed: true },
    { name: `${count} workers, accounts asked`, workers: count, rationed: true },
  ];
}

async function measured(
  edges: readonly RunningEdge[],
  site: SampleSite,
  plan: { rounds: number; seconds: number; program: string; directory: string },
  { progress, signal }: BenchSetting,
): Promise<BenchReport> {
  const rates = new Map<string, number[]>();
  for (let round = 0; round < plan.rounds; round++) {
    for (const name of CASES) {
      for (let turn = 0; turn < edges.length; turn++) {
        const edge = edges[(turn + round) % edges.length];
        if (edge === undefined) continue;
        const load = { ...plan, requests: site.requests[name], signal };
        const { requestsPerSecond } = await progress.task(
          `round ${round + 1} of ${plan.rounds}: ${name}, ${edge.name}`,
          async () => {
            await runLoad(edge, { ...load, seconds: WARM_UP_SECONDS });
            return runLoad(edge, load);
          },
          (figures) => `${figure(figures.requestsPerSecond)} requests/s`,
        );
        const key = `${name} ${edge.name}`;
        rates.set(key, [...(rates.get(key) ?? []), requestsPerSecond]);
      }
    }
  }
  return reportOf(edges, (name, edge) => median(rates.get(`${name} ${edge.name}`) ?? []));
}

function reportOf(
  edges: readonly RunningEdge[],
  rate: (name: CaseName, edge: RunningEdge) => number,
): BenchReport {
  const [single] = edges;
  const rows = CASES.flatMap((name) =>
    edges.map((edge) => {
      const base = single === undefined ? Number.NaN : rate(name, single);
      return { name, edge, perSecond: rate(name, edge), ratio: rate(name, edge) / base };
    }),
  );
  return {
    figures: {
      results: rows.map(({ name, edge, perSecond, ratio }) => ({
        ...{ case: name, arrangement: edge.name, workers: edge.workers, accountsAsked: edge.rationed },
        ...{ requestsPerSecond: rounded(perSecond), ratio: rounded(ratio) },
      })),
      cores: cpus().length,
      counted:
        'requests answered a second; 16 connections of wrk with one thread, which takes a core itself; medians; ratio to 1 process',
    },
    tables: [
      {
        title: `Requests a second on ${cpus().length} cores, of which wrk takes one`,
        columns: ['', '', 'requests/s', 'ratio'],
        rows: rows.map(({ name, edge, perSecond, ratio }) => [
          name,
          edge.name,
          figure(perSecond),
          figure(ratio),
        ]),
      },
    ],
  };
}
