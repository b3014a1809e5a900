import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { z } from 'zod';

import type { BenchSetting } from '../bench.ts';
import { BenchError } from '../bench-error.ts';
import { EdgeFleet } from './edge-fleet.ts';
import { sampleContent } from './sample-content.ts';

const FETCH = join(import.meta.dirname, 'fetch-process.ts');
const figuresSchema = z.object({ bytes: z.number(), seconds: z.number(), peakMiB: z.number() });

/** What one fetch of a large file into a file took. */
export type MemoryFigures = z.output<typeof figuresSchema>;

/** Fetches a file of so many MiB in a process of its own. @throws BenchError BENCH_PROCESS_FAILED */
export async function measurePeakMemory(
  mebibytes: number,
  plan: { readonly edges: number; readonly seed: number; readonly directory: string },
  { progress, signal }: BenchSetting,
): Promise<MemoryFigures> {
  const { edges, seed, directory } = plan;
  const content = await progress.task(`a file of ${mebibytes} MiB`, async () =>
    sampleContent(mebibytes, { seed, directory, signal }),
  );
  const fleet = await EdgeFleet.start(edges, content, join(directory, 'memory'));
  try {
    await fleet.prepare(Array.from({ length: edges }, () => 0));
    return await progress.task(
      'fetch it into a file',
      async () => fetched(fleet, join(directory, 'fetched'), signal),
      ({ peakMiB }) => `${peakMiB.toFixed(0)} MiB of memory at most`,
    );
  } finally {
    await fleet.end();
    await content.carFile.remove();
  }
}

async function fetched(fleet: EdgeFleet, path: string, signal: AbortSignal): Promise<MemoryFigures> {
  const child = spawn(process.execPath, [FETCH, fleet.content.root.toString(), fleet.marketplaceUrl, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
    signal,
  });
  const [said] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  await rm(path, { force: true });
  if (child.exitCode === 0) return figuresSchema.parse(JSON.parse(said));
  throw new BenchError('BENCH_PROCESS_FAILED', {
    message: `The fetch of the large file ended (${child.signalCode ?? child.exitCode}).`,
    remedy: 'See its last words above; check the space of the temporary directory.',
  });
}
