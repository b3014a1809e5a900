import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

import { bytesToHex, equalBytes } from '../protocol/bytes.ts';
import { JOURNAL_SYNC_BYTES, MAX_JOURNAL_BYTES } from './client-limits.ts';

const MAGIC = 'bcdnpart';
const VERSION = 1;
/** Magic, version, inode of the part, CRC-32 of these. */
const HEADER_BYTES = 24;
/** Offset (8), length (4), digest (32), CRC-32 of these (4); numbers are big-endian. */
const RECORD_BYTES = 48;
const DIGEST_BYTES = 32;

interface Leaf {
  readonly offset: number;
  readonly length: number;
  readonly digest: Uint8Array;
}

/**
 * What is known of a partly downloaded file: which blocks were verified, written and synced, by offset and digest.
 *
 * A record is written only after the bytes that it names were synced to the disk, so it holds after a kill and after a
 * power cut; what came after the last sync proves itself by its hash. A journal of another file, a torn or changed
 * record and everything behind it, and records of bytes that are not there are dropped: those bytes are verified again.
 */
export class DownloadJournal {
  readonly #part: FileHandle;
  readonly #file: FileHandle;
  readonly #known: ReadonlyMap<number, Leaf>;
  #end: number;
  #waiting: Leaf[] = [];
  #waitingBytes = 0;
  /** The newest sync, or the one that failed: nothing is recorded after that. */
  #syncing: Promise<void> | undefined;

  /**
   * Opens the journal of a part, and reads it if `resume` is set and it is good.
   * @throws what the file system throws
   */
  static async open(path: string, part: FileHandle, resume: boolean): Promise<DownloadJournal> {
    const { ino, size } = await part.stat({ bigint: true });
    const file = await open(path, resume ? 'a+' : 'w+');
    await file.close();
    const journal = await open(path, 'r+');
    const leaves = resume ? await read(journal, ino, Number(size)) : [];
    const good = await spotChecked(part, leaves);
    const end = HEADER_BYTES + good.length * RECORD_BYTES;
    if (good.length === 0) await writeAt(journal, header(ino), 0);
    await journal.truncate(end);
    return new DownloadJournal({ part, file: journal, leaves: good, end });
  }

  private constructor(opened: { part: FileHandle; file: FileHandle; leaves: readonly Leaf[]; end: number }) {
    this.#part = opened.part;
    this.#file = opened.file;
    this.#known = new Map(opened.leaves.map((leaf) => [leaf.offset, leaf]));
    this.#end = opened.end;
  }

  /** Whether the block was verified, written and synced before. */
  holds(offset: number, length: number, digest: Uint8Array): boolean {
    const known = this.#known.get(offset);
    return known !== undefined && known.length === length && equalBytes(known.digest, digest);
  }

  /**
   * A verified block was written. Its record follows with the next sync, after 32 MiB.
   * @throws what an earlier sync failed with
   */
  async note(offset: number, length: number, digest: Uint8Array): Promise<void> {
    this.#waiting.push({ offset, length, digest });
    this.#waitingBytes += length;
    if (this.#waitingBytes < JOURNAL_SYNC_BYTES) return;
    // A disk that cannot keep up slows the download instead of collecting what is not safe.
    await this.#syncing;
    this.#syncing = this.#sync();
    // Whoever awaits it next sees the failure; until then it must not count as unheard.
    this.#syncing.catch(() => undefined);
  }

  /** Syncs what was written and its records. @throws what the file system throws */
  async flush(): Promise<void> {
    await this.#syncing;
    await this.#sync();
  }

  /** Waits for the sync that is under way. @throws what it failed with */
  async settle(): Promise<void> {
    await this.#syncing;
  }

  async close(): Promise<void> {
    await this.#syncing?.catch(() => undefined);
    await this.#file.close();
  }

  async #sync(): Promise<void> {
    const leaves = this.#waiting;
    if (leaves.length === 0) return;
    this.#waiting = [];
    this.#waitingBytes = 0;
    await this.#part.datasync();
    const records = Buffer.concat(leaves.map(encodeLeaf));
    const at = this.#end;
    this.#end += records.length;
    await writeAt(this.#file, records, at);
    await this.#file.datasync();
  }
}

function header(inode: bigint): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.write(MAGIC, 0, 'latin1');
  bytes.writeUInt32BE(VERSION, 8);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, inode), 12);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 20)), 20);
  return bytes;
}

function encodeLeaf({ offset, length, digest }: Leaf): Buffer {
  const bytes = Buffer.alloc(RECORD_BYTES);
  bytes.writeBigUInt64BE(BigInt(offset), 0);
  bytes.writeUInt32BE(length, 8);
  bytes.set(digest.subarray(0, DIGEST_BYTES), 12);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 44)), 44);
  return bytes;
}

/** The records up to the first that is not whole or names bytes that are not there. */
async function read(file: FileHandle, inode: bigint, partBytes: number): Promise<Leaf[]> {
  const { size } = await file.stat();
  if (size < HEADER_BYTES || size > MAX_JOURNAL_BYTES) return [];
  const bytes = Buffer.alloc(size);
  const { bytesRead } = await file.read(bytes, 0, size, 0);
  if (!bytes.subarray(0, HEADER_BYTES).equals(header(inode))) return [];
  const leaves: Leaf[] = [];
  for (let at = HEADER_BYTES; at + RECORD_BYTES <= bytesRead; at += RECORD_BYTES) {
    const record = bytes.subarray(at, at + RECORD_BYTES);
    const offset = record.readBigUInt64BE(0);
    const length = record.readUInt32BE(8);
    const whole = crc32(record.subarray(0, 44)) === record.readUInt32BE(44);
    if (!whole || offset + BigInt(length) > BigInt(partBytes)) break;
    leaves.push({ offset: Number(offset), length, digest: Uint8Array.from(record.subarray(12, 44)) });
  }
  return leaves;
}

/** All of the records if the block that was written last is still what it was; none if not. */
async function spotChecked(part: FileHandle, leaves: readonly Leaf[]): Promise<readonly Leaf[]> {
  const last = leaves.at(-1);
  if (last === undefined) return [];
  const bytes = new Uint8Array(last.length);
  const { bytesRead } = await part.read(bytes, 0, last.length, last.offset);
  const digest = createHash('sha256').update(bytes).digest();
  return bytesRead === last.length && bytesToHex(digest) === bytesToHex(last.digest) ? leaves : [];
}

async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}
