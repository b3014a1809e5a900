import { sha256Hex } from '../../../sdk/client/node-sha256.ts';
import { StorageError } from '../../core/storage/storage-error.ts';
import { BLOCK_SHARDS, type BlockFiles, type DigestHex } from './block-store-files.ts';
import type { BlockStoreInspection } from './block-store-inspection.ts';

/**
 * What is wrong with a block: `torn` has not the size that it should have, `corrupt` not the bytes (or cannot be read),
 * `missing` has no file, `unindexed` is a file that the index does not know.
 */
export type BlockDamage = 'torn' | 'corrupt' | 'missing' | 'unindexed';

export interface DamagedBlock {
  readonly digest: DigestHex;
  readonly damage: BlockDamage;
}

export interface AuditProgress {
  readonly checkedBlocks: number;
  readonly checkedBytes: number;
  /** As the index told at the beginning. */
  readonly totalBlocks: number;
  readonly totalBytes: number;
}

export interface AuditOptions {
  readonly signal: AbortSignal;
  /** How often a damage is looked at before it is believed: a running node stores and evicts meanwhile. @default 1 */
  readonly looks?: number;
  /** Between two looks. */
  readonly beforeNextLook?: () => Promise<void>;
  /** After each block, so that a running node is left its share of disk and processor. */
  readonly afterBlock?: () => Promise<void>;
  readonly onProgress?: (progress: AuditProgress) => void;
  /** The damage of one folder of the store, when all its blocks are checked. */
  readonly onDamage: (damaged: readonly DamagedBlock[]) => Promise<void>;
}

/**
 * Hashes every stored block, folder by folder, with one block and the names of one folder in memory. Changes nothing.
 * @throws what `signal` is aborted with; StorageError DISK_FAILED when a folder cannot be read
 */
export async function auditBlocks(
  parts: { readonly files: BlockFiles; readonly index: BlockStoreInspection },
  options: AuditOptions,
): Promise<AuditProgress> {
  const { blocks: totalBlocks, bytes: totalBytes } = parts.index.usage();
  const progress = { checkedBlocks: 0, checkedBytes: 0, totalBlocks, totalBytes };
  for (let shard = 0; shard < BLOCK_SHARDS; shard++) {
    const suspects: DigestHex[] = [];
    const indexed = new Set<DigestHex>();
    for (const { digest, bytes } of parts.index.blocksOfShard(shard)) {
      options.signal.throwIfAborted();
      indexed.add(digest);
      if ((await damageOf(parts.files, digest, bytes)) !== undefined) suspects.push(digest);
      progress.checkedBlocks += 1;
      progress.checkedBytes += bytes;
      options.onProgress?.(progress);
      await options.afterBlock?.();
    }
    const unknown = (await parts.files.namesOf(shard)).filter((digest) => !indexed.has(digest));
    const damaged = await confirm(parts, [...suspects, ...unknown], options);
    if (damaged.length > 0) await options.onDamage(damaged);
  }
  return progress;
}

/** Looks again at what seemed wrong, at index and file both. */
async function confirm(
  { files, index }: { readonly files: BlockFiles; readonly index: BlockStoreInspection },
  suspects: readonly DigestHex[],
  { looks = 1, beforeNextLook, signal }: AuditOptions,
): Promise<DamagedBlock[]> {
  let damaged: DamagedBlock[] = [];
  let left = suspects;
  for (let look = 0; look < looks && left.length > 0; look++) {
    if (look > 0) await beforeNextLook?.();
    damaged = [];
    for (const digest of left) {
      signal.throwIfAborted();
      const damage = await damageOf(files, digest, index.bytesOf(digest));
      if (damage !== undefined) damaged.push({ digest, damage });
    }
    left = damaged.map(({ digest }) => digest);
  }
  return damaged;
}

/** What is wrong with a block, as the index (undefined: it is not in it) and the disk tell now. */
export async function damageOf(
  files: BlockFiles,
  digest: DigestHex,
  indexedBytes: number | undefined,
): Promise<BlockDamage | undefined> {
  const fileBytes = await files.sizeOf(digest);
  if (indexedBytes === undefined) return fileBytes === undefined ? undefined : 'unindexed';
  if (fileBytes === undefined) return 'missing';
  // A file of another size is not read: it may be of any size.
  if (fileBytes !== indexedBytes) return 'torn';
  let bytes: Uint8Array | undefined;
  try {
    bytes = await files.read(digest);
  } catch (error) {
    // A sector that cannot be read is what this is to find.
    if (error instanceof StorageError) return 'corrupt';
    throw error;
  }
  if (bytes === undefined) return 'missing';
  return sha256Hex(bytes) === digest ? undefined : 'corrupt';
}
