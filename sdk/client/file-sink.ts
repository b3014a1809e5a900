import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import { ClientError } from './client-error.ts';
import type { ContentSink } from './content-sink.ts';
import { DownloadJournal } from './download-journal.ts';

/** A sink that is a file. */
export interface FileSink extends ContentSink {
  /** The file once it is complete. */
  readonly path: string;
}

/**
 * Writes to `<path>.part` and renames it when everything is there and on the disk, so that a file of that name is always
 * whole. A failed or killed attempt leaves the part and `<path>.part.journal`, which says what of it was verified; with
 * `resume` a later one keeps that, and verifies and keeps what else is right in it.
 *
 * @param options.resume whether to use an earlier part @default false
 * @throws ClientError SINK_FAILED
 */
export async function openFileSink(
  path: string,
  options: { readonly resume?: boolean } = {},
): Promise<FileSink> {
  const part = `${path}.part`;
  const resume = options.resume === true;
  return orFail(part, async () => {
    if (!resume) await rm(part, { force: true });
    // Appending ignores positions, so a part is opened once more, now that it exists.
    await (await open(part, resume ? 'a' : 'w')).close();
    const file = await open(part, 'r+');
    try {
      const journal = await DownloadJournal.open(`${part}.journal`, file, resume);
      return new PartSink({ path, file, journal, resume });
    } catch (error) {
      await file.close();
      throw error;
    }
  });
}

class PartSink implements FileSink {
  readonly path: string;
  readonly #part: string;
  readonly #file: FileHandle;
  readonly #journal: DownloadJournal;
  readonly #resume: boolean;
  #length = 0;
  #closed = false;

  constructor(opened: { path: string; file: FileHandle; journal: DownloadJournal; resume: boolean }) {
    this.path = opened.path;
    this.#part = `${opened.path}.part`;
    this.#file = opened.file;
    this.#journal = opened.journal;
    this.#resume = opened.resume;
  }

  write(bytes: Uint8Array, offset: number, leaf?: Uint8Array): Promise<void> {
    return orFail(this.#part, async () => {
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at, offset + at);
        at += bytesWritten;
      }
      this.#reach(offset + bytes.length);
      if (leaf !== undefined) await this.#journal.note(offset, bytes.length, leaf);
    });
  }

  existing(offset: number, length: number): Promise<Uint8Array | undefined> {
    return orFail(this.#part, async () => {
      if (!this.#resume) return undefined;
      const buffer = new Uint8Array(length);
      const { bytesRead } = await this.#file.read(buffer, 0, length, offset);
      return bytesRead === length ? buffer : undefined;
    });
  }

  kept(bytes: Uint8Array, offset: number, leaf: Uint8Array): Promise<void> {
    this.#reach(offset + bytes.length);
    return orFail(this.#part, () => this.#journal.note(offset, bytes.length, leaf));
  }

  holds(offset: number, length: number, leaf: Uint8Array): boolean {
    const held = this.#journal.holds(offset, length, leaf);
    if (held) this.#reach(offset + length);
    return held;
  }

  finish(): Promise<void> {
    return orFail(this.path, async () => {
      await this.#journal.settle();
      await this.#file.truncate(this.#length);
      await this.#file.sync();
      await this.#close();
      await rename(this.#part, this.path);
      await syncDirectoryOf(this.path);
      await rm(`${this.#part}.journal`, { force: true });
    });
  }

  abandon(): Promise<void> {
    return orFail(this.#part, async () => {
      if (this.#closed) return;
      await this.#journal.flush().finally(() => this.#close());
    });
  }

  async #close(): Promise<void> {
    this.#closed = true;
    await this.#journal.close();
    await this.#file.close();
  }

  #reach(end: number): void {
    this.#length = Math.max(this.#length, end);
  }
}

async function syncDirectoryOf(path: string): Promise<void> {
  const directory = await open(dirname(path));
  await directory.sync().finally(() => directory.close());
}

async function orFail<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new ClientError('SINK_FAILED', `${path} cannot be written.`, {
      values: { path, reason: cause instanceof Error ? cause.message : String(cause) },
      remedy: 'Check the space and the permissions of the directory; a later attempt resumes what is there.',
      cause,
    });
  }
}
