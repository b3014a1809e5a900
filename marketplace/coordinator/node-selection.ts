import type { Address } from '../../sdk/protocol/identifiers.ts';
import {
  DEFAULT_GRANT_CAP_BYTES,
  GRANT_SHARE_OF_ALLOCATION,
  MAX_GRANT_CAP_BYTES,
  SMALL_GRANT_BYTES,
} from '../limits.ts';

export interface NodeCandidate {
  readonly address: Address;
  readonly region: string;
  /** Bytes that live grants already allow from this node. */
  readonly grantedBytes: bigint;
}

/** Nearest region first, then the node with the least granted, then by address so that the order is total. */
export function rankNodes<C extends NodeCandidate>(
  candidates: readonly C[],
  viewerRegion: string | undefined,
): C[] {
  return [...candidates].sort(
    (a, b) =>
      regionDistance(viewerRegion, a.region) - regionDistance(viewerRegion, b.region) ||
      Number(a.grantedBytes - b.grantedBytes) ||
      (a.address < b.address ? -1 : 1),
  );
}

/** 0 for the same region, 1 for the same continent (`eu-west`, `eu-north`), 2 otherwise; 0 if the viewer's is unknown. */
export function regionDistance(viewerRegion: string | undefined, nodeRegion: string): number {
  if (viewerRegion === undefined || viewerRegion === nodeRegion) return 0;
  return viewerRegion.split('-')[0] === nodeRegion.split('-')[0] ? 1 : 2;
}

/**
 * Cap of one grant. A grant takes at most a share of what the allocation has left, so that viewers who come later
 * find some too; when that share is small, it takes up to SMALL_GRANT_BYTES of what is left.
 *
 * @param remainingBytes what the allocation can still pay for and is not granted yet
 * @returns 0 if nothing is left
 */
export function grantCap(
  remainingBytes: bigint,
  requestedBytes: bigint = BigInt(DEFAULT_GRANT_CAP_BYTES),
): bigint {
  const wanted = least(requestedBytes, BigInt(MAX_GRANT_CAP_BYTES));
  const share = remainingBytes / GRANT_SHARE_OF_ALLOCATION;
  const small = least(remainingBytes, BigInt(SMALL_GRANT_BYTES));
  return least(wanted, share > small ? share : small);
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
