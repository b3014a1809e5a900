import type { CID } from 'multiformats/cid';

import type { ByteSpan } from '../../core/http-semantics/byte-ranges.ts';
import type { BlockLoan } from '../../core/storage/block-ports.ts';
import { ownedBytes } from '../../core/storage/borrowed-block.ts';
import { BODY_PIECE_BYTES, MAX_PIECE_BUFFER_BYTES } from './gateway-limits.ts';
import type { SendingMemory } from './sending-memory.ts';

/** Reads a block; one that cannot be had is an error. */
export type ReadBlock = (cid: CID) => Promise<Uint8Array>;
/** Lends bytes of a block; one that cannot be had is an error. */
export type BorrowBlock = (cid: CID, span: ByteSpan) => Promise<BlockLoan>;

/** Where the bytes of a body come from. */
export interface BlockSource {
  readonly borrow: BorrowBlock;
  readonly memory: SendingMemory;
}

/**
 * The bytes of a span of a block, each piece until the next one is asked for. Usually they come at once and without
 * copying. When many slow clients hold blocks, each gets small pieces and asks for the next one when it has taken that:
 * so a slow client costs a piece, not a block, and everybody is served.
 */
export async function* blockPieces(
  { borrow, memory }: BlockSource,
  cid: CID,
  { start, end }: ByteSpan,
): AsyncGenerator<Uint8Array> {
  for (let at = start; at <= end;) {
    const { crowded } = memory;
    const last = crowded ? Math.min(end, at + BODY_PIECE_BYTES - 1) : end;
    const lent = await borrow(cid, { start: at, end: last });
    const loan = crowded ? withoutItsBlock(lent) : lent;
    if (!crowded) memory.hold(loan.bytes);
    try {
      yield loan.bytes;
    } finally {
      if (!crowded) memory.release(loan.bytes);
      loan.end();
    }
    at = last + 1;
  }
}

/** The bytes of a span at once: of a block that is small, or copied where they are a small part of it. */
export async function fewBytes(borrow: BorrowBlock, cid: CID, span: ByteSpan): Promise<BlockLoan> {
  return withoutItsBlock(await borrow(cid, span));
}

/** The same loans, of a block that has to have a size: then they are of as many bytes as are asked for. */
export function ofSize(
  borrow: BorrowBlock,
  expected: { readonly blockBytes: number; readonly otherwise: (cid: CID, blockBytes: number) => Error },
): BorrowBlock {
  return async (cid, span) => {
    const loan = await borrow(cid, span);
    if (loan.blockBytes === expected.blockBytes) return loan;
    loan.end();
    throw expected.otherwise(cid, loan.blockBytes);
  };
}

/** The bytes in memory that is not much larger than they are, so that a slow client holds no more. */
function withoutItsBlock(loan: BlockLoan): BlockLoan {
  if (loan.bytes.buffer.byteLength <= MAX_PIECE_BUFFER_BYTES) return loan;
  const copy = ownedBytes(new Uint8Array(loan.bytes), loan.blockBytes);
  loan.end();
  return copy;
}
