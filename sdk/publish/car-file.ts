import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { CarWriter } from '@ipld/car';
import { CID } from 'multiformats/cid';

import { PublishError } from './publish-error.ts';
import { READ_CHUNK_BYTES, REMEMBERED_BLOCKS } from './publish-limits.ts';

/** A CARv1 archive on disk that holds one complete DAG. */
export interface CarFile {
  readonly path: string;
  /** Length of the archive in bytes, framing included. */
  readonly bytes: number;
  /** Opens the archive for reading from its beginning; every call is an independent stream. */
  read(signal?: AbortSignal): Readable;
  /** Deletes the archive if this library made it; leaves a publisher's own archive alone. */
  remove(): Promise<void>;
}

/** Any CIDv1 with a sha2-256 digest is 36 bytes, so the header is later overwritten in place. */
const ROOT_NOT_YET_KNOWN = CID.parse('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku');

/** Describes an archive that exists. */
export async function existingCarFile(path: string): Promise<CarFile> {
  const { size } = await stat(path);
  return carFile(path, size, async () => {});
}

/**
 * Writes blocks to a new archive in a directory of its own, one after the other, in constant memory.
 * The root is written into the header when it is known.
 */
export class CarFileWriter {
  readonly #directory: string;
  readonly #path: string;
  readonly #writer: ReturnType<typeof CarWriter.create>['writer'];
  readonly #written: Promise<void>;
  readonly #remembered = new Set<string>();
  #failure: PublishError | undefined;
  #blocks = 0;
  #ended = false;

  /** @param parentDirectory where the archive's directory is made @default the system's temporary directory */
  static async create(parentDirectory: string = tmpdir()): Promise<CarFileWriter> {
    const directory = await mkdtemp(join(parentDirectory, 'bcdn-car-')).catch((cause: unknown) => {
      throw writeFailed(parentDirectory, cause);
    });
    return new CarFileWriter(directory);
  }

  private constructor(directory: string) {
    this.#directory = directory;
    this.#path = join(directory, 'content.car');
    const { writer, out } = CarWriter.create(ROOT_NOT_YET_KNOWN);
    this.#writer = writer;
    this.#written = pipeline(
      Readable.from(out, { objectMode: false, highWaterMark: READ_CHUNK_BYTES }),
      createWriteStream(this.#path, { highWaterMark: READ_CHUNK_BYTES }),
    ).catch((cause: unknown) => {
      this.#failure = writeFailed(this.#path, cause);
    });
  }

  /** Distinct blocks written; a repeated one counts once as long as it is remembered. */
  get blocks(): number {
    return this.#blocks;
  }

  /** Appends a block unless it was written recently. @throws PublishError DISK_WRITE_FAILED */
  async put(cid: CID, bytes: Uint8Array): Promise<void> {
    const key = cid.toString();
    if (this.#remembered.has(key)) return;
    this.#remember(key);
    this.#blocks += 1;
    await this.#unlessFailed(this.#writer.put({ cid, bytes }));
  }

  /** Completes the archive. @throws PublishError DISK_WRITE_FAILED */
  async finish(root: CID): Promise<CarFile> {
    this.#ended = true;
    await this.#unlessFailed(this.#writer.close());
    await this.#written;
    if (this.#failure !== undefined) throw this.#failure;
    const file = await open(this.#path, 'r+');
    try {
      await CarWriter.updateRootsInFile(file, [root]);
    } finally {
      await file.close();
    }
    const { size } = await stat(this.#path);
    return carFile(this.#path, size, () => rm(this.#directory, { recursive: true, force: true }));
  }

  /** Gives the archive up and deletes what was written. */
  async discard(): Promise<void> {
    if (!this.#ended) {
      this.#ended = true;
      await this.#unlessFailed(this.#writer.close()).catch(() => undefined);
      await this.#written;
    }
    await rm(this.#directory, { recursive: true, force: true });
  }

  #remember(key: string): void {
    if (this.#remembered.size >= REMEMBERED_BLOCKS) {
      const [oldest] = this.#remembered;
      if (oldest !== undefined) this.#remembered.delete(oldest);
    }
    this.#remembered.add(key);
  }

  /** The writer's promise never settles once the disk has refused: the end of the pipeline decides. */
  async #unlessFailed(write: Promise<void>): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const ended = this.#written.then(() => {
      if (this.#failure !== undefined) throw this.#failure;
    });
    await Promise.race([write, ended]);
  }
}

function carFile(path: string, bytes: number, remove: () => Promise<void>): CarFile {
  return {
    path,
    bytes,
    read: (signal) => createReadStream(path, { highWaterMark: READ_CHUNK_BYTES, ...(signal && { signal }) }),
    remove,
  };
}

function writeFailed(path: string, cause: unknown): PublishError {
  const full = cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC';
  return new PublishError(
    'DISK_WRITE_FAILED',
    full ? `No space left for ${path}.` : `${path} cannot be written.`,
    {
      values: { path, reason: cause instanceof Error ? cause.message : String(cause) },
      remedy: 'Free space or give another directory: the archive needs about as much space as the content.',
      cause,
    },
  );
}
