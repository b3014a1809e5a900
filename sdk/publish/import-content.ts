import type { CID } from 'multiformats/cid';

import { RAW_CODEC } from '../protocol/content.ts';
import type { UploadPart } from '../protocol/http.ts';
import { DOWNLOAD_CHUNK_BYTES } from '../protocol/limits.ts';
import { CarFileWriter } from './car-file.ts';
import { sourceEntries, type ContentSource, type SourceEntry } from './content-source.ts';
import { importDag } from './import-dag.ts';
import type { ImportedContent } from './imported-content.ts';
import { inspectCar } from './inspect-car.ts';
import { PublishError } from './publish-error.ts';
import { MAX_CHUNK_BYTES, MIN_CHUNK_BYTES } from './publish-limits.ts';

/** How to import. */
export interface ImportOptions {
  /** Leaf size in bytes: 1 MiB for downloads, 262144 for video and for kubo's default. @default 1048576 */
  readonly chunkBytes?: number;
  /** Directory in which the temporary archive is made. @default the system's temporary directory */
  readonly temporaryDirectory?: string;
  /** `skeleton`: inner nodes only, where raw leaves are had from an origin; not for an existing CAR. @default whole */
  readonly part?: Exclude<UploadPart, 'slice'>;
  readonly signal?: AbortSignal;
  /** Called with the content bytes read so far. */
  readonly onProgress?: (bytesRead: number) => void;
}

/**
 * Turns a file, directory or stream into the DAG that `ipfs add --cid-version=1 --raw-leaves` makes
 * (balanced layout, 174 links, sha2-256) inside a temporary CARv1 archive, in constant memory; an existing CAR
 * is checked and used as it is (DELIVERY.md, content).
 *
 * @throws PublishError SOURCE_UNREADABLE, SOURCE_UNSUPPORTED, DIRECTORY_TOO_LARGE, CHUNK_SIZE_INVALID,
 *   DISK_WRITE_FAILED, CAR_INVALID, CAR_INCOMPLETE, CAR_TOO_LARGE, BLOCK_UNSUPPORTED; the signal's reason
 *
 * @example
 * const content = await importContent({ kind: 'file', path: 'film.mp4' });
 * console.log(content.root.toString(), content.bytes);
 * await content.carFile.remove();
 */
export async function importContent(
  source: ContentSource,
  options: ImportOptions = {},
): Promise<ImportedContent> {
  const chunkBytes = checkedChunkBytes(options.chunkBytes ?? DOWNLOAD_CHUNK_BYTES);
  if (source.kind === 'car') return inspectCar(source.path, options.signal);
  const car = await CarFileWriter.create(options.temporaryDirectory);
  try {
    const meter = meteredEntries(source, options);
    const isWhole = options.part !== 'skeleton';
    const put = async (cid: CID, bytes: Uint8Array): Promise<void> => {
      if (isWhole || cid.code !== RAW_CODEC) await car.put(cid, bytes);
    };
    const root = await importDag(meter.entries, { put }, chunkBytes);
    return { root, bytes: meter.bytesRead(), blocks: car.blocks, carFile: await car.finish(root) };
  } catch (error) {
    await car.discard();
    throw error;
  }
}

/** Counts what is read and stops at the next chunk once the signal aborts. */
function meteredEntries(source: Exclude<ContentSource, { kind: 'car' }>, options: ImportOptions) {
  let bytes = 0;
  async function* metered(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of content) {
      options.signal?.throwIfAborted();
      bytes += chunk.byteLength;
      options.onProgress?.(bytes);
      yield chunk;
    }
  }
  async function* entries(): AsyncGenerator<SourceEntry> {
    for await (const entry of sourceEntries(source)) {
      options.signal?.throwIfAborted();
      yield entry.content === undefined ? entry : { ...entry, content: metered(entry.content) };
    }
  }
  return { entries: entries(), bytesRead: () => bytes };
}

function checkedChunkBytes(chunkBytes: number): number {
  if (Number.isInteger(chunkBytes) && chunkBytes >= MIN_CHUNK_BYTES && chunkBytes <= MAX_CHUNK_BYTES)
    return chunkBytes;
  throw new PublishError(
    'CHUNK_SIZE_INVALID',
    `A leaf of ${chunkBytes} bytes is outside the allowed range.`,
    {
      values: { chunkBytes, minimum: MIN_CHUNK_BYTES, maximum: MAX_CHUNK_BYTES },
      remedy: `Choose between ${MIN_CHUNK_BYTES} and ${MAX_CHUNK_BYTES} bytes, for example 1048576 or 262144.`,
    },
  );
}
