import { open, rename, rm } from 'node:fs/promises';

import { ClientError } from './client-error.ts';
import type { ContentSink } from './content-sink.ts';

/** A sink that is a file. */
export interface FileSink extends ContentSink {
  /** The file once it is complete. */
  readonly path: string;
}

/**
 * Writes to `<path>.part` and renames it when everything is there, so that a file of that name is always whole.
 * A failed attempt leaves the part; with `resume` a later one verifies and keeps what is right in it.
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
  if (!resume) await rm(part, { force: true }).catch(failed(part));
  const file = await open(part, resume ? 'a+' : 'w+').catch(failed(part));
  // Appending ignores positions, so an earlier part is opened once more, now that it exists.
  const writable = resume ? await reopened(file, part) : file;
  let length = 0;
  return {
    path,
    async write(bytes, offset) {
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await writable.write(bytes, at, bytes.length - at, offset + at);
        at += bytesWritten;
      }
      length = Math.max(length, offset + bytes.length);
    },
    ...(resume && {
      async existing(offset: number, bytes: number) {
        const buffer = new Uint8Array(bytes);
        const { bytesRead } = await writable.read(buffer, 0, bytes, offset);
        return bytesRead === bytes ? buffer : undefined;
      },
    }),
    async finish() {
      await writable.truncate(length);
      await writable.sync();
      await writable.close();
      await rename(part, path).catch(failed(path));
    },
    abandon: () => writable.close(),
  };
}

async function reopened(file: Awaited<ReturnType<typeof open>>, part: string) {
  await file.close();
  return open(part, 'r+').catch(failed(part));
}

function failed(path: string): (cause: unknown) => never {
  return (cause) => {
    throw new ClientError('SINK_FAILED', `${path} cannot be written.`, {
      values: { path, reason: cause instanceof Error ? cause.message : String(cause) },
      remedy: 'Check the space and the permissions of the directory.',
      cause,
    });
  };
}
