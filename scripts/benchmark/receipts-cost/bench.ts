import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { CarIndexer } from '@ipld/car';

import { RAW_CODEC } from '../../../sdk/protocol/content.ts';
import { defineBench } from '../bench.ts';
import { BenchError } from '../bench-error.ts';
import { EdgeFleet } from '../sources/edge-fleet.ts';
import { sampleContent } from '../sources/sample-content.ts';
import { TaskProcess } from '../task-process/task-process.ts';
import { reportOf, type Run, type Runs } from './report.ts';
import { stepCosts } from './step-costs.ts';
import type { ViewerTasks } from './viewer-protocol.ts';

const MIB = 1_048_576;
const VIEWER = {
  path: join(import.meta.dirname, 'viewer-worker.ts'),
  name: 'The process of the viewer',
  relief: 'with fewer --blocks',
  timeoutMs: 300_000,
};

export const receiptsCost = defineBench({
  name: 'receipts-cost',
  summary: 'Throughput and processor time that grants and receipts cost an edge and its viewer.',
  options: {
    rounds: {
      description: 'of both cases, in turn; the medians are reported',
      fallback: 7,
      min: 1,
      max: 100,
    },
    blocks: { description: 'of 1 MiB that a run fetches', fallback: 1_024, min: 16, max: 1_000_000 },
    lanes: {
      description: 'blocks under way at once, each for a grant of its own',
      fallback: 4,
      min: 1,
      max: 64,
    },
    cap: {
      description: 'MB/s that the edge uploads at most, 125 for a link of 1 Gbit/s; 0 for no cap',
      fallback: 0,
      min: 0,
      max: 10_000,
    },
    mib: { description: 'of the content that they are of', fallback: 64, min: 1, max: 4_096 },
  },
  run: async ({ rounds, blocks, lanes, cap, mib }, { progress, signal }) => {
    const directory = await mkdtemp(join(tmpdir(), 'bcdn-bench-receipts-cost-'));
    const viewer = new TaskProcess<ViewerTasks>(VIEWER);
    let fleet: EdgeFleet | undefined;
    try {
      const content = await sampleContent(mib, { seed: 1, directory, signal });
      fleet = await EdgeFleet.start(1, content, directory);
      await fleet.prepare([cap * 1e6]);
      await viewer.ask('start', {
        ...{ marketplaceUrl: fleet.marketplaceUrl, origin: fleet.origins[0] ?? '' },
        ...{ root: content.root.toString(), cids: await leavesOf(content.carFile.path), lanes },
      });
      const parties = { fleet, viewer, blocks };
      await measure(parties, true);
      const runs: Record<keyof Runs, Run[]> = { paid: [], free: [] };
      for (let round = 0; round < rounds; round++) {
        // Who begins alternates, so that neither case always has the quieter machine.
        for (const paid of round % 2 === 0 ? [true, false] : [false, true]) {
          signal.throwIfAborted();
          const run = await progress.task(
            `round ${round + 1} of ${rounds}: ${paid ? 'with' : 'without'} grants and receipts`,
            async () => measure(parties, paid),
            ({ bytesPerSecond }) => `${(bytesPerSecond / 1e6).toFixed(0)} MB/s`,
          );
          runs[paid ? 'paid' : 'free'].push(run);
        }
      }
      return reportOf(runs, await progress.task('what each step costs', stepCosts));
    } finally {
      await viewer.end();
      await fleet?.end();
      await rm(directory, { recursive: true, force: true });
    }
  },
});

async function leavesOf(path: string): Promise<string[]> {
  const leaves: string[] = [];
  for await (const { cid } of await CarIndexer.fromIterable(createReadStream(path))) {
    if (cid.code === RAW_CODEC) leaves.push(cid.toString());
  }
  return leaves;
}

/** @throws BenchError BENCH_RESULT_WRONG if a run that is paid was not, or the other way round */
async function measure(
  { fleet, viewer, blocks }: { fleet: EdgeFleet; viewer: TaskProcess<ViewerTasks>; blocks: number },
  paid: boolean,
): Promise<Run> {
  const before = await fleet.meter();
  const { bytes, seconds, cpuSeconds } = await viewer.ask('fetch', { paid, blocks });
  const after = await fleet.meter();
  const served = after.servedBytes - before.servedBytes;
  if (served !== (paid ? bytes : 0)) {
    throw new BenchError('BENCH_RESULT_WRONG', {
      message: `Of ${bytes} bytes the edge counted ${served} as served for grants.`,
      remedy: 'This is a fault of the code, not of the machine.',
      values: { bytes, served },
    });
  }
  const msPerMiB = (cpu: number): number => (cpu * 1_000) / (bytes / MIB);
  return {
    bytesPerSecond: bytes / seconds,
    edgeCpuMsPerMiB: msPerMiB(after.cpuSeconds - before.cpuSeconds),
    servingCpuMsPerMiB: msPerMiB(after.servingSeconds - before.servingSeconds),
    viewerCpuMsPerMiB: msPerMiB(cpuSeconds),
  };
}
