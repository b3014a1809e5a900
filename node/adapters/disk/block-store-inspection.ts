import { DatabaseSync, type StatementSync } from 'node:sqlite';

import { bytesToHex, hexToBytes } from '../../../sdk/protocol/bytes.ts';
import { parseContentRoot, type ContentRoot } from '../../../sdk/protocol/identifiers.ts';
import { StorageError } from '../../core/storage/storage-error.ts';
import type { DigestHex } from './block-store-files.ts';
import { BLOCK_INDEX_VERSION, type IndexedBlock } from './block-store-index.ts';

const DIGEST_BYTES = 32;

/** Reads the index of a block store without changing it, beside the node that owns it if one runs. */
export class BlockStoreInspection {
  readonly #database: DatabaseSync;
  readonly #block: StatementSync;
  readonly #shard: StatementSync;
  readonly #contents: StatementSync;
  readonly #usage: StatementSync;

  /** @throws StorageError STORE_VERSION_UNKNOWN */
  constructor(path: string) {
    this.#database = new DatabaseSync(path, { readOnly: true });
    requireVersion(this.#database, path);
    this.#block = this.#database.prepare('SELECT bytes FROM blocks WHERE digest = ?');
    this.#shard = this.#database.prepare('SELECT digest, bytes FROM blocks WHERE digest BETWEEN ? AND ?');
    this.#contents = this.#database.prepare(
      'SELECT root FROM contents JOIN content_blocks ON content = id WHERE digest = ?',
    );
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
    return this.#contents
      .all(hexToBytes(`0x${digest}`))
      .map((row) => parseContentRoot(bytesToHex(row['root'] as Uint8Array)));
  }

  usage(): { readonly blocks: number; readonly bytes: number } {
    const row = this.#usage.get();
    return { blocks: Number(row?.['blocks'] ?? 0), bytes: Number(row?.['bytes'] ?? 0) };
  }
}

function requireVersion(database: DatabaseSync, path: string): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (version === BLOCK_INDEX_VERSION) return;
  database.close();
  throw new StorageError('STORE_VERSION_UNKNOWN', `The block index has version ${version}.`, {
    values: { path, version, known: BLOCK_INDEX_VERSION },
    remedy: 'Start the node once with this version of the program, then try again.',
  });
}
