import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { ContentRoot } from '../../../sdk/protocol/identifiers.ts';
import { auditBlocks, type AuditProgress, type DamagedBlock } from '../../adapters/disk/block-store-audit.ts';
import { dropBlocks } from '../../adapters/disk/block-store-check.ts';
import { BlockFiles, type DigestHex } from '../../adapters/disk/block-store-files.ts';
import { BlockStoreIndex } from '../../adapters/disk/block-store-index.ts';
import { BlockStoreInspection } from '../../adapters/disk/block-store-inspection.ts';
import type { Clock } from '../../adapters/clock/system-clock.ts';
import { DataDirLock } from '../config/data-dir-lock.ts';
import type { DataDir } from '../config/data-dir.ts';
import { askNode } from '../control/control-client.ts';
import { droppedDocument, MAX_DROPPED_AT_ONCE } from '../control/documents.ts';
import { NodeError } from '../node-error.ts';

/** Damaged blocks and contents that a report names; all are counted. */
export const MAX_LISTED_DAMAGES = 1_000;
/** Beside a running node a damage is believed when it is still there after so many looks … */
const LOOKS = 3;
/** … with this pause between two. */
const LOOK_PAUSE_MS = 250;
/** Beside a running node: pause after each block as a multiple of the time that it took, so that disk and processor are free
 * half of the time … */
const REST_SHARE = 1;
/** … and for so long at most, however slow the disk is. */
const MAX_REST_MS = 1_000;
/** A busy node looks at so many blocks in this time. */
const DROP_TIMEOUT_MS = 120_000;

export interface VerificationReport {
  /** Whether a node was running on the data directory. */
  readonly running: boolean;
  readonly checkedBlocks: number;
  readonly checkedBytes: number;
  readonly elapsedMs: number;
  readonly damage: Readonly<Record<DamagedBlock['damage'], number>>;
  /** The first of them. */
  readonly blocks: readonly DamagedBlock[];
  /** Contents that need damaged blocks, the first of them. */
  readonly contents: readonly ContentRoot[];
  /** Blocks that were dropped. */
  readonly repaired: number;
}

export interface VerificationOptions {
  readonly dataDir: DataDir;
  /** Drops what is damaged. */
  readonly repair: boolean;
  readonly clock: Clock;
  readonly pause: (ms: number) => Promise<void>;
  readonly onProgress: (progress: AuditProgress & { readonly elapsedMs: number }) => void;
  readonly signal: AbortSignal;
}

/** Drops blocks; says how many. */
type Drop = (digests: readonly DigestHex[]) => Promise<number>;

/**
 * Hashes every stored block of a data directory in this process, whether a node runs on it or not; what is damaged is
 * dropped by the node if one runs, so that index, quota and memory stay its own.
 *
 * @throws NodeError STORE_MISSING; StorageError; ControlFailure
 */
export async function verifyStore(options: VerificationOptions): Promise<VerificationReport> {
  const { content } = options.dataDir;
  const indexPath = join(content, 'index.sqlite');
  if (!existsSync(indexPath)) throw storeMissing(content);
  const lock = lockIfFree(options.dataDir);
  const files = new BlockFiles(content);
  let index: BlockStoreInspection | undefined;
  try {
    index = new BlockStoreInspection(indexPath);
    const running = lock === undefined;
    const drop: Drop = running
      ? (digests) => dropByNode(options.dataDir, digests)
      : (digests) => dropHere(files, indexPath, digests);
    return await audit({ files, index }, drop, { ...options, running });
  } finally {
    index?.close();
    lock?.release();
  }
}

async function audit(
  parts: { readonly files: BlockFiles; readonly index: BlockStoreInspection },
  drop: Drop,
  options: VerificationOptions & { readonly running: boolean },
): Promise<VerificationReport> {
  const { clock, running, signal } = options;
  const startedMs = clock.nowMs();
  const damage = { torn: 0, corrupt: 0, missing: 0, unindexed: 0 };
  const blocks: DamagedBlock[] = [];
  const contents = new Set<ContentRoot>();
  let repaired = 0;
  let sinceMs = startedMs;
  const rest = async (): Promise<void> => {
    const busyMs = clock.nowMs() - sinceMs;
    await options.pause(Math.min(MAX_REST_MS, busyMs * REST_SHARE));
    sinceMs = clock.nowMs();
  };
  const progress = await auditBlocks(parts, {
    signal,
    onProgress: (now) => options.onProgress({ ...now, elapsedMs: clock.nowMs() - startedMs }),
    onDamage: async (damaged) => {
      for (const block of damaged) {
        damage[block.damage] += 1;
        if (blocks.length < MAX_LISTED_DAMAGES) blocks.push(block);
        for (const root of parts.index.contentsOf(block.digest)) {
          if (contents.size < MAX_LISTED_DAMAGES) contents.add(root);
        }
      }
      if (options.repair) repaired += await drop(damaged.map(({ digest }) => digest));
    },
    ...(running
      ? { looks: LOOKS, beforeNextLook: () => options.pause(LOOK_PAUSE_MS), afterBlock: rest }
      : {}),
  });
  const { checkedBlocks, checkedBytes } = progress;
  const elapsedMs = clock.nowMs() - startedMs;
  return {
    running,
    checkedBlocks,
    checkedBytes,
    elapsedMs,
    damage,
    blocks,
    contents: [...contents],
    repaired,
  };
}

/** The lock of the data directory, or undefined when a node holds it. */
function lockIfFree(dataDir: DataDir): DataDirLock | undefined {
  try {
    return DataDirLock.acquire(dataDir);
  } catch (error) {
    if (error instanceof NodeError && error.code === 'DATA_DIR_IN_USE') return undefined;
    throw error;
  }
}

async function dropHere(
  files: BlockFiles,
  indexPath: string,
  digests: readonly DigestHex[],
): Promise<number> {
  const index = new BlockStoreIndex(indexPath);
  try {
    await dropBlocks(files, index, digests);
  } finally {
    index.close();
  }
  return digests.length;
}

/** The node looks again before it drops: it knows what it is writing. */
async function dropByNode(dataDir: DataDir, digests: readonly DigestHex[]): Promise<number> {
  let dropped = 0;
  for (let at = 0; at < digests.length; at += MAX_DROPPED_AT_ONCE) {
    const answer = await askNode({
      socket: dataDir.controlSocket,
      path: '/blocks/drop-damaged',
      body: { digests: digests.slice(at, at + MAX_DROPPED_AT_ONCE) },
      answer: droppedDocument,
      timeoutMs: DROP_TIMEOUT_MS,
    });
    dropped += answer.dropped.length;
  }
  return dropped;
}

function storeMissing(path: string): NodeError {
  return new NodeError('STORE_MISSING', {
    message: `There is no block store in ${path}.`,
    remedy: 'Give the --data-dir of a node that was started before.',
    values: { path },
  });
}
