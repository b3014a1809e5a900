import type { TransitBuffer } from '../../core/carriage/transit-buffer.ts';
import type { BlockReader } from '../../core/storage/block-ports.ts';
import { borrowBlock } from '../../core/storage/borrowed-block.ts';
import { cappedReader, type UploadPaceOptions } from '../upload-cap.ts';

const PERCENT = 100;

/** How much of the uplink is lent. */
export interface LentShare extends UploadPaceOptions {
  /** The operator's upload cap in `bytesPerSecond`, and the share of it that is lent, percent. */
  readonly sharePercent: number;
}

/**
 * What is stored, at once; behind it what is in transit, at the lent share of the upload cap (node/core/carriage/SPEC.md,
 * rule 7). Without a cap there is none on the share either.
 */
export function lentBlocks(stored: BlockReader, transit: TransitBuffer, share: LentShare): BlockReader {
  const { bytesPerSecond: cap, sharePercent, ...when } = share;
  const lent = cappedReader(
    {
      get: (cid) => Promise.resolve(transit.get(cid.toString())),
      sizeOf: (cid) => Promise.resolve(transit.sizeOf(cid.toString())),
    },
    { ...when, bytesPerSecond: cap === undefined ? undefined : (cap * sharePercent) / PERCENT },
  );
  return {
    get: async (cid) => (await stored.get(cid)) ?? (await lent.get(cid)),
    borrow: async (cid, span) =>
      (await borrowBlock(stored, cid, span)) ?? (await borrowBlock(lent, cid, span)),
    sizeOf: async (cid) => (await stored.sizeOf(cid)) ?? (await lent.sizeOf(cid)),
  };
}
