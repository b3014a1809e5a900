import { decode as decodeDagPb, type PBLink } from '@ipld/dag-pb';
import { UnixFS } from 'ipfs-unixfs';
import type { CID } from 'multiformats/cid';

import { DAG_PB_CODEC } from '../../../sdk/protocol/content.ts';
import { GatewayError } from './gateway-error.ts';

/** A child of a file, with as many of its bytes as the parent declares. */
export interface FilePart {
  readonly cid: CID;
  readonly length: number;
}

/** A block as UnixFS sees it. */
export type UnixfsNode =
  | { readonly kind: 'leaf'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'file';
      readonly data: Uint8Array | undefined;
      readonly children: readonly FilePart[];
      readonly sizeBytes: number;
    }
  | { readonly kind: 'directory'; readonly links: readonly PBLink[] }
  /** Part of a directory that is sharded by the hash of its names: links to shards have bare prefixes as names. */
  | {
      readonly kind: 'shard';
      readonly links: readonly PBLink[];
      readonly prefixLength: number;
      /** Bits of a name's hash that choose among its children. */
      readonly widthBits: number;
    }
  /** A symbolic link, or dag-pb that is no UnixFS. */
  | { readonly kind: 'other'; readonly links: readonly PBLink[] };

/** @throws GatewayError CONTENT_DAMAGED for dag-pb that cannot be decoded, or a file that contradicts itself */
export function decodeUnixfs(cid: CID, bytes: Uint8Array): UnixfsNode {
  if (cid.code !== DAG_PB_CODEC) return { kind: 'leaf', bytes };
  const { Data, Links: links } = decodeNode(cid, bytes);
  const unixfs = Data === undefined ? undefined : unmarshal(Data);
  switch (unixfs?.type) {
    case 'directory':
      return { kind: 'directory', links };
    case 'hamt-sharded-directory':
      return { kind: 'shard', links, ...widthOf(cid, unixfs) };
    case 'file':
    case 'raw': {
      if (links.length !== unixfs.blockSizes.length) throw damaged(cid, 'sizes of its parts are missing');
      const children = links.map(({ Hash }, i) => ({
        cid: Hash,
        length: Number(unixfs.blockSizes[i] ?? 0n),
      }));
      return { kind: 'file', data: unixfs.data, children, sizeBytes: Number(unixfs.fileSize()) };
    }
    default:
      return { kind: 'other', links };
  }
}

/** Names and targets of a directory's own links, shards left out. */
export function entryOf(node: UnixfsNode, link: PBLink): { name: string; cid: CID } | undefined {
  const name = link.Name ?? '';
  if (node.kind === 'directory') return { name, cid: link.Hash };
  if (node.kind !== 'shard' || name.length <= node.prefixLength) return undefined;
  return { name: name.slice(node.prefixLength), cid: link.Hash };
}

/** Shards below a part of a sharded directory. */
export function shardsBelow(node: Extract<UnixfsNode, { kind: 'shard' }>): CID[] {
  return node.links.filter(({ Name }) => Name?.length === node.prefixLength).map(({ Hash }) => Hash);
}

/** How many children a shard may have (UnixFS specification): a power of two within these. */
const MIN_SHARD_BITS = 3;
const MAX_SHARD_BITS = 10;

function widthOf(cid: CID, { fanout = 0n }: UnixFS): { widthBits: number; prefixLength: number } {
  const widthBits = fanout.toString(2).length - 1;
  const isPower = fanout === 1n << BigInt(widthBits);
  if (!isPower || widthBits < MIN_SHARD_BITS || widthBits > MAX_SHARD_BITS) {
    throw damaged(cid, 'its shards are of an impossible width');
  }
  return { widthBits, prefixLength: (fanout - 1n).toString(16).length };
}

const DAMAGED_REMEDY = 'Use format=raw to fetch its blocks; the publisher has to publish it again.';

/** The content contradicts itself: no answer that trusts it can be right. */
export function damaged(
  cid: CID,
  reason: string,
  values: Record<string, number> = {},
  cause?: unknown,
): GatewayError {
  return new GatewayError(422, 'CONTENT_DAMAGED', {
    message: `The content cannot be read as UnixFS: ${reason}.`,
    values: { cid: cid.toString(), ...values },
    remedy: DAMAGED_REMEDY,
    cause,
  });
}

function decodeNode(cid: CID, bytes: Uint8Array): ReturnType<typeof decodeDagPb> {
  try {
    return decodeDagPb(bytes);
  } catch (cause) {
    throw damaged(cid, 'a node cannot be decoded', {}, cause);
  }
}

/** Undefined for data that is no UnixFS: dag-pb may carry anything. */
function unmarshal(data: Uint8Array): UnixFS | undefined {
  try {
    return UnixFS.unmarshal(data);
  } catch {
    return undefined;
  }
}
