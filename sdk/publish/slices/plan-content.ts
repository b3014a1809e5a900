import type { CID } from 'multiformats/cid';

import { bytesToHex } from '../../protocol/bytes.ts';
import { RAW_CODEC } from '../../protocol/content.ts';
import { DOWNLOAD_CHUNK_BYTES } from '../../protocol/limits.ts';
import type { SourceEntry } from '../content-source.ts';
import { importDag } from '../import-dag.ts';
import { PublishError } from '../publish-error.ts';
import { MAX_CAR_BLOCKS } from '../publish-limits.ts';
import { carHeader, sectionBytes } from './car-sections.ts';
import { pickedEntries, publishedFiles, type PickedFile } from './picked-files.ts';

/** Where a leaf lies in what was picked. */
export interface LeafPlace {
  readonly cid: CID;
  /** Index in the files that are published. */
  readonly file: number;
  readonly offset: number;
  readonly bytes: number;
}

/** A content made of picked files. Its leaves stay in the files: memory holds inner nodes and the places of leaves. */
export interface PlannedContent {
  readonly root: CID;
  /** Bytes of all files. */
  readonly bytes: number;
  /** Inner nodes by digest. */
  readonly skeleton: ReadonlyMap<string, { readonly cid: CID; readonly bytes: Uint8Array }>;
  /** Distinct leaves by digest (hexadecimal without 0x). */
  readonly leaves: ReadonlyMap<string, LeafPlace>;
  /** Length of the CAR of all blocks: what an Upload is signed for. */
  readonly carBytes: number;
}

export interface PlanOptions {
  /** Leaf size in bytes, as of `bcdn publish`. @default 1048576 */
  readonly chunkBytes?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes read so far and all bytes. */
  readonly onProgress?: ((read: number, total: number) => void) | undefined;
}

/**
 * Reads picked files once and finds their root CID, the same that Node's importer finds, and where each leaf lies.
 * @throws PublishError SOURCE_UNREADABLE, DIRECTORY_TOO_LARGE, CAR_TOO_LARGE; the signal's reason
 */
export async function planContent(
  picked: readonly PickedFile[],
  options: PlanOptions = {},
): Promise<PlannedContent> {
  const files = publishedFiles(picked);
  const total = files.reduce((sum, { blob }) => sum + blob.size, 0);
  const { onProgress, signal } = options;
  let read = 0;
  const onRead = (bytes: number): void => {
    read += bytes;
    onProgress?.(read, total);
  };
  return planEntries(pickedEntries(files, onRead, signal), new LeafPlaces(files), options.chunkBytes);
}

/**
 * Reads one file from its pieces, as `planContent` does from where it was picked.
 * @throws PublishError CAR_TOO_LARGE; what the pieces throw
 */
export async function planPieces(
  pieces: AsyncIterable<Uint8Array>,
  chunkBytes?: number,
): Promise<PlannedContent> {
  async function* entries(): AsyncGenerator<SourceEntry> {
    yield { content: pieces };
  }
  return planEntries(entries(), new LeafPlaces([]), chunkBytes);
}

async function planEntries(
  entries: AsyncIterable<SourceEntry>,
  places: LeafPlaces,
  chunkBytes = DOWNLOAD_CHUNK_BYTES,
): Promise<PlannedContent> {
  const skeleton = new Map<string, { cid: CID; bytes: Uint8Array }>();
  const put = async (cid: CID, bytes: Uint8Array): Promise<void> => {
    if (cid.code !== RAW_CODEC) skeleton.set(digestOf(cid), { cid, bytes });
  };
  const root = await importDag(
    entries,
    { put, onLeaf: (path, cid, bytes) => places.add(path, cid, bytes) },
    chunkBytes,
  );
  const { leaves } = places;
  let carBytes = carHeader(root).length;
  for (const { cid, bytes } of skeleton.values()) carBytes += sectionBytes(cid, bytes.length);
  for (const { cid, bytes } of leaves.values()) carBytes += sectionBytes(cid, bytes);
  return { root, bytes: places.bytes, skeleton, leaves, carBytes };
}

/** Files of a content that was planned, in the order in which places name them. */
export const filesOf = publishedFiles;

export function digestOf(cid: CID): string {
  return bytesToHex(cid.multihash.digest).slice(2);
}

class LeafPlaces {
  readonly leaves = new Map<string, LeafPlace>();
  /** Of all leaves, each as often as it occurs. */
  bytes = 0;
  readonly #fileOf = new Map<string, number>();
  readonly #read: number[] = [];

  constructor(files: readonly PickedFile[]) {
    for (const [index, { path }] of files.entries()) this.#fileOf.set(path, index);
  }

  add(path: string | undefined, cid: CID, bytes: number): void {
    // A file by itself has no path in its content.
    const file = this.#fileOf.get(path ?? '') ?? 0;
    const offset = this.#read[file] ?? 0;
    this.#read[file] = offset + bytes;
    this.bytes += bytes;
    const digest = digestOf(cid);
    if (this.leaves.has(digest)) return;
    if (this.leaves.size >= MAX_CAR_BLOCKS) {
      throw new PublishError('CAR_TOO_LARGE', `The content has more than ${MAX_CAR_BLOCKS} leaves.`, {
        values: { limit: MAX_CAR_BLOCKS },
        remedy: 'Publish parts of it separately.',
      });
    }
    this.leaves.set(digest, { cid, file, offset, bytes });
  }
}
