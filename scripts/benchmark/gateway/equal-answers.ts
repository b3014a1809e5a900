import { hash } from 'node:crypto';

import { BenchError } from '../bench-error.ts';
import type { SiteRequest } from './sample-site.ts';

/** Requests that are compared at once. */
const LANES = 8;

/** Requests each answer of every origin once and compares status, length and bytes. @throws BenchError BENCH_RESULT_WRONG */
export async function requireEqualAnswers(
  origins: readonly string[],
  requests: readonly SiteRequest[],
): Promise<void> {
  const waiting = requests.values();
  const lane = async (): Promise<void> => {
    for (const request of waiting) await requireEqual(origins, request);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

async function requireEqual(origins: readonly string[], request: SiteRequest): Promise<void> {
  const answers = await Promise.all(origins.map(async (origin) => answerOf(origin, request)));
  if (new Set(answers).size <= 1) return;
  throw new BenchError('BENCH_RESULT_WRONG', {
    message: `${request.path} ${request.range ?? ''} is not the same everywhere: ${answers.join(', ')}.`,
    remedy: 'One of the servers is wrong: the figures would mean nothing.',
    values: { path: request.path },
  });
}

async function answerOf(origin: string, { path, range }: SiteRequest): Promise<string> {
  const response = await fetch(`${origin}${path}`, range === undefined ? {} : { headers: { range } });
  const body = new Uint8Array(await response.arrayBuffer());
  return `${response.status} ${body.length} ${hash('sha256', body)}`;
}
