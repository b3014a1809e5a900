import type { CID } from 'multiformats/cid';

import type { Clock } from '../../adapters/clock/system-clock.ts';
import type { Standing } from '../../core/cooperation-group/group-ports.ts';
import type { BlockReader } from '../../core/storage/block-ports.ts';
import { borrowBlock } from '../../core/storage/borrowed-block.ts';

/** What an uplink without a cap is taken for: 1 Gbit/s. */
const ASSUMED_UPLINK_BYTES_PER_SECOND = 125_000_000;
/** Load of a node that can take no more. */
const FULL_LOAD = 254;
/** What a node says of itself that is to be passed by. */
export const FULL_STANDING: Standing = { load: FULL_LOAD, freeKiBps: 0 };
/** Shorter spans say more about the moment than about the load. */
const MIN_SPAN_MS = 500;
const KIB = 1_024;

/** How busy this node is: the share of its uplink or of its event loop, whichever is larger. */
export class ServingLoad {
  readonly #clock: Clock;
  readonly #busyShare: () => number;
  readonly #uplinkBytesPerSecond: number;
  #spanBytes = 0;
  #spanStartMs: number;
  #standing: Standing;

  /**
   * @param components `busyShare`: the share of time since the last call that the process was busy, 0 to 1
   * @param options `uploadCap`: bytes per second that the operator allows
   */
  constructor(
    components: { readonly clock: Clock; readonly busyShare: () => number },
    options: { readonly uploadCap: number | undefined },
  ) {
    this.#clock = components.clock;
    this.#busyShare = components.busyShare;
    this.#uplinkBytesPerSecond = options.uploadCap ?? ASSUMED_UPLINK_BYTES_PER_SECOND;
    this.#spanStartMs = components.clock.nowMs();
    this.#standing = { load: 0, freeKiBps: Math.floor(this.#uplinkBytesPerSecond / KIB) };
  }

  /** The same blocks; what is read counts as sent. */
  metered(reader: BlockReader): BlockReader {
    return {
      sizeOf: (cid: CID) => reader.sizeOf(cid),
      get: async (cid: CID) => {
        const block = await reader.get(cid);
        this.sent(block?.length ?? 0);
        return block;
      },
      borrow: async (cid, span) => {
        const loan = await borrowBlock(reader, cid, span);
        this.sent(loan?.bytes.length ?? 0);
        return loan;
      },
    };
  }

  /** Counts bytes that another process of this node sent. */
  sent(bytes: number): void {
    this.#spanBytes += bytes;
  }

  /** Since the last call that lies half a second back or more. */
  standing(): Standing {
    const nowMs = this.#clock.nowMs();
    const spanMs = nowMs - this.#spanStartMs;
    if (spanMs < MIN_SPAN_MS) return this.#standing;
    const bytesPerSecond = (this.#spanBytes * 1_000) / spanMs;
    this.#spanBytes = 0;
    this.#spanStartMs = nowMs;
    const share = Math.min(1, Math.max(bytesPerSecond / this.#uplinkBytesPerSecond, this.#busyShare()));
    this.#standing = {
      load: Math.round(share * FULL_LOAD),
      freeKiBps: Math.floor(((1 - share) * this.#uplinkBytesPerSecond) / KIB),
    };
    return this.#standing;
  }
}
