import type { CID } from 'multiformats/cid';

import { ProtocolError } from '../../../sdk/protocol/errors.ts';
import { OriginError } from '../../core/origin/origin-error.ts';
import type { ContentTarget } from '../../core/storage/block-ports.ts';
import { shownUrl } from './origin-client.ts';

/** The block store as origins fill it. */
export interface OriginStore {
  /** Whether the block is stored. */
  has(cid: CID): boolean;
  /** Verifies and stores a block. @throws ProtocolError BLOCK_HASH_MISMATCH; StorageError */
  put(target: ContentTarget, cid: CID, bytes: Uint8Array): Promise<void>;
  /** @throws StorageError QUOTA_EXCEEDED, DISK_FULL */
  requireRoom(bytes: number): Promise<void>;
}

/** Stores what an origin sent, if it is the block. @throws OriginError ORIGIN_BYTES_WRONG; StorageError */
export async function keepBlock(
  store: OriginStore,
  at: { readonly target: ContentTarget; readonly cid: CID; readonly url: string },
  bytes: Uint8Array,
): Promise<void> {
  try {
    await store.put(at.target, at.cid, bytes);
  } catch (cause) {
    if (!(cause instanceof ProtocolError) || cause.code !== 'BLOCK_HASH_MISMATCH') throw cause;
    throw new OriginError('ORIGIN_BYTES_WRONG', 'The origin sent bytes that are not those of the content.', {
      values: { url: shownUrl(at.url), cid: at.cid.toString() },
      remedy: 'The publisher puts the published file back, or publishes the new one.',
      cause,
    });
  }
}

/** Waits for work that goes on when the waiting one leaves. @throws the signal's reason */
export async function waitFor(work: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const left = Promise.withResolvers<never>();
  const leave = (): void => left.reject(signal.reason as Error);
  signal.addEventListener('abort', leave, { once: true });
  try {
    await Promise.race([work, left.promise]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
