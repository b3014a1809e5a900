import type { CID } from 'multiformats/cid';

import { murmur3 } from './murmur3.ts';
import { damaged, decodeUnixfs } from './unixfs-node.ts';

const HASH_BITS = 64;

/**
 * Finds a name in a directory that is sharded by the hash of its names (UnixFS specification, HAMT directory): each
 * level is chosen by the next bits of the hash, so that at most eight nodes are read, whatever the nodes say.
 *
 * @param read gets a node; called for the directory first
 * @param trail gets the shards that were read below the directory
 * @throws GatewayError CONTENT_DAMAGED, and what reading throws
 */
export async function findInShards(
  directory: CID,
  name: string,
  { read, trail }: { readonly read: (cid: CID) => Promise<Uint8Array>; readonly trail: CID[] },
): Promise<CID | undefined> {
  // The bare prefix of a place names the shard there, and is no name.
  if (name === '') return undefined;
  const hash = murmur3(Buffer.from(name));
  let cid = directory;
  for (let left = HASH_BITS; ;) {
    const node = decodeUnixfs(cid, await read(cid));
    if (node.kind !== 'shard') throw damaged(cid, 'a shard of a directory is none');
    if (cid !== directory) trail.push(cid);
    left -= node.widthBits;
    if (left < 0) throw damaged(directory, 'its shards are too deep');
    const place = Number((hash >> BigInt(left)) & ((1n << BigInt(node.widthBits)) - 1n));
    const prefix = place.toString(16).toUpperCase().padStart(node.prefixLength, '0');
    const entry = node.links.find(({ Name }) => Name === prefix + name);
    if (entry !== undefined) return entry.Hash;
    const shard = node.links.find(({ Name }) => Name === prefix);
    if (shard === undefined) return undefined;
    cid = shard.Hash;
  }
}
