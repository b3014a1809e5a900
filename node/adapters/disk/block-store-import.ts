import type { CID } from 'multiformats/cid';

import { sha256 } from '../../../sdk/client/node-sha256.ts';
import { equalBytes } from '../../../sdk/protocol/bytes.ts';
import { cidOfContentRoot, verifyBlock } from '../../../sdk/protocol/content.ts';
import type { ContentTarget } from '../../core/storage/block-ports.ts';
import { StorageError } from '../../core/storage/storage-error.ts';
import type { CarReader } from './block-store-car.ts';

/** Blocks of a CAR that are being written at once: what an import holds in memory. */
const IMPORT_CONCURRENCY = 4;
/** Roots of a refused CAR that the refusal repeats. */
const MAX_ROOTS_SHOWN = 4;

/**
 * Verifies the blocks of a CAR one after the other and hands them on to be written, a few at a time.
 * @throws StorageError CAR_INVALID, CAR_TOO_LARGE, CAR_ROOT_WRONG, and whatever `store` throws
 * @throws ProtocolError BLOCK_HASH_MISMATCH
 */
export async function storeCar(
  reader: CarReader,
  target: ContentTarget,
  store: (cid: CID, bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  requireRoot(await reader.roots(), target);
  const writes = new Set<Promise<void>>();
  const failures: unknown[] = [];
  try {
    for await (const { cid, bytes } of reader.blocks()) {
      await verifyBlock(cid, bytes, sha256);
      const write = store(cid, bytes)
        .catch((error: unknown) => {
          failures.push(error);
        })
        .finally(() => writes.delete(write));
      writes.add(write);
      if (writes.size >= IMPORT_CONCURRENCY) await Promise.race(writes);
      if (failures.length > 0) break;
    }
  } finally {
    await Promise.all(writes);
  }
  if (failures.length > 0) throw failures[0];
}

function requireRoot(roots: readonly CID[], target: ContentTarget): void {
  const expected = cidOfContentRoot(target.root, target.codec);
  const isExpected = (root: CID): boolean =>
    root.code === expected.code && equalBytes(root.multihash.bytes, expected.multihash.bytes);
  if (roots.some(isExpected)) return;
  throw new StorageError('CAR_ROOT_WRONG', 'The CAR names another root than the request.', {
    values: { expected: target.root, roots: roots.slice(0, MAX_ROOTS_SHOWN).map(String).join(' ') },
    remedy: 'Send the CAR of the content that the upload authorisation names.',
  });
}
