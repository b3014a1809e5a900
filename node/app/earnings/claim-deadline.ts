import type { ClaimNote } from '../settlement/settlement-notes.ts';
import { isOpen } from './deal-money.ts';

/** Two points from which the pace of blocks is told. */
export interface BlockPace {
  readonly head: { readonly block: number; readonly timestampSeconds: number };
  /** Some earlier block. */
  readonly earlier: { readonly block: number; readonly timestampSeconds: number };
}

/** An open claim and the time that is left for it. */
export interface OpenClaim {
  readonly claim: ClaimNote;
  /** Blocks in which it can still be opened; undefined while the chain does not answer. */
  readonly blocksLeft: number | undefined;
  /** Unix seconds of the last of them, if blocks go on coming at the pace of late; undefined when that is not known. */
  readonly deadlineSeconds: number | undefined;
}

/** The claims that are not decided, the most urgent first. */
export function openClaims(claims: readonly ClaimNote[], pace: BlockPace | undefined): OpenClaim[] {
  return claims
    .filter(isOpen)
    .toSorted((a, b) => a.lastBlock - b.lastBlock)
    .map((claim) => {
      if (pace === undefined) return { claim, blocksLeft: undefined, deadlineSeconds: undefined };
      const blocksLeft = Math.max(0, claim.lastBlock - pace.head.block);
      return { claim, blocksLeft, deadlineSeconds: timeOf(claim.lastBlock, pace) };
    });
}

function timeOf(block: number, { head, earlier }: BlockPace): number | undefined {
  const blocks = head.block - earlier.block;
  if (blocks <= 0) return undefined;
  const secondsPerBlock = (head.timestampSeconds - earlier.timestampSeconds) / blocks;
  return Math.round(head.timestampSeconds + (block - head.block) * secondsPerBlock);
}
