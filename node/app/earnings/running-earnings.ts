import { lastRipeEpoch } from '../../core/settlement/settlement-plan.ts';
import type { ChainReader } from '../../adapters/chain/chain-reader.ts';
import type { EarningsDocument } from '../control/documents.ts';
import type { Foundation } from '../foundation.ts';
import type { PeerStore } from '../peers/peer-store.ts';
import type { ClaimNote } from '../settlement/settlement-notes.ts';
import { openClaims, type BlockPace } from './claim-deadline.ts';
import { isOpen } from './deal-money.ts';
import type { EarningsGrouping } from './earnings-table.ts';
import { encodeEarnings } from './encode-earnings.ts';
import { nodeEarnings, type NodeEarnings } from './node-earnings.ts';

/** Blocks behind the head from which the pace of blocks is told. */
const PACE_BLOCKS = 64;

/** The money of a running node, from what it has in memory and on disk; nobody is asked. */
export function runningEarnings(
  foundation: Pick<Foundation, 'journal' | 'store' | 'directory' | 'chainClock'>,
  peerStore: PeerStore | undefined,
): NodeEarnings {
  const { journal, store, directory, chainClock } = foundation;
  const terms = store.terms();
  return nodeEarnings({
    journal,
    store,
    peerStore,
    allocation: (dealId) => directory.known(dealId)?.allocation,
    ripeEpoch: terms === undefined ? undefined : lastRipeEpoch(chainClock.nowMs(), terms.epochSeconds),
  });
}

/** Earnings of a running node as a document; deadlines of claims are left open while the chain is away. */
export async function runningEarningsDocument(
  foundation: Foundation,
  peerStore: PeerStore | undefined,
  by: EarningsGrouping,
): Promise<EarningsDocument> {
  const { store, reader, config } = foundation;
  const earnings = runningEarnings(foundation, peerStore);
  return encodeEarnings(earnings, {
    by,
    paidFrom: 'chain',
    epochSeconds: store.terms()?.epochSeconds ?? 1,
    gasTokenWei: config.settings.gasTokenWei,
    openClaims: openClaims(earnings.claims, await blockPace(reader, earnings.claims)),
  });
}

/** How fast blocks come; undefined without an open claim, or while the chain does not answer. */
export async function blockPace(
  reader: ChainReader,
  claims: readonly ClaimNote[],
): Promise<BlockPace | undefined> {
  if (!claims.some(isOpen)) return undefined;
  try {
    const head = await reader.head();
    if (head === undefined) return undefined;
    const block = Math.max(0, head.block - PACE_BLOCKS);
    const timestampSeconds = await reader.timeOf(block);
    return timestampSeconds === undefined ? undefined : { head, earlier: { block, timestampSeconds } };
  } catch {
    // The chain is away: the claims are shown with their blocks alone.
    return undefined;
  }
}
