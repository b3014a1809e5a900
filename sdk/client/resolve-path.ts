import { MAX_SERVED_BLOCK_BYTES } from '../protocol/limits.ts';
import { walkPath } from 'ipfs-unixfs-exporter';
import type { CID } from 'multiformats/cid';

import { requireSupported } from '../protocol/content.ts';
import { ClientError } from './client-error.ts';
import { MAX_PATH_BLOCKS, MAX_PATH_LENGTH, MAX_PATH_SEGMENTS } from './client-limits.ts';
import type { FetchBlock } from './file-download.ts';

/**
 * The CID of what a path names inside a directory, sharded directories included.
 * @param path parts separated by slashes
 * @throws ClientError PATH_NOT_FOUND, DAG_LIMIT_EXCEEDED and what fetching blocks throws
 */
export async function resolvePath(root: CID, path: string, fetchBlock: FetchBlock): Promise<CID> {
  const segments = path.split('/').filter((segment) => segment !== '');
  if (segments.length === 0) return root;
  if (segments.length > MAX_PATH_SEGMENTS || path.length > MAX_PATH_LENGTH)
    throw pathTooLong(path, segments.length);
  let blocks = 0;
  let failure: { readonly error: unknown } | undefined;
  const store = {
    async *get(cid: CID): AsyncGenerator<Uint8Array> {
      if (++blocks > MAX_PATH_BLOCKS) throw pathTooLong(path, blocks);
      try {
        yield await fetchBlock(requireSupported(cid), MAX_SERVED_BLOCK_BYTES);
      } catch (error) {
        failure = { error };
        throw error;
      }
    },
  };
  try {
    let found = root;
    const full = [root.toString(), ...segments].join('/');
    for await (const entry of walkPath(full, store)) found = entry.cid;
    return requireSupported(found);
  } catch (cause) {
    if (failure !== undefined) throw failure.error;
    if (cause instanceof ClientError) throw cause;
    throw new ClientError('PATH_NOT_FOUND', `There is no ${path} in ${root.toString()}.`, {
      values: { root: root.toString(), path },
      remedy: 'Check the path; names are case sensitive.',
      cause,
    });
  }
}

function pathTooLong(path: string, actual: number): ClientError {
  return new ClientError('DAG_LIMIT_EXCEEDED', 'The path or the directories along it exceed their limits.', {
    values: { length: path.length, actual, maxSegments: MAX_PATH_SEGMENTS, maxBlocks: MAX_PATH_BLOCKS },
    remedy: 'Name the file by its own CID.',
  });
}
