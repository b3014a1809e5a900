import { LRUCache } from 'lru-cache';
import type { CID } from 'multiformats/cid';

import { DAG_PB_CODEC } from '../../../sdk/protocol/content.ts';
import { GatewayError } from './gateway-error.ts';
import { MAX_RESOLVED_PATHS } from './gateway-limits.ts';
import { findInShards } from './shard-lookup.ts';
import { damaged, decodeUnixfs, entryOf, type UnixfsNode } from './unixfs-node.ts';

/** Blocks that a path is resolved by; what cannot be had is an error. */
export interface PathBlocks {
  get(cid: CID): Promise<Uint8Array>;
  sizeOf(cid: CID): Promise<number>;
}

/** What a path names. */
export interface Entity {
  readonly kind: 'file' | 'directory' | 'other';
  readonly cid: CID;
  /** Bytes of a file; 0 for what is none. */
  readonly sizeBytes: number;
}

/** An entity with the blocks that prove the path to it, from the root on, its own block not among them. */
export interface ResolvedPath {
  readonly entity: Entity;
  readonly trail: readonly CID[];
}

/**
 * Resolves paths below a CID. What a path names never changes, so answers are remembered; whether the blocks
 * are still stored is found out when they are read.
 */
export class PathResolution {
  readonly #resolved = new LRUCache<string, ResolvedPath>({ max: MAX_RESOLVED_PATHS });

  /** @throws GatewayError PATH_NOT_FOUND, CONTENT_DAMAGED, and what reading blocks throws */
  async resolve(root: CID, segments: readonly string[], blocks: PathBlocks): Promise<ResolvedPath> {
    if (segments.length === 0 && root.code !== DAG_PB_CODEC) {
      return { entity: { kind: 'file', cid: root, sizeBytes: await blocks.sizeOf(root) }, trail: [] };
    }
    const key = segments.length === 0 ? root.toString() : `${root.toString()}/${segments.join('/')}`;
    const known = this.#resolved.get(key);
    if (known !== undefined) {
      // A client that is told of a file is to find it.
      await blocks.sizeOf(known.entity.cid);
      return known;
    }
    const found = await walk(root, segments, blocks);
    this.#resolved.set(key, found);
    return found;
  }
}

async function walk(root: CID, segments: readonly string[], blocks: PathBlocks): Promise<ResolvedPath> {
  const trail: CID[] = [];
  const read = (node: CID): Promise<Uint8Array> => blocks.get(node);
  let cid = root;
  for (const name of segments) {
    if (cid.code !== DAG_PB_CODEC) throw pathNotFound(root, segments);
    const node = decodeUnixfs(cid, await read(cid));
    trail.push(cid);
    const next =
      node.kind === 'shard' ? await findInShards(cid, name, { read, trail }) : linkNamed(node, name);
    if (next === undefined) throw pathNotFound(root, segments);
    cid = next;
  }
  return { entity: await entityOf(cid, blocks), trail };
}

function linkNamed(node: UnixfsNode, name: string): CID | undefined {
  if (node.kind !== 'directory') return undefined;
  for (const link of node.links) {
    const entry = entryOf(node, link);
    if (entry?.name === name) return entry.cid;
  }
  return undefined;
}

async function entityOf(cid: CID, blocks: PathBlocks): Promise<Entity> {
  if (cid.code !== DAG_PB_CODEC) return { kind: 'file', cid, sizeBytes: await blocks.sizeOf(cid) };
  const node = decodeUnixfs(cid, await blocks.get(cid));
  switch (node.kind) {
    case 'file':
      if (!Number.isSafeInteger(node.sizeBytes)) throw damaged(cid, 'it is larger than can be counted');
      return { kind: 'file', cid, sizeBytes: node.sizeBytes };
    case 'directory':
    case 'shard':
      return { kind: 'directory', cid, sizeBytes: 0 };
    default:
      return { kind: 'other', cid, sizeBytes: 0 };
  }
}

function pathNotFound(root: CID, segments: readonly string[]): GatewayError {
  return new GatewayError(404, 'PATH_NOT_FOUND', {
    message: 'The content has no such path.',
    values: { path: [root.toString(), ...segments].join('/') },
    remedy: 'Check the names below the CID; they are case-sensitive.',
  });
}
