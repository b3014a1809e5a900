import { S3Fifo } from '../../core/storage/s3-fifo.ts';
import { StorageError } from '../../core/storage/storage-error.ts';
import {
  chargedBytes,
  quotaExceeded,
  StorageQuota,
  type QuotaReservation,
} from '../../core/storage/storage-quota.ts';

const MIB = 1024 * 1024;
/** Left free on the file system whatever the quota says: the journal and the index need room too. */
const DISK_RESERVE_BYTES = 64 * MIB;

/** The room of a block store: its quota, and the unpinned blocks that it gives up for others. */
export class StoreRoom {
  /** Unpinned blocks, by what they are charged. */
  readonly evictable = new S3Fifo();
  quota: StorageQuota;
  readonly #freeDiskBytes: () => Promise<number>;

  /** @param options.freeDiskBytes room on the file system */
  constructor(options: { readonly quotaBytes: number; readonly freeDiskBytes: () => Promise<number> }) {
    this.quota = new StorageQuota({ limitBytes: options.quotaBytes });
    this.#freeDiskBytes = options.freeDiskBytes;
  }

  /** Begins with what is stored already. */
  begin(usedBytes: number): void {
    this.quota = new StorageQuota({ limitBytes: this.quota.limitBytes, usedBytes });
  }

  /** Checks before a byte arrives whether a content of this size can be stored. @throws StorageError QUOTA_EXCEEDED, DISK_FULL */
  async require(bytes: number): Promise<void> {
    const needBytes = chargedBytes(bytes);
    this.#requireQuota(needBytes);
    const freeDiskBytes = await this.#freeDiskBytes();
    if (freeDiskBytes + this.evictable.bytes < needBytes + DISK_RESERVE_BYTES) {
      throw new StorageError('DISK_FULL', 'The file system has too little room for the content.', {
        values: { needBytes, freeDiskBytes, reserveBytes: DISK_RESERVE_BYTES },
        remedy: 'Free space on the disk of the data directory.',
      });
    }
  }

  /** Reserves room, giving up unpinned blocks if need be. @throws StorageError QUOTA_EXCEEDED */
  async make(bytes: number, giveUp: (key: string) => Promise<void>): Promise<QuotaReservation> {
    this.#requireQuota(bytes);
    while (this.quota.freeBytes < bytes) {
      const victim = this.evictable.evict();
      if (victim === undefined) break;
      await giveUp(victim);
    }
    return this.quota.reserve(bytes);
  }

  #requireQuota(needBytes: number): void {
    if (this.quota.couldHold(needBytes, this.evictable.bytes)) return;
    throw quotaExceeded(needBytes, this.quota.freeBytes + this.evictable.bytes, this.quota.limitBytes);
  }
}
