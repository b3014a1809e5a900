import { randomBytes } from 'node:crypto';

import type { ContentSink } from '../../../sdk/client/content-sink.ts';
import { fetchContent } from '../../../sdk/client/fetch-content.ts';
import type { EdgeFleet } from './edge-fleet.ts';

/** One fetch of the whole file. */
export interface FetchFigures {
  readonly seconds: number;
  readonly bytesPerSecond: number;
  /** Processor time of the fetching process. */
  readonly cpuSeconds: number;
  /** Bytes that edges sent beyond one copy of every block, as a share of the file. */
  readonly duplicates: number;
  /** Whether receipts for every byte counted were on disk at their edges when the fetch returned. */
  readonly receipted: boolean;
  readonly dropped: number;
}

/** Bytes are verified by the fetch and then let go: what is measured is not this machine's disk. */
const NOWHERE: ContentSink = { write: () => undefined };

/** Fetches once with the SDK as an application does: grants, lookup, blocks, hashes, receipts. */
export async function runCase(
  fleet: EdgeFleet,
  caps: readonly number[],
  options: { readonly archiveBytes: number; readonly signal: AbortSignal },
): Promise<FetchFigures> {
  await fleet.prepare(caps);
  const before = await fleet.meter();
  const cpuBefore = process.cpuUsage();
  const { root: cid } = fleet.content;
  const { marketplaceUrl } = fleet;
  const viewerKey = randomBytes(32);
  const fetched = await fetchContent(
    { cid, marketplaceUrl, viewerKey, sink: NOWHERE },
    { signal: options.signal },
  );
  const { user, system } = process.cpuUsage(cpuBefore);
  const after = await fleet.meter();
  const counted = [...fetched.bytesByNode.values()].reduce((sum, bytes) => sum + bytes, 0);
  return {
    seconds: fetched.seconds,
    bytesPerSecond: fetched.bytes / fetched.seconds,
    cpuSeconds: (user + system) / 1_000_000,
    duplicates: (after.servedBytes - before.servedBytes) / options.archiveBytes - 1,
    receipted: after.receiptedBytes - before.receiptedBytes === counted,
    dropped: fetched.droppedNodes.length,
  };
}
