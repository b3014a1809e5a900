import type { DatabaseSync, StatementSync } from 'node:sqlite';

import { bytesToHex, hexToBytes } from '../../../sdk/protocol/bytes.ts';
import { parseContentRoot, parseDealId } from '../../../sdk/protocol/identifiers.ts';
import type { ContentRoot, DealId } from '../../../sdk/protocol/identifiers.ts';
import type { ContentSummary, ContentTarget } from '../../core/storage/block-ports.ts';
import type { DigestHex } from './block-store-files.ts';
import { openVersionedDatabase } from './versioned-database.ts';

const SCHEMA = `
  CREATE TABLE blocks (
    digest BLOB PRIMARY KEY, bytes INTEGER NOT NULL, sequence INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE contents (
    id INTEGER PRIMARY KEY, root BLOB NOT NULL UNIQUE, codec INTEGER NOT NULL,
    complete INTEGER NOT NULL DEFAULT 0
  );
  CREATE TABLE content_blocks (
    content INTEGER NOT NULL, digest BLOB NOT NULL, reached INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (content, digest)
  ) WITHOUT ROWID;
  CREATE INDEX content_blocks_by_digest ON content_blocks (digest);
  CREATE TABLE pins (
    content INTEGER NOT NULL, deal BLOB NOT NULL, PRIMARY KEY (content, deal)
  ) WITHOUT ROWID;
`;

/** What each version added. */
const MIGRATIONS: readonly string[] = [
  SCHEMA,
  `CREATE TABLE content_tags (
    content INTEGER NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (tag, content)
  ) WITHOUT ROWID;`,
];

/** Version of the tables. */
export const BLOCK_INDEX_VERSION = MIGRATIONS.length;

/** What those ask too who only read the index (block-store-inspection.ts). */
export const INDEX_QUESTIONS = {
  blockBytes: 'SELECT bytes FROM blocks WHERE digest = ?',
  isComplete: 'SELECT complete FROM contents WHERE root = ?',
  linked: 'SELECT 1 AS found FROM content_blocks JOIN contents ON id = content WHERE root = ? AND digest = ?',
  rootsOf: 'SELECT root FROM contents JOIN content_blocks ON content = id WHERE digest = ?',
} as const;

const STATEMENTS = {
  ...INDEX_QUESTIONS,
  addBlock: 'INSERT OR IGNORE INTO blocks VALUES (?, ?, ?)',
  lastSequence: 'SELECT COALESCE(MAX(sequence), 0) AS last FROM blocks',
  dropBlock: 'DELETE FROM blocks WHERE digest = ?',
  allBlocks: 'SELECT digest, bytes FROM blocks ORDER BY sequence',
  usage: 'SELECT COUNT(*) AS blocks, COALESCE(SUM((bytes + 4095) / 4096 * 4096), 0) AS charged FROM blocks',
  contentId: 'SELECT id FROM contents WHERE root = ?',
  addContent: 'INSERT OR IGNORE INTO contents (root, codec) VALUES (?, ?)',
  dropContent: 'DELETE FROM contents WHERE id = ?',
  setComplete: 'UPDATE contents SET complete = ? WHERE id = ?',
  completeRoots: 'SELECT root FROM contents WHERE complete = 1 ORDER BY id DESC LIMIT ?',
  link: 'INSERT OR IGNORE INTO content_blocks (content, digest) VALUES (?, ?)',
  unreach: 'UPDATE content_blocks SET reached = 0 WHERE content = ?',
  reach: 'UPDATE content_blocks SET reached = 1 WHERE content = ? AND digest = ? AND reached = 0',
  unlinkUnreached: 'DELETE FROM content_blocks WHERE content = ? AND reached = 0',
  unlinkContent: 'DELETE FROM content_blocks WHERE content = ?',
  blocksOf: 'SELECT b.digest, b.bytes FROM content_blocks c JOIN blocks b USING (digest) WHERE content = ?',
  missing: `SELECT c.digest FROM content_blocks c LEFT JOIN blocks b USING (digest)
    WHERE c.content = ? AND b.digest IS NULL LIMIT ?`,
  missingCount: `SELECT COUNT(*) AS missing FROM content_blocks c LEFT JOIN blocks b USING (digest)
    WHERE c.content = ? AND b.digest IS NULL`,
  storedOf: `SELECT COUNT(*) AS blocks, COALESCE(SUM(b.bytes), 0) AS bytes FROM content_blocks c
    JOIN blocks b USING (digest) WHERE c.content = ?`,
  contentsOf: 'SELECT content FROM content_blocks WHERE digest = ?',
  orphans:
    'SELECT digest, bytes FROM blocks b WHERE NOT EXISTS (SELECT 1 FROM content_blocks c WHERE c.digest = b.digest)',
  pin: 'INSERT OR IGNORE INTO pins VALUES (?, ?)',
  unpin: 'DELETE FROM pins WHERE content = ? AND deal = ?',
  dropPins: 'DELETE FROM pins WHERE content = ?',
  pinsOf: 'SELECT deal FROM pins WHERE content = ?',
  isPinned:
    'SELECT 1 AS found FROM content_blocks c JOIN pins p ON p.content = c.content WHERE c.digest = ? LIMIT 1',
  exclusive: `SELECT b.digest, b.bytes FROM content_blocks c JOIN blocks b USING (digest)
    WHERE c.content = ?1 AND c.reached >= ?2 AND NOT EXISTS (
      SELECT 1 FROM content_blocks o WHERE o.digest = c.digest AND o.content <> ?1) LIMIT ?3`,
  tag: 'INSERT OR IGNORE INTO content_tags (content, tag) VALUES (?, ?)',
  tagCount: 'SELECT COUNT(*) AS tags FROM content_tags WHERE content = ?',
  tagged: 'SELECT root FROM content_tags JOIN contents ON id = content WHERE tag = ?',
  dropTags: 'DELETE FROM content_tags WHERE content = ?',
  contents: `SELECT id, root, codec, complete, COUNT(b.digest) AS blocks, COALESCE(SUM(b.bytes), 0) AS bytes
    FROM contents LEFT JOIN content_blocks c ON c.content = id LEFT JOIN blocks b USING (digest)
    GROUP BY id ORDER BY id`,
} as const;

/** A block as the index knows it. */
export interface IndexedBlock {
  readonly digest: DigestHex;
  readonly bytes: number;
}

/** Which blocks are stored, which contents they form, and which deals pin those: tables in SQLite. */
export class BlockStoreIndex {
  readonly #database: DatabaseSync;
  readonly #statements: Record<keyof typeof STATEMENTS, StatementSync>;
  #sequence = 0;

  /** @throws StorageError STORE_VERSION_UNKNOWN */
  constructor(path: string) {
    // NORMAL: a power cut may lose the newest rows, never the order; the start-up check mends that.
    this.#database = openVersionedDatabase(path, { migrations: MIGRATIONS, synchronous: 'NORMAL' });
    this.#database.exec('PRAGMA cache_size = -8192');
    this.#statements = prepareAll(this.#database);
    this.#sequence = Number(this.#statements.lastSequence.get()?.['last'] ?? 0);
  }

  close(): void {
    this.#database.close();
  }

  /** Runs changes that belong together. */
  atomically<T>(change: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = change();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  bytesOf(digest: DigestHex): number | undefined {
    const row = this.#statements.blockBytes.get(blob(digest));
    return row === undefined ? undefined : Number(row['bytes']);
  }

  usage(): { blocks: number; chargedBytes: number } {
    const row = this.#statements.usage.get();
    return { blocks: Number(row?.['blocks'] ?? 0), chargedBytes: Number(row?.['charged'] ?? 0) };
  }

  /** All blocks, oldest first. */
  *blocks(): Generator<IndexedBlock> {
    for (const row of this.#statements.allBlocks.iterate()) yield blockOf(row);
  }

  /** Number of the content, which is added when it is new. */
  openContent({ root, codec }: ContentTarget): number {
    this.#statements.addContent.run(blob(root), codec);
    return this.contentId(root) ?? 0;
  }

  contentId(root: ContentRoot): number | undefined {
    const row = this.#statements.contentId.get(blob(root));
    return row === undefined ? undefined : Number(row['id']);
  }

  addBlock(content: number, { digest, bytes }: IndexedBlock): void {
    this.#sequence += 1;
    this.#statements.addBlock.run(blob(digest), bytes, this.#sequence);
    this.#statements.link.run(content, blob(digest));
  }

  link(content: number, digest: DigestHex): void {
    this.#statements.link.run(content, blob(digest));
  }

  /** Forgets a block whose bytes are gone: contents that need it are no longer complete. */
  dropBlock(digest: DigestHex): void {
    this.#statements.dropBlock.run(blob(digest));
    for (const row of this.#statements.contentsOf.all(blob(digest))) {
      this.#statements.setComplete.run(0, Number(row['content']));
    }
  }

  contains(root: ContentRoot, digest: DigestHex): boolean {
    return this.#statements.linked.get(blob(root), blob(digest)) !== undefined;
  }

  isComplete(root: ContentRoot): boolean {
    return Number(this.#statements.isComplete.get(blob(root))?.['complete'] ?? 0) === 1;
  }

  beginWalk(content: number): void {
    this.#statements.unreach.run(content);
  }

  /** Marks a block as part of the content; false when it was marked before. Unknown blocks are linked. */
  reach(content: number, digest: DigestHex): boolean {
    this.#statements.link.run(content, blob(digest));
    return Number(this.#statements.reach.run(content, blob(digest)).changes) === 1;
  }

  /** Ends a walk that found everything: what it did not reach is no part of the content. */
  complete(content: number): void {
    this.#statements.unlinkUnreached.run(content);
    this.#statements.setComplete.run(1, content);
  }

  dropContent(content: number): void {
    this.#statements.dropPins.run(content);
    this.#statements.dropTags.run(content);
    this.#statements.unlinkContent.run(content);
    this.#statements.dropContent.run(content);
  }

  blocksOf(content: number): IndexedBlock[] {
    return this.#statements.blocksOf.all(content).map(blockOf);
  }

  /** Blocks that are known to be part of the content and are not stored, at most `limit`, and how many there are. */
  missingOf(content: number, limit: number): DigestHex[] {
    return this.#statements.missing
      .all(content, limit)
      .map((row) => bytesToHex(row['digest'] as Uint8Array).slice(2));
  }

  missingCount(content: number): number {
    return Number(this.#statements.missingCount.get(content)?.['missing'] ?? 0);
  }

  /** Blocks of the content that are stored. */
  storedOf(content: number): { readonly blocks: number; readonly bytes: number } {
    const row = this.#statements.storedOf.get(content);
    return { blocks: Number(row?.['blocks'] ?? 0), bytes: Number(row?.['bytes'] ?? 0) };
  }

  /** Blocks that belong to no content. */
  orphans(): IndexedBlock[] {
    return this.#statements.orphans.all().map(blockOf);
  }

  /** Contents that a block is part of. */
  rootsOf(digest: DigestHex): ContentRoot[] {
    return this.#statements.rootsOf.all(blob(digest)).map(rootOf);
  }

  /** Blocks of the content that no other one needs, at most `limit`; only those that the last walk reached if it says so. */
  exclusiveBlocks(content: number, options: { reachedOnly: boolean; limit: number }): IndexedBlock[] {
    const { reachedOnly, limit } = options;
    return this.#statements.exclusive.all(content, reachedOnly ? 1 : 0, limit).map(blockOf);
  }

  markIncomplete(content: number): void {
    this.#statements.setComplete.run(0, content);
  }

  /** Gives a content a tag, unless it has `maxTags` already. */
  tag(content: number, tag: string, maxTags: number): void {
    const tags = Number(this.#statements.tagCount.get(content)?.['tags'] ?? 0);
    if (tags < maxTags) this.#statements.tag.run(content, tag);
  }

  tagged(tag: string): ContentRoot[] {
    return this.#statements.tagged.all(tag).map(rootOf);
  }

  pin(content: number, deal: DealId): void {
    this.#statements.pin.run(content, blob(deal));
  }

  unpin(content: number, deal: DealId): void {
    this.#statements.unpin.run(content, blob(deal));
  }

  isPinned(digest: DigestHex): boolean {
    return this.#statements.isPinned.get(blob(digest)) !== undefined;
  }

  /** Complete contents, the newest first. */
  completeRoots(limit: number): ContentRoot[] {
    return this.#statements.completeRoots.all(limit).map(rootOf);
  }

  contents(): ContentSummary[] {
    return this.#statements.contents.all().map((row) => ({
      root: rootOf(row),
      codec: Number(row['codec']),
      complete: Number(row['complete']) === 1,
      bytes: Number(row['bytes']),
      blocks: Number(row['blocks']),
      pinnedBy: this.#statements.pinsOf
        .all(Number(row['id']))
        .map((pin) => parseDealId(bytesToHex(pin['deal'] as Uint8Array))),
    }));
  }
}

function prepareAll(database: DatabaseSync): Record<keyof typeof STATEMENTS, StatementSync> {
  const prepared: Partial<Record<keyof typeof STATEMENTS, StatementSync>> = {};
  for (const [name, sql] of Object.entries(STATEMENTS)) {
    prepared[name as keyof typeof STATEMENTS] = database.prepare(sql);
  }
  return prepared as Record<keyof typeof STATEMENTS, StatementSync>;
}

function blob(hex: string): Uint8Array {
  return hexToBytes(hex.startsWith('0x') ? hex : `0x${hex}`);
}

function rootOf(row: Record<string, unknown>): ContentRoot {
  return parseContentRoot(bytesToHex(row['root'] as Uint8Array));
}

function blockOf(row: Record<string, unknown>): IndexedBlock {
  return { digest: bytesToHex(row['digest'] as Uint8Array).slice(2), bytes: Number(row['bytes']) };
}
