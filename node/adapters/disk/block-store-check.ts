import type { BlockFiles, DigestHex } from './block-store-files.ts';
import type { BlockStoreIndex } from './block-store-index.ts';

/** What the start-up check mended. */
export interface Reconciliation {
  /** Torn or unindexed files that were removed. */
  readonly removedFiles: number;
  /** Blocks that the index knew and the disk had lost. */
  readonly lostBlocks: number;
}

/**
 * Makes files and index agree after a fall: a file of the wrong size or without a row goes, a row without
 * its file goes. Bytes are not read; `verify` does that.
 */
export async function reconcile(files: BlockFiles, index: BlockStoreIndex): Promise<Reconciliation> {
  let removedFiles = 0;
  const whole = new Set<DigestHex>();
  for await (const { digest, bytes } of files.list()) {
    if (index.bytesOf(digest) === bytes) {
      whole.add(digest);
      continue;
    }
    await files.remove(digest);
    removedFiles += 1;
  }
  const lost = [...index.blocks()].filter(({ digest }) => !whole.has(digest));
  index.atomically(() => {
    for (const { digest } of lost) index.dropBlock(digest);
  });
  return { removedFiles, lostBlocks: lost.length };
}

/**
 * Drops damaged blocks of a store that no node has open: file and row both, so that contents which need them count as
 * incomplete and are filled again.
 */
export async function dropBlocks(
  files: BlockFiles,
  index: BlockStoreIndex,
  digests: readonly DigestHex[],
): Promise<void> {
  index.atomically(() => {
    for (const digest of digests) index.dropBlock(digest);
  });
  for (const digest of digests) await files.remove(digest);
}
