import type { CID } from 'multiformats/cid';

import type { BlockLoan, BlockReader, BlockSpan } from './block-ports.ts';

/** Borrows from any reader: what one that lends nothing gives is the borrower's for good. */
export async function borrowBlock(
  reader: BlockReader,
  cid: CID,
  span?: BlockSpan,
): Promise<BlockLoan | undefined> {
  if (reader.borrow !== undefined) return reader.borrow(cid, span);
  const block = await reader.get(cid);
  if (block === undefined) return undefined;
  const bytes = span === undefined ? block : block.subarray(span.start, span.end + 1);
  return ownedBytes(bytes, block.length);
}

/** A loan that is handed on after a wait; where the wait fails it is given back. @throws what the wait throws */
export async function loanAfter(loan: BlockLoan, wait: () => Promise<unknown>): Promise<BlockLoan> {
  try {
    await wait();
    return loan;
  } catch (error) {
    loan.end();
    throw error;
  }
}

/** Bytes that need not be given back, as a loan. */
export function ownedBytes(bytes: Uint8Array, blockBytes = bytes.length): BlockLoan {
  return { bytes, blockBytes, end: nothingToGiveBack };
}

function nothingToGiveBack(): void {}
