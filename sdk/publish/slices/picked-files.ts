import type { SourceEntry } from '../content-source.ts';
import { PublishError } from '../publish-error.ts';
import { MAX_DIRECTORY_ENTRIES, READ_CHUNK_BYTES } from '../publish-limits.ts';

/** A file that somebody picked in a page. */
export interface PickedFile {
  /** `folder/name` for a file of a picked folder, as `webkitRelativePath` has it; a file by itself has only its name. */
  readonly path: string;
  readonly blob: Blob;
}

/**
 * What of a picked folder is published: without names that begin with a dot, as the command line and `ipfs add` do.
 * @throws PublishError SOURCE_UNREADABLE, DIRECTORY_TOO_LARGE
 */
export function publishedFiles(picked: readonly PickedFile[]): readonly PickedFile[] {
  const files = picked.filter(
    ({ path }) =>
      !path
        .split('/')
        .slice(1)
        .some((name) => name.startsWith('.')),
  );
  if (files.length === 0) {
    throw new PublishError('SOURCE_UNREADABLE', 'There is no file to publish.', {
      values: { picked: picked.length },
      remedy: 'Choose a file, or a folder with files whose names do not begin with a dot.',
    });
  }
  if (files.length > MAX_DIRECTORY_ENTRIES) {
    throw new PublishError('DIRECTORY_TOO_LARGE', 'The folder has more files than one content may have.', {
      values: { files: files.length, limit: MAX_DIRECTORY_ENTRIES },
      remedy: 'Publish parts of it separately, or pack it into one archive file.',
    });
  }
  return files;
}

/** The importer's entries of picked files, read lazily. A single file is the content itself and keeps no name. */
export async function* pickedEntries(
  files: readonly PickedFile[],
  onRead: (bytes: number) => void,
  signal: AbortSignal | undefined,
): AsyncGenerator<SourceEntry> {
  const [only] = files;
  const isFolder = files.some(({ path }) => path.includes('/'));
  if (only !== undefined && !isFolder) {
    yield { content: bytesOf(only, onRead, signal) };
    return;
  }
  for (const file of files) yield { path: file.path, content: bytesOf(file, onRead, signal) };
}

async function* bytesOf(
  { path, blob }: PickedFile,
  onRead: (bytes: number) => void,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < blob.size; at += READ_CHUNK_BYTES) {
    signal?.throwIfAborted();
    const piece = await blob
      .slice(at, at + READ_CHUNK_BYTES)
      .arrayBuffer()
      .catch((cause: unknown) => {
        throw fileChanged(path, cause);
      });
    onRead(piece.byteLength);
    yield new Uint8Array(piece);
  }
}

/** Browsers refuse to read a picked file that was changed on disk since. */
export function fileChanged(path: string, cause?: unknown): PublishError {
  return new PublishError('SOURCE_UNREADABLE', `${path} can no longer be read as it was chosen.`, {
    values: { path },
    remedy: 'It was changed or moved: choose it again.',
    cause,
  });
}
