import { StorageError } from './storage-error.ts';

/** Files occupy whole blocks of the file system: what a stored block is charged is rounded up to these. */
export const DISK_BLOCK_BYTES = 4096;

/** What storing `bytes` takes from the quota. */
export function chargedBytes(bytes: number): number {
  return Math.ceil(bytes / DISK_BLOCK_BYTES) * DISK_BLOCK_BYTES;
}

/** Room set aside before a write: becomes used by commit, or free again by release. Either counts once. */
export interface QuotaReservation {
  readonly bytes: number;
  commit(): void;
  release(): void;
}

/** Hard limit of the disk a node uses: room is reserved before a byte is written. All figures are bytes. */
export class StorageQuota {
  readonly limitBytes: number;
  #usedBytes: number;
  #reservedBytes = 0;

  constructor(options: { limitBytes: number; usedBytes?: number }) {
    this.limitBytes = options.limitBytes;
    this.#usedBytes = options.usedBytes ?? 0;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get reservedBytes(): number {
    return this.#reservedBytes;
  }

  get freeBytes(): number {
    return Math.max(0, this.limitBytes - this.#usedBytes - this.#reservedBytes);
  }

  /** Whether `bytes` would fit if everything that can be evicted were gone. */
  couldHold(bytes: number, evictableBytes: number): boolean {
    return bytes <= this.freeBytes + evictableBytes;
  }

  /** @throws StorageError QUOTA_EXCEEDED with what is needed and what is free */
  reserve(bytes: number): QuotaReservation {
    if (bytes > this.freeBytes) throw quotaExceeded(bytes, this.freeBytes, this.limitBytes);
    this.#reservedBytes += bytes;
    let open = true;
    const settle = (used: number): void => {
      if (!open) return;
      open = false;
      this.#reservedBytes -= bytes;
      this.#usedBytes += used;
    };
    return { bytes, commit: () => settle(bytes), release: () => settle(0) };
  }

  /** Gives back what a deleted block occupied. */
  free(bytes: number): void {
    this.#usedBytes = Math.max(0, this.#usedBytes - bytes);
  }
}

export function quotaExceeded(needBytes: number, freeBytes: number, limitBytes: number): StorageError {
  return new StorageError('QUOTA_EXCEEDED', `Storing needs ${needBytes} bytes, ${freeBytes} are free.`, {
    values: { needBytes, freeBytes, limitBytes },
    remedy: 'Raise the disk quota of this node, or end deals whose content is pinned here.',
  });
}
