import type { DatabaseSync, StatementSync } from 'node:sqlite';

import { bytesToHex, hexToBytes } from '../../../sdk/protocol/bytes.ts';
import { parseContentRoot, type ContentRoot } from '../../../sdk/protocol/identifiers.ts';
import type { DigestHex } from './block-store-files.ts';
import { BLOCK_INDEX_VERSION, INDEX_QUESTIONS, type IndexedBlock } from './block-store-index.ts';
import { inspectVersionedDatabase } from './versioned-database.ts';

const DIGEST_BYTES = 32;
/** The index is locked only while the owner opens or closes it. */
const INDEX_BUSY_MS = 1_000;

/**
 * Reads the index of a block store without changing it, beside the process that owns it if one runs: every answer is by the
 * newest committed index (SQLite in WAL mode).
 */
export class BlockStoreInspection {
  readonly #database: DatabaseSync;
  readonly #block: StatementSync;
  readonly #linked: StatementSync;
  readonly #complete: StatementSync;
  readonly #roots: StatementSync;
  readonly #shard: StatementSync;
  readonly #usage: StatementSync;

  /** @throws StorageError STORE_VERSION_UNKNOWN */
  constructor(path: string) {
    this.#database = inspectVersionedDatabase(path, { known: BLOCK_INDEX_VERSION, busyMs: INDEX_BUSY_MS });
    this.#block = this.#database.prepare(INDEX_QUESTIONS.blockBytes);
    this.#linked = this.#database.prepare(INDEX_QUESTIONS.linked);
    this.#complete = this.#database.prepare(INDEX_QUESTIONS.isComplete);
    this.#roots = this.#database.prepare(INDEX_QUESTIONS.rootsOf);
    this.#shard = this.#database.prepare('SELECT digest, bytes FROM blocks WHERE digest BETWEEN ? AND ?');
    this.#usage = this.#database.prepare(
      'SELECT COUNT(*) AS blocks, COALESCE(SUM(bytes), 0) AS bytes FROM blocks',
    );
  }

  close(): void {
    this.#database.close();
  }

  bytesOf(digest: DigestHex): number | undefined {
    const row = this.#block.get(hexToBytes(`0x${digest}`));
    return row === undefined ? undefined : Number(row['bytes']);
  }

  contains(root: ContentRoot, digest: DigestHex): boolean {
    return this.#linked.get(hexToBytes(root), hexToBytes(`0x${digest}`)) !== undefined;
  }

  isComplete(root: ContentRoot): boolean {
    return Number(this.#complete.get(hexToBytes(root))?.['complete'] ?? 0) === 1;
  }

  /** Blocks whose digest begins with this byte: read at once, so that no long read keeps the log of the index growing. */
  blocksOfShard(firstByte: number): IndexedBlock[] {
    const lowest = new Uint8Array(DIGEST_BYTES);
    const highest = new Uint8Array(DIGEST_BYTES).fill(0xff);
    lowest[0] = highest[0] = firstByte;
    return this.#shard.all(lowest, highest).map((row) => ({
      digest: bytesToHex(row['digest'] as Uint8Array).slice(2),
      bytes: Number(row['bytes']),
    }));
  }

  /** Contents that need a block. */
  contentsOf(digest: DigestHex): ContentRoot[] {
    return this.#roots
      .all(hexToBytes(`0x${digest}`))
      .map((row) => parseContentRoot(bytesToHex(row['root'] as Uint8Array)));
  }

  usage(): { readonly blocks: number; readonly bytes: number } {
    const row = this.#usage.get();
    return { blocks: Number(row?.['blocks'] ?? 0), bytes: Number(row?.['bytes'] ?? 0) };
  }
}
