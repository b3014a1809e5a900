import { decode as decodeDagPb } from '@ipld/dag-pb';
import type { CID } from 'multiformats/cid';

import { DAG_PB_CODEC, requireSupported } from '../../../sdk/protocol/content.ts';
import { StorageError } from '../../core/storage/storage-error.ts';

/** Inner nodes that wait to be read at once: a balanced DAG of a terabyte needs a few hundred. */
const MAX_WAITING_NODES = 100_000;
/** Blocks of one content. */
const MAX_CONTENT_BLOCKS = 5_000_000;

export interface WalkPorts {
  read(cid: CID): Promise<Uint8Array | undefined>;
  has(cid: CID): boolean;
  /** Marks a block as reached; false when it was reached before. */
  reach(cid: CID): boolean;
}

/**
 * Visits the DAG from its root once and yields what is missing. Inner nodes are read, leaves only looked
 * up, so memory does not grow with the content.
 * @throws StorageError DAG_INVALID
 */
export async function* missingOf(root: CID, ports: WalkPorts): AsyncGenerator<CID> {
  const waiting: CID[] = [root];
  let visited = 0;
  for (let cid = waiting.pop(); cid !== undefined; cid = waiting.pop()) {
    if (!ports.reach(cid)) continue;
    visited += 1;
    if (visited > MAX_CONTENT_BLOCKS)
      throw dagInvalid('it has too many blocks', cid, { maxBlocks: MAX_CONTENT_BLOCKS });
    if (cid.code !== DAG_PB_CODEC) {
      if (!ports.has(cid)) yield cid;
      continue;
    }
    const bytes = await ports.read(cid);
    if (bytes === undefined) yield cid;
    else waiting.push(...linksOf(cid, bytes, waiting.length));
  }
}

function linksOf(cid: CID, bytes: Uint8Array, waiting: number): CID[] {
  let links: CID[];
  try {
    links = decodeDagPb(bytes).Links.map((link) => requireSupported(link.Hash));
  } catch (error) {
    throw dagInvalid('a node cannot be decoded or links to what is not served', cid, {}, error);
  }
  if (waiting + links.length > MAX_WAITING_NODES) {
    throw dagInvalid('it is too wide', cid, { maxWaitingNodes: MAX_WAITING_NODES });
  }
  // The first link is to be visited first: it goes on top.
  return links.reverse();
}

function dagInvalid(
  reason: string,
  cid: CID,
  values: Record<string, string | number>,
  cause?: unknown,
): StorageError {
  return new StorageError('DAG_INVALID', `The content cannot be stored: ${reason}.`, {
    values: { cid: cid.toString(), ...values },
    remedy: 'Publish the content as UnixFS with raw leaves, as `bcdn publish` makes it.',
    cause,
  });
}
