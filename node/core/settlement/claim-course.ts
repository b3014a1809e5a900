import { CLAIM_URGENT_BLOCKS } from './settlement-limits.ts';

/** An own claim as the chain has it. */
export interface ClaimSight {
  readonly state: 'committed' | 'seeded' | 'paid' | 'void' | 'superseded';
  readonly seedBlock: number;
  /** Last block in which it can be pinned, while committed, or opened. */
  readonly lastBlock: number;
}

/** Everything the next action of a claim rests on. */
export interface ClaimQuestion {
  readonly claim: ClaimSight;
  /** The newest block: what is sent now is mined in the next one at the earliest. */
  readonly headBlock: number;
  readonly saltWindowBlocks: number;
  /** Blocks after the seed block in which a pinned claim can be opened. */
  readonly openingWindowBlocks: number;
  /** The receipts that were committed are at hand. */
  readonly hasReceipts: boolean;
  /** A voucher for exactly the claim's last epoch, worth at least what it locks, is at hand. */
  readonly hasVoucher: boolean;
  /** Gas costs more than the operator wants to pay. */
  readonly gasAboveCeiling: boolean;
}

/** What to do with an open claim. A deadline is the last block in which it still helps. */
export type ClaimAction =
  | { readonly kind: 'wait-for-seed'; readonly untilBlock: number; readonly deadlineBlock: number }
  | { readonly kind: 'wait-for-gas'; readonly deadlineBlock: number }
  /** Without the receipts only a voucher saves the bond. */
  | { readonly kind: 'wait-for-voucher'; readonly deadlineBlock: number }
  | { readonly kind: 'open'; readonly deadlineBlock: number }
  | { readonly kind: 'pin'; readonly deadlineBlock: number }
  | { readonly kind: 'supersede' }
  /** The window was missed: the bond is lost, the locked amount comes back to the allocation. */
  | { readonly kind: 'void' }
  | { readonly kind: 'done' };

/**
 * The next action of an own claim, as a function of what the chain and the disk say: any earlier action may have been
 * done, lost or undone by a reorganisation (ISampledClaims, block numbers of a claim).
 *
 * Opens at once when it can. Only gas above the operator's ceiling makes it wait, and only until the window is near its
 * end; where a pin lengthens the window, it pins first.
 */
export function nextClaimAction(question: ClaimQuestion): ClaimAction {
  const { claim, headBlock, hasReceipts, hasVoucher, gasAboveCeiling } = question;
  if (claim.state !== 'committed' && claim.state !== 'seeded') return { kind: 'done' };
  const deadlineBlock = claim.lastBlock;
  const over = headBlock >= deadlineBlock;
  // A voucher costs less gas than the openings, and it saves the bond even after the window.
  if (hasVoucher && (over || !gasAboveCeiling || isUrgent(question))) return { kind: 'supersede' };
  if (over) return gasAboveCeiling ? { kind: 'wait-for-gas', deadlineBlock } : { kind: 'void' };
  const untilBlock = claim.seedBlock + question.saltWindowBlocks;
  if (headBlock < untilBlock) return { kind: 'wait-for-seed', untilBlock, deadlineBlock };
  if (!hasReceipts) return { kind: 'wait-for-voucher', deadlineBlock };
  if (!gasAboveCeiling) return { kind: 'open', deadlineBlock };
  if (!isUrgent(question)) return { kind: 'wait-for-gas', deadlineBlock };
  const gainedBlocks = claim.seedBlock + question.openingWindowBlocks - deadlineBlock;
  // A pin in the last block must leave time for opening.
  const pinHelps = claim.state === 'committed' && gainedBlocks >= CLAIM_URGENT_BLOCKS;
  return { kind: pinHelps ? 'pin' : 'open', deadlineBlock };
}

/** The rest of the window is for sending, whatever it costs. */
function isUrgent({ claim, headBlock, saltWindowBlocks }: ClaimQuestion): boolean {
  const window = claim.lastBlock - claim.seedBlock - saltWindowBlocks;
  return claim.lastBlock - headBlock <= Math.min(CLAIM_URGENT_BLOCKS, Math.ceil(window / 2));
}
