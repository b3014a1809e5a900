import { parseEpoch, type DealId, type Epoch } from '../../../sdk/protocol/identifiers.ts';
import type { DealAccount } from './settlement-question.ts';

/** Receipts that the coordinator is to be handed although no money moves now. */
export interface HandIn {
  readonly dealId: DealId;
  readonly throughEpoch: Epoch;
  /** Epochs up to this one were handed in before. */
  readonly afterEpoch: Epoch;
}

/**
 * What the coordinator lacks of a deal that is not settled now: because it is not worth a transaction yet, because the
 * escrow is used up, or because it was taken back. Handed in all the same, so that the publisher's books hold the same bytes
 * as this node's, and that nobody who closes a deal takes a node for paid that is not. It costs no gas.
 *
 * @returns undefined when the coordinator has it all
 */
export function missingHandIn(
  deal: Pick<DealAccount, 'dealId' | 'epochs' | 'throughEpoch' | 'handedInThrough' | 'thawEndsAtSeconds'>,
  ripe: Epoch,
  epochSeconds: number,
): HandIn | undefined {
  const { dealId, handedInThrough, thawEndsAtSeconds } = deal;
  const afterEpoch = parseEpoch(Math.max(deal.throughEpoch, handedInThrough ?? 0));
  const holds = deal.epochs.some(({ epoch, bytes }) => epoch > afterEpoch && epoch <= ripe && bytes > 0n);
  // A publisher that closes waits for the word that there is nothing more: until the last epoch that a grant can be of.
  const lastThawing = thawEndsAtSeconds === undefined ? -1 : thawEndsAtSeconds / epochSeconds - 1;
  const awaited = afterEpoch < Math.min(lastThawing, ripe);
  return holds || awaited ? { dealId, throughEpoch: ripe, afterEpoch } : undefined;
}
