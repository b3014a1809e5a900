import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { median } from '../../measuring/percentile.ts';
import { defineBench, type BenchReport, type BenchSetting, type Json } from '../bench.ts';
import { rounded } from '../rounded.ts';
import { figure } from '../text-table.ts';
import { requireEqualAnswers } from './equal-answers.ts';
import { CASE_NAMES, sampleSite, type CaseName, type SampleSite } from './sample-site.ts';
import { Servers, type System } from './servers.ts';
import { findProgram, NGINX, WRK, type SystemProgram } from './system-programs.ts';
import { runLoad, type LoadFigures } from './wrk-load.ts';

/** DELIVERY.md, numbers to reach: share of what nginx with one worker sends. */
const TARGETS: Readonly<Partial<Record<CaseName, number>>> = {
  'hot 10 KiB': 0.35,
  'hot 1 MiB': 0.85,
  'cold 1 MiB': 0.35,
};
const WARM_UP_SECONDS = 1;

type Results = Map<CaseName, Map<System, LoadFigures[]>>;

export const gateway = defineBench({
  name: 'gateway',
  summary: 'Requests that the gateway of an edge answers, against nginx with one worker and bare Node http.',
  options: {
    rounds: {
      description: 'of every case, in turn; the medians are reported',
      fallback: 5,
      min: 1,
      max: 100,
    },
    seconds: { description: 'of one run of a case', fallback: 3, min: 1, max: 60 },
    cold: { description: 'objects of 1 MiB of the cold case', fallback: 128, min: 4, max: 16_384 },
    memory: { description: 'MiB of hot blocks of the edge', fallback: 32, min: 1, max: 16_384 },
    seed: { description: 'of the bytes', fallback: 1, min: 1, max: 1_000_000 },
  },
  run: async ({ rounds, seconds, cold, memory, seed }, setting) => {
    const { progress, signal } = setting;
    const [nginx, wrk] = await Promise.all([findProgram(NGINX), findProgram(WRK)]);
    if (wrk === undefined) return absent([WRK, ...(nginx === undefined ? [NGINX] : [])]);
    const directory = await mkdtemp(join(tmpdir(), 'bcdn-bench-gateway-'));
    const servers = new Servers();
    try {
      const site = await progress.task('objects', async () =>
        sampleSite(directory, { coldObjects: cold, seed }),
      );
      await servers.start(site, { directory, nginx, hotBytes: memory * 1_048_576 });
      await progress.task('answers are equal', async () =>
        requireEqualAnswers(
          servers.origins,
          CASE_NAMES.flatMap((name) => site.requests[name]),
        ),
      );
      const results = await measured(servers, site, { rounds, seconds, wrk, directory }, setting);
      signal.throwIfAborted();
      return reportOf(results, nginx === undefined ? [NGINX] : []);
    } finally {
      await servers.end();
      await rm(directory, { recursive: true, force: true });
    }
  },
});

/** Runs every case of every system once a round; who begins goes round. */
async function measured(
  servers: Servers,
  site: SampleSite,
  plan: { rounds: number; seconds: number; wrk: string; directory: string },
  { progress, signal }: BenchSetting,
): Promise<Results> {
  const { rounds, seconds, wrk: program, directory } = plan;
  const systems = [...servers.running];
  const results: Results = new Map(CASE_NAMES.map((name) => [name, new Map<System, LoadFigures[]>()]));
  for (let round = 0; round < rounds; round++) {
    for (const name of CASE_NAMES) {
      for (let turn = 0; turn < systems.length; turn++) {
        const [system, server] = systems[(turn + round) % systems.length] ?? [];
        if (system === undefined || server === undefined) continue;
        signal.throwIfAborted();
        const load = { program, requests: site.requests[name], directory, signal };
        const figures = await progress.task(
          `round ${round + 1} of ${rounds}: ${name}, ${system}`,
          async () => {
            await runLoad(server, { ...load, seconds: WARM_UP_SECONDS });
            return runLoad(server, { ...load, seconds });
          },
          ({ requestsPerSecond }) => `${figure(requestsPerSecond)} requests/s`,
        );
        const bySystem = results.get(name);
        bySystem?.set(system, [...(bySystem.get(system) ?? []), figures]);
      }
    }
  }
  return results;
}

function reportOf(results: Results, missing: readonly SystemProgram[]): BenchReport {
  const rows = CASE_NAMES.map((name) => {
    const of = (system: System, field: keyof LoadFigures): number =>
      median((results.get(name)?.get(system) ?? []).map((figures) => figures[field]));
    const rate = (system: System): number => of(system, 'requestsPerSecond');
    return { name, of, rate, ratio: rate('bcdn') / rate('nginx'), target: TARGETS[name] };
  });
  const byRound = (name: CaseName): Json =>
    (results.get(name)?.get('bcdn') ?? []).map(({ requestsPerSecond }, round) =>
      rounded(
        requestsPerSecond / (results.get(name)?.get('nginx')?.[round]?.requestsPerSecond ?? Number.NaN),
      ),
    );
  return {
    figures: {
      results: rows.map(({ name, of, rate, ratio, target }) => ({
        case: name,
        nginx: rounded(rate('nginx')),
        bcdn: rounded(rate('bcdn')),
        ratio: rounded(ratio),
        ratioByRound: byRound(name),
        target: target === undefined ? null : { ratio: target, met: ratio >= target },
        node: rounded(rate('node')),
        nodeRatio: rounded(rate('node') / rate('nginx')),
        mbPerSecond: systemsOf(of, 'bytesPerSecond', 1e-6),
        cpuUsPerRequest: systemsOf(of, 'cpuUsPerRequest', 1),
        p50Us: systemsOf(of, 'p50Us', 1),
        p99Us: systemsOf(of, 'p99Us', 1),
      })),
      counted: 'requests answered a second; 16 connections of wrk with one thread; medians over the rounds',
      absent: absentPrograms(missing),
    },
    tables: [
      {
        title: 'Requests a second, and processor time of the server for each (goals in brackets)',
        columns: ['', 'nginx', 'bcdn', 'ratio', 'bare Node', 'nginx µs', 'bcdn µs', 'Node µs'],
        rows: rows.map(({ name, of, rate, ratio, target }) => [
          target === undefined ? name : `${name} (≥ ${target})`,
          figure(rate('nginx')),
          figure(rate('bcdn')),
          figure(ratio),
          figure(rate('node')),
          ...(['nginx', 'bcdn', 'node'] as const).map((system) => figure(of(system, 'cpuUsPerRequest'))),
        ]),
      },
    ],
  };
}

function systemsOf(
  of: (system: System, field: keyof LoadFigures) => number,
  field: keyof LoadFigures,
  factor: number,
): Json {
  return {
    nginx: rounded(of('nginx', field) * factor),
    bcdn: rounded(of('bcdn', field) * factor),
    node: rounded(of('node', field) * factor),
  };
}

/** Without the program that asks there is nothing to measure. */
function absent(missing: readonly SystemProgram[]): BenchReport {
  const says = missing.map((program) => [program.name, `apt-get install ${program.package}`]);
  return {
    figures: { results: [], absent: absentPrograms(missing) },
    tables: [{ title: 'Not installed: nothing was measured', columns: ['program', 'install'], rows: says }],
  };
}

function absentPrograms(missing: readonly SystemProgram[]): Json {
  return missing.map(({ name, package: debianPackage }) => ({ name, debianPackage }));
}
