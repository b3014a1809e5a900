import type { CID } from 'multiformats/cid';
import { pause } from '../adapters/chain/chain-follower.ts';
import type { Clock } from '../adapters/clock/system-clock.ts';
import type { BlockReader } from '../core/storage/block-ports.ts';

/** Bytes that may leave in one burst: what the cap allows in this time. */
const BURST_MS = 1_000;

/** Holds blocks back so that no more bytes a second leave than the operator allows. */
export function cappedReader(
  reader: BlockReader,
  options: { bytesPerSecond: number | undefined; clock: Clock; signal: AbortSignal },
): BlockReader {
  const { bytesPerSecond, clock, signal } = options;
  if (bytesPerSecond === undefined) return reader;
  let freeAtMs = 0;
  return {
    sizeOf: (cid) => reader.sizeOf(cid),
    get: async (cid: CID) => {
      const block = await reader.get(cid);
      if (block === undefined) return undefined;
      const now = clock.nowMs();
      freeAtMs = Math.max(freeAtMs, now - BURST_MS) + (block.length / bytesPerSecond) * 1000;
      if (freeAtMs > now) await pause(freeAtMs - now, signal);
      return block;
    },
  };
}
