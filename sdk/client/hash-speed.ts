import { hash } from 'node:crypto';

import { FAST_HASH_BYTES_PER_MS, HASH_SAMPLE_BYTES } from './client-limits.ts';

let fast: boolean | undefined;

/**
 * Whether hashing keeps up with receiving on one thread: with SHA instructions it does, and then it is cheaper than
 * handing blocks to another thread. Measured once, in about a millisecond.
 */
export function hashesFast(): boolean {
  if (fast !== undefined) return fast;
  const sample = Buffer.alloc(HASH_SAMPLE_BYTES);
  hash('sha256', sample, 'buffer');
  const startedMs = performance.now();
  hash('sha256', sample, 'buffer');
  fast = HASH_SAMPLE_BYTES / (performance.now() - startedMs) >= FAST_HASH_BYTES_PER_MS;
  return fast;
}
