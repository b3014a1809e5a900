import { createReadStream } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { PublishError } from './publish-error.ts';
import { MAX_DIRECTORY_ENTRIES, MIN_READ_BYTES, READ_CHUNK_BYTES } from './publish-limits.ts';

/** What can be published. Paths are on this machine; a stream is read once. */
export type ContentSource =
  | { readonly kind: 'file'; readonly path: string }
  | {
      readonly kind: 'directory';
      readonly path: string;
      /** Whether names beginning with a dot are published. @default false, as `ipfs add` does */
      readonly hidden?: boolean;
    }
  | { readonly kind: 'stream'; readonly stream: AsyncIterable<Uint8Array> }
  | { readonly kind: 'car'; readonly path: string };

/** One entry handed to the importer: a file with its bytes, or an empty directory. */
export interface SourceEntry {
  readonly path?: string;
  readonly content?: AsyncIterable<Uint8Array>;
}

/**
 * Finds out whether a path is a file or a directory.
 * @throws PublishError SOURCE_UNREADABLE, SOURCE_UNSUPPORTED (devices, sockets)
 */
export async function sourceOfPath(path: string): Promise<ContentSource> {
  const found = await stat(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  if (found.isFile()) return { kind: 'file', path };
  if (found.isDirectory()) return { kind: 'directory', path };
  throw new PublishError('SOURCE_UNSUPPORTED', `${path} is neither a file nor a directory.`, {
    values: { path },
    remedy: 'Give a regular file or a directory, or pipe the bytes in.',
  });
}

/** The importer's entries of a file, directory or stream, read lazily. */
export async function* sourceEntries(
  source: Exclude<ContentSource, { kind: 'car' }>,
): AsyncGenerator<SourceEntry> {
  if (source.kind === 'stream') yield { content: source.stream };
  else if (source.kind === 'file') yield { content: fileBytes(source.path) };
  else {
    const root = basename(resolve(source.path)) || 'root';
    yield* walk({
      path: source.path,
      name: root,
      hidden: source.hidden ?? false,
      budget: { left: MAX_DIRECTORY_ENTRIES },
    });
  }
}

interface Walk {
  readonly path: string;
  readonly name: string;
  readonly hidden: boolean;
  /** Entries that may still come, shared by the whole walk. */
  readonly budget: { left: number };
}

async function* walk(at: Walk): AsyncGenerator<SourceEntry> {
  const directory = await opendir(at.path).catch((cause: unknown) => {
    throw unreadable(at.path, cause);
  });
  let empty = true;
  for await (const entry of directory) {
    if (!at.hidden && entry.name.startsWith('.')) continue;
    empty = false;
    if (at.budget.left-- <= 0) {
      throw new PublishError(
        'DIRECTORY_TOO_LARGE',
        `${at.path} brings the directory above its limit of entries.`,
        {
          values: { path: at.path, limit: MAX_DIRECTORY_ENTRIES },
          remedy: 'Publish parts of it separately, or pack it into one archive file.',
        },
      );
    }
    const inner: Walk = { ...at, path: join(at.path, entry.name), name: `${at.name}/${entry.name}` };
    if (entry.isDirectory()) yield* walk(inner);
    else if (entry.isFile()) yield { path: inner.name, content: fileBytes(inner.path) };
    else {
      throw new PublishError('SOURCE_UNSUPPORTED', `${inner.path} is neither a file nor a directory.`, {
        values: { path: inner.path, symbolicLink: entry.isSymbolicLink() },
        remedy: 'Replace links and devices by the files themselves, or remove them.',
      });
    }
  }
  if (empty) yield { path: at.name };
}

async function* fileBytes(path: string): AsyncGenerator<Uint8Array> {
  try {
    const { size } = await stat(path);
    // A buffer of the full size for each of many small files would keep the garbage collector busy.
    const highWaterMark = Math.min(READ_CHUNK_BYTES, Math.max(MIN_READ_BYTES, size));
    yield* createReadStream(path, { highWaterMark }) as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): PublishError {
  return new PublishError('SOURCE_UNREADABLE', `${path} cannot be read.`, {
    values: { path, reason: cause instanceof Error ? cause.message : String(cause) },
    remedy: 'Check that it exists and that you may read it.',
    cause,
  });
}
