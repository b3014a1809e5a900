import { createCipheriv } from 'node:crypto';

import { importer } from 'ipfs-unixfs-importer';
import { fixedSize } from 'ipfs-unixfs-importer/chunker';
import { balanced } from 'ipfs-unixfs-importer/layout';
import type { CID } from 'multiformats/cid';

import { RandomStreams } from '../measuring/random-streams.ts';
import { hostileBlocks, type FuzzedBlock } from './hostile-blocks.ts';

/** What requests may name. */
export interface FuzzedContent {
  readonly root: CID;
  /** A file that is asked for in between, every byte of which must be right. */
  readonly control: { readonly path: string; readonly bytes: Buffer };
  /** Paths below /ipfs/ of good content, without a query. */
  readonly paths: readonly string[];
  /** CIDs of blocks that are stored. */
  readonly cids: readonly string[];
  /** CIDs of nodes that lie about what is below them. */
  readonly hostileCids: readonly string[];
}

/** Small, so that files of a few hundred kilobytes have inner nodes. */
const CHUNK_BYTES = 4_096;
const MAX_CHILDREN = 16;
const CONTROL_BYTES = 100_001;
/** A directory of more links than this is sharded. */
const SHARD_SPLIT_BYTES = 2_048;
const SHARDED_ENTRIES = 100;

/** Bytes that no compression makes smaller, the same for the same seed. */
export function noise(bytes: number, seed: number): Buffer {
  const key = Buffer.alloc(16);
  key.writeUInt32BE(seed >>> 0);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
}

/** Directories, a sharded one among them, files of awkward sizes and names, and hundreds of nodes that lie. */
export async function fuzzedContent(
  seed: number,
): Promise<{ content: FuzzedContent; good: readonly FuzzedBlock[]; hostile: readonly FuzzedBlock[] }> {
  const control = noise(CONTROL_BYTES, seed);
  const files = [
    { path: 'control.bin', content: control },
    { path: 'empty', content: Buffer.alloc(0) },
    { path: 'one byte.txt', content: Buffer.from('x') },
    { path: 'edge.bin', content: noise(CHUNK_BYTES, seed + 1) },
    { path: 'beyond.bin', content: noise(CHUNK_BYTES + 1, seed + 2) },
    { path: 'sub/ü & "b" <c>.html', content: Buffer.from('<!doctype html><p>ü') },
    { path: 'site/index.html', content: Buffer.from('<!doctype html><p>site') },
    ...Array.from({ length: SHARDED_ENTRIES }, (_, i) => ({
      path: `many/entry-${i}`,
      content: Buffer.from(`entry ${i}`),
    })),
  ];
  const { root, blocks } = await imported(files);
  const hostile = await hostileBlocks(new RandomStreams(seed).stream('hostile blocks'), blocks);
  const at = root.toString();
  const names = ['', '/', ...files.slice(0, 12).map(({ path }) => `/${encodeURI(path)}`)];
  const folders = ['/sub', '/sub/', '/site', '/site/', '/many/', '/many', '/none', '/control.bin/'];
  return {
    content: {
      root,
      control: { path: `${at}/control.bin`, bytes: control },
      paths: [...names, ...folders].map((path) => at + path),
      cids: blocks.map(({ cid }) => cid.toString()),
      hostileCids: hostile.map(({ cid }) => cid.toString()),
    },
    good: blocks,
    hostile,
  };
}

async function imported(
  files: readonly { path: string; content: Uint8Array }[],
): Promise<{ root: CID; blocks: FuzzedBlock[] }> {
  const blocks: FuzzedBlock[] = [];
  const sink = {
    put: async (cid: CID, bytes: unknown): Promise<CID> => {
      if (bytes instanceof Uint8Array) blocks.push({ cid, bytes });
      return cid;
    },
  };
  const options = {
    cidVersion: 1 as const,
    rawLeaves: true,
    wrapWithDirectory: true,
    shardSplitThresholdBytes: SHARD_SPLIT_BYTES,
    chunker: fixedSize({ chunkSize: CHUNK_BYTES }),
    layout: balanced({ maxChildrenPerNode: MAX_CHILDREN }),
  };
  let root: CID | undefined;
  for await (const entry of importer(files, sink, options)) root = entry.cid;
  if (root === undefined) throw new RangeError('nothing was imported');
  return { root, blocks };
}
