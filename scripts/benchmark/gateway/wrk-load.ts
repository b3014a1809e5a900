import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { z } from 'zod';

import { BenchError } from '../bench-error.ts';
import type { SiteRequest } from './sample-site.ts';

const SCRIPT = join(import.meta.dirname, 'served-load.lua');
const CONNECTIONS = 16;
/** What the kernel counts processor time of processes in. */
const TICKS_PER_SECOND = 100;

const reportSchema = z.object({
  requests: z.number(),
  microseconds: z.number(),
  bytes: z.number(),
  failed: z.number(),
  p50Us: z.number(),
  p99Us: z.number(),
});

/** What one run of a load measured. */
export interface LoadFigures {
  readonly requestsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Processor time of the server for one request; NaN where the kernel does not tell. */
  readonly cpuUsPerRequest: number;
}

export interface Load {
  readonly program: string;
  readonly requests: readonly SiteRequest[];
  readonly seconds: number;
  /** Folder for the list of requests. */
  readonly directory: string;
  readonly signal: AbortSignal;
}

/** Asks for the requests in turn, over and over, on 16 kept connections by one thread. @throws BenchError BENCH_RESULT_WRONG */
export async function runLoad(
  server: { readonly origin: string; readonly processId: number },
  { program, requests, seconds, directory, signal }: Load,
): Promise<LoadFigures> {
  const list = join(directory, 'requests.txt');
  await writeFile(list, requests.map(({ path, range }) => `${path}\t${range ?? ''}\n`).join(''));
  const cpuBefore = cpuSeconds(server.processId);
  const child = spawn(
    program,
    ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-s', SCRIPT, server.origin, '--', list],
    { stdio: ['ignore', 'pipe', 'inherit'], signal },
  );
  const [said] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  const cpu = cpuSeconds(server.processId) - cpuBefore;
  const json = said.split('\n').findLast((line) => line.startsWith('{'));
  const report = reportSchema.safeParse(json === undefined ? undefined : JSON.parse(json));
  if (!report.success || report.data.requests === 0 || report.data.failed > 0)
    throw failed(server.origin, said);
  const { data } = report;
  return {
    requestsPerSecond: (data.requests * 1e6) / data.microseconds,
    bytesPerSecond: (data.bytes * 1e6) / data.microseconds,
    p50Us: data.p50Us,
    p99Us: data.p99Us,
    cpuUsPerRequest: (cpu * 1e6) / data.requests,
  };
}

/** Processor time that a process has taken, by the kernel's own count; NaN where there is no /proc. */
function cpuSeconds(processId: number): number {
  try {
    const fields = readFileSync(`/proc/${processId}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return Number.NaN;
  }
}

function failed(origin: string, said: string): BenchError {
  return new BenchError('BENCH_RESULT_WRONG', {
    message: `Requests to ${origin} failed.\n${said}`,
    remedy: 'Run it again on a quieter machine.',
  });
}
