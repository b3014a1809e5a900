import { closeSync, fstatSync, open as openFile, read as readFromFile } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { CID } from 'multiformats/cid';

import { diskError, errorCode } from './disk-error.ts';

/** A block's name on disk: the digest of its bytes in hexadecimal, without prefix. */
export type DigestHex = string;

/** The name of a CID's block. */
export function digestOf(cid: CID): DigestHex {
  const { digest } = cid.multihash;
  return Buffer.from(digest.buffer, digest.byteOffset, digest.byteLength).toString('hex');
}

const DIGEST_HEX = /^[0-9a-f]{64}$/;
/** Two digits of the digest name the folder: 256 folders. */
const SHARD_DIGITS = 2;
/** Folders of a store. */
export const BLOCK_SHARDS = 16 ** SHARD_DIGITS;

const openDescriptor = promisify(openFile);
const readDescriptor = promisify(readFromFile);

/** The files of a block store: one a block, in folders by the first digits of its digest. */
export class BlockFiles {
  readonly #blocks: string;
  readonly #temporary: string;
  #sequence = 0;

  constructor(directory: string) {
    this.#blocks = join(directory, 'blocks');
    this.#temporary = join(directory, 'tmp');
  }

  /** Makes the folders and removes what writes left behind that never ended. */
  async prepare(): Promise<void> {
    await rm(this.#temporary, { recursive: true, force: true });
    await mkdir(this.#temporary, { recursive: true, mode: 0o700 });
    for (let shard = 0; shard < BLOCK_SHARDS; shard++) {
      await mkdir(join(this.#blocks, shardName(shard)), { recursive: true, mode: 0o700 });
    }
  }

  /** Bytes that the file system can still take. */
  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#blocks);
    return bavail * bsize;
  }

  /** The block's bytes, or undefined when there is no such file. @throws StorageError DISK_FAILED */
  async read(digest: DigestHex): Promise<Uint8Array | undefined> {
    const path = this.#path(digest);
    try {
      return await readFile(path);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw diskError(error, path);
    }
  }

  /**
   * Fills a buffer with bytes of a block. Asks the system for as little as can be: a file that is open tells its size, and is
   * closed, without a wait for the disk.
   * @param from `sizeBytes`: what the block has to have; `offset`: where in it the bytes begin
   * @returns false when there is no such file, or one of another size
   * @throws StorageError DISK_FAILED
   */
  async readInto(
    digest: DigestHex,
    into: Uint8Array,
    from: { readonly sizeBytes: number; readonly offset: number },
  ): Promise<boolean> {
    const path = this.#path(digest);
    try {
      const file = await openDescriptor(path, 'r');
      try {
        if (fstatSync(file).size !== from.sizeBytes) return false;
        return await filled(file, into, from.offset);
      } finally {
        closeSync(file);
      }
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return false;
      throw diskError(error, path);
    }
  }

  /**
   * Writes a block so that it is either there as a whole or not at all, even after a power cut.
   * @throws StorageError DISK_FULL, DISK_FAILED
   */
  async write(digest: DigestHex, bytes: Uint8Array): Promise<void> {
    this.#sequence += 1;
    const temporary = join(this.#temporary, `${this.#sequence}`);
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(bytes);
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.#path(digest));
    } catch (error) {
      await rm(temporary, { force: true });
      throw diskError(error, temporary);
    }
  }

  /** Removes a block; one that is not there is as good as removed. */
  async remove(digest: DigestHex): Promise<void> {
    await rm(this.#path(digest), { force: true });
  }

  /** Size of a block's file, or undefined when there is none. @throws StorageError DISK_FAILED */
  async sizeOf(digest: DigestHex): Promise<number | undefined> {
    const path = this.#path(digest);
    try {
      return (await stat(path)).size;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw diskError(error, path);
    }
  }

  /** Blocks in one folder; what is no block is left out. @throws StorageError DISK_FAILED */
  async namesOf(shard: number): Promise<DigestHex[]> {
    const path = join(this.#blocks, shardName(shard));
    try {
      return (await readdir(path)).filter((name) => DIGEST_HEX.test(name));
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return [];
      throw diskError(error, path);
    }
  }

  /** Every file with its size; files that are no blocks are removed on the way. */
  async *list(): AsyncGenerator<{ digest: DigestHex; bytes: number }> {
    for (const shard of await readdir(this.#blocks)) {
      for (const name of await readdir(join(this.#blocks, shard))) {
        const path = join(this.#blocks, shard, name);
        if (DIGEST_HEX.test(name)) yield { digest: name, bytes: (await stat(path)).size };
        else await rm(path, { recursive: true, force: true });
      }
    }
  }

  /** Makes the names of written blocks durable: call it once after a batch. */
  async syncNames(): Promise<void> {
    for (const shard of await readdir(this.#blocks)) {
      const directory = await open(join(this.#blocks, shard), 'r');
      try {
        await directory.sync();
      } finally {
        await directory.close();
      }
    }
  }

  #path(digest: DigestHex): string {
    return join(this.#blocks, digest.slice(0, SHARD_DIGITS), digest);
  }
}

/** Whether the file had as many bytes from the offset on. */
async function filled(file: number, into: Uint8Array, offset: number): Promise<boolean> {
  for (let at = 0; at < into.length;) {
    const { bytesRead } = await readDescriptor(file, into, at, into.length - at, offset + at);
    if (bytesRead === 0) return false;
    at += bytesRead;
  }
  return true;
}

function shardName(shard: number): string {
  return shard.toString(16).padStart(SHARD_DIGITS, '0');
}
