import * as dagPb from '@ipld/dag-pb';
import { UnixFS } from 'ipfs-unixfs';
import type { CID } from 'multiformats/cid';

import { ClientError } from '../../client/client-error.ts';
import type { FetchBlock } from '../../client/file-download.ts';
import { DAG_PB_CODEC, requireSupported } from '../../protocol/content.ts';
import { MAX_SERVED_BLOCK_BYTES } from '../../protocol/limits.ts';
import { MAX_LISTED_ENTRIES } from '../player-limits.ts';

/** Characters before a name in a node of a sharded directory (UnixFS specification, HAMT). */
const SHARD_PREFIX = 2;

/** Names in a directory, sharded ones included; undefined for what is no directory. */
export async function listDirectory(
  cid: CID,
  fetchBlock: FetchBlock,
): Promise<readonly string[] | undefined> {
  if (cid.code !== DAG_PB_CODEC) return undefined;
  const names: string[] = [];
  const waiting = [cid];
  let blocks = 0;
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (++blocks > MAX_LISTED_ENTRIES || names.length > MAX_LISTED_ENTRIES) throw tooLong(cid);
    const node = decoded(next, await fetchBlock(next, MAX_SERVED_BLOCK_BYTES));
    if (node === undefined) return undefined;
    for (const { Name = '', Hash } of node.links) {
      if (!node.sharded) names.push(Name);
      else if (Name.length > SHARD_PREFIX) names.push(Name.slice(SHARD_PREFIX));
      else waiting.push(requireSupported(Hash));
    }
  }
  return names;
}

function decoded(
  cid: CID,
  block: Uint8Array,
): { links: readonly dagPb.PBLink[]; sharded: boolean } | undefined {
  try {
    const { Links, Data } = dagPb.decode(block);
    const { type } = UnixFS.unmarshal(Data ?? new Uint8Array(0));
    if (type !== 'directory' && type !== 'hamt-sharded-directory') return undefined;
    return { links: Links, sharded: type === 'hamt-sharded-directory' };
  } catch (cause) {
    throw new ClientError('DAG_INVALID', `${cid.toString()} cannot be decoded as a UnixFS node.`, {
      values: { cid: cid.toString() },
      remedy:
        'Ask the publisher to publish the content again; its bytes are as signed, but make no directory.',
      cause,
    });
  }
}

function tooLong(cid: CID): ClientError {
  return new ClientError('DAG_LIMIT_EXCEEDED', `The directory ${cid.toString()} has too many entries.`, {
    values: { cid: cid.toString(), limit: MAX_LISTED_ENTRIES },
    remedy: 'Name a file inside it, as in cid/path/to/file.',
  });
}
