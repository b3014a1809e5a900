import type { CID } from 'multiformats/cid';
import { pause } from '../../sdk/pacing/pause.ts';
import type { Clock } from '../adapters/clock/system-clock.ts';
import type { BlockReader } from '../core/storage/block-ports.ts';
import { borrowBlock, loanAfter } from '../core/storage/borrowed-block.ts';

/** Bytes that may leave in one burst: what the cap allows in this time. */
export const BURST_MS = 1_000;

/** Waits until so many more bytes may leave. */
export type UploadPace = (bytes: number) => Promise<void>;

export interface UploadPaceOptions {
  readonly bytesPerSecond: number | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The pace of an uplink that the operator caps; undefined without a cap. All that sends waits on the same one. */
export function uploadPace(options: UploadPaceOptions): UploadPace | undefined {
  const { bytesPerSecond, clock, signal } = options;
  if (bytesPerSecond === undefined) return undefined;
  let freeAtMs = 0;
  return async (bytes) => {
    const now = clock.nowMs();
    freeAtMs = Math.max(freeAtMs, now - BURST_MS) + (bytes / bytesPerSecond) * 1000;
    if (freeAtMs > now) await pause(freeAtMs - now, signal);
  };
}

/** Holds blocks back so that no more bytes a second leave than the operator allows. */
export function cappedReader(reader: BlockReader, options: UploadPaceOptions): BlockReader {
  return pacedReader(reader, uploadPace(options));
}

/** Holds blocks back until their pace allows them. */
export function pacedReader(reader: BlockReader, pace: UploadPace | undefined): BlockReader {
  if (pace === undefined) return reader;
  return {
    sizeOf: (cid) => reader.sizeOf(cid),
    get: async (cid: CID) => {
      const block = await reader.get(cid);
      if (block !== undefined) await pace(block.length);
      return block;
    },
    borrow: async (cid, span) => {
      const loan = await borrowBlock(reader, cid, span);
      return loan && loanAfter(loan, () => pace(loan.bytes.length));
    },
  };
}
