import { createCipheriv } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { BlockStore } from '../../../node/adapters/disk/block-store.ts';
import { importContent } from '../../../sdk/publish/import-content.ts';

const KIB = 1_024;
const MIB = 1_048_576;
/** Different objects of a case that is served from memory. */
const HOT_OBJECTS = 8;
const RANGE_FILE_BYTES = 8 * MIB;
const RANGE_BYTES = 64 * KIB;
/** Different ranges that are asked for; their beginnings lie on no boundary. */
const RANGES = 256;
const RANGE_STEP_BYTES = 1_234_577;
/** Objects that are made at once. */
const WRITTEN_AT_ONCE = 16;

export const CASE_NAMES = [
  'hot 10 KiB',
  'hot 1 MiB',
  'cold 1 MiB',
  'range 64 KiB',
  'cold range 64 KiB',
] as const;
export type CaseName = (typeof CASE_NAMES)[number];

/** One request of a load. */
export interface SiteRequest {
  readonly path: string;
  /** Value of the Range header; undefined for the whole. */
  readonly range: string | undefined;
}

/** The same objects twice: as files under one folder, and as blocks of a store. */
export interface SampleSite {
  /** Folder whose files lie at the paths of the requests. */
  readonly filesDirectory: string;
  readonly storeDirectory: string;
  readonly requests: Readonly<Record<CaseName, readonly SiteRequest[]>>;
}

/** Makes objects of noise, the same for the same seed. */
export async function sampleSite(
  directory: string,
  options: { readonly coldObjects: number; readonly seed: number },
): Promise<SampleSite> {
  const filesDirectory = join(directory, 'files');
  const storeDirectory = join(directory, 'store');
  await mkdir(join(filesDirectory, 'ipfs'), { recursive: true });
  const store = new BlockStore({ directory: storeDirectory, quotaBytes: Number.MAX_SAFE_INTEGER });
  await store.open();
  const noise = noiseOf(options.seed);
  const add = async (bytes: number): Promise<string> => {
    const content = noise(bytes);
    const { root, carFile, ...imported } = await importContent(
      { kind: 'stream', stream: Readable.from([content]) },
      { temporaryDirectory: directory },
    );
    const maxBytes = imported.bytes + MIB;
    await store.importCar(root, carFile.read(), { maxBytes });
    await carFile.remove();
    const path = `/ipfs/${root.toString()}`;
    await writeFile(join(filesDirectory, path), content);
    return path;
  };
  const objects = async (count: number, bytes: number): Promise<SiteRequest[]> => {
    const paths = await Promise.all(Array.from({ length: count }, async () => add(bytes)));
    return paths.map((path) => ({ path, range: undefined }));
  };
  try {
    // What is to be hot comes first: the bare server keeps that in memory.
    const small = await objects(HOT_OBJECTS, 10 * KIB);
    const large = await objects(HOT_OBJECTS, MIB);
    const ranges = rangesOf(await add(RANGE_FILE_BYTES));
    const cold: SiteRequest[] = [];
    while (cold.length < options.coldObjects) {
      const count = Math.min(WRITTEN_AT_ONCE, options.coldObjects - cold.length);
      cold.push(...(await objects(count, MIB)));
    }
    return {
      filesDirectory,
      storeDirectory,
      requests: {
        ...{ 'hot 10 KiB': small, 'hot 1 MiB': large, 'cold 1 MiB': cold },
        ...{ 'range 64 KiB': ranges, 'cold range 64 KiB': coldRangesOf(cold) },
      },
    };
  } finally {
    await store.close();
  }
}

function rangesOf(path: string): SiteRequest[] {
  return Array.from({ length: RANGES }, (_, i) => {
    const start = (i * RANGE_STEP_BYTES) % (RANGE_FILE_BYTES - RANGE_BYTES);
    return { path, range: `bytes=${start}-${start + RANGE_BYTES - 1}` };
  });
}

/** One range of each object, each at another place. */
function coldRangesOf(objects: readonly SiteRequest[]): SiteRequest[] {
  return objects.map(({ path }, i) => {
    const start = (i * RANGE_STEP_BYTES) % (MIB - RANGE_BYTES);
    return { path, range: `bytes=${start}-${start + RANGE_BYTES - 1}` };
  });
}

/** The key stream of AES-128 in counter mode: no compression makes it shorter. */
function noiseOf(seed: number): (bytes: number) => Buffer {
  const key = Buffer.alloc(16);
  key.writeUInt32BE(seed);
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  return (bytes) => cipher.update(Buffer.alloc(bytes));
}
