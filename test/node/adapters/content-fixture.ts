import { hash } from 'node:crypto';

import { CarWriter } from '@ipld/car';
import { importer } from 'ipfs-unixfs-importer';
import { fixedSize } from 'ipfs-unixfs-importer/chunker';
import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';

import { RAW_CODEC, SHA2_256 } from '../../../sdk/protocol/content.ts';

export interface StoredBlock {
  readonly cid: CID;
  readonly bytes: Uint8Array;
}

/** A content made like `ipfs add --cid-version=1 --raw-leaves`, with its blocks in the order they are made. */
export interface TestContent {
  readonly root: CID;
  readonly blocks: readonly StoredBlock[];
  readonly leaves: readonly StoredBlock[];
}

export async function contentOf(
  source: { path?: string; content: Uint8Array }[],
  chunkBytes = 64 * 1024,
): Promise<TestContent> {
  const blocks = new Map<string, StoredBlock>();
  const sink = {
    put: async (cid: CID, bytes: unknown): Promise<CID> => {
      if (bytes instanceof Uint8Array) blocks.set(cid.toString(), { cid, bytes });
      return cid;
    },
  };
  let root: CID | undefined;
  const options = {
    cidVersion: 1 as const,
    rawLeaves: true,
    wrapWithDirectory: source.some(({ path }) => path !== undefined),
    chunker: fixedSize({ chunkSize: chunkBytes }),
  };
  for await (const entry of importer(source, sink, options)) root = entry.cid;
  if (root === undefined) throw new RangeError('nothing was imported');
  const all = [...blocks.values()];
  return { root, blocks: all, leaves: all.filter(({ cid }) => cid.code === RAW_CODEC) };
}

export function rawCidOf(bytes: Uint8Array): CID {
  return CID.createV1(RAW_CODEC, createDigest(SHA2_256, hash('sha256', bytes, 'buffer')));
}

/** Bytes that look random and are the same in every run. */
export function patternBytes(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed >>> 0 || 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

export async function* carOf(root: CID, blocks: Iterable<StoredBlock>): AsyncGenerator<Uint8Array> {
  const { writer, out } = CarWriter.create([root]);
  const filling = (async () => {
    for (const block of blocks) await writer.put(block);
    await writer.close();
  })();
  yield* out;
  await filling;
}

/** The same for a stream of any size: blocks are handed on, not kept. Yields root CIDs, the last one counts. */
export async function* importStream(
  content: AsyncIterable<Uint8Array>,
  chunkBytes: number,
  put: (cid: CID, bytes: Uint8Array) => Promise<void>,
): AsyncGenerator<CID> {
  const sink = {
    put: async (cid: CID, bytes: unknown): Promise<CID> => {
      if (bytes instanceof Uint8Array) await put(cid, bytes);
      return cid;
    },
  };
  const options = { cidVersion: 1 as const, rawLeaves: true, chunker: fixedSize({ chunkSize: chunkBytes }) };
  for await (const entry of importer([{ content }], sink, options)) yield entry.cid;
}
