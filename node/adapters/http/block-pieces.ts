import type { CID } from 'multiformats/cid';

import type { ByteSpan } from '../../core/http-semantics/byte-ranges.ts';
import { BODY_PIECE_BYTES } from './gateway-limits.ts';
import type { SendingMemory } from './sending-memory.ts';

/** Reads a block; one that cannot be had is an error. */
export type ReadBlock = (cid: CID) => Promise<Uint8Array>;

/** Where the bytes of a body come from. */
export interface BlockSource {
  readonly read: ReadBlock;
  readonly memory: SendingMemory;
}

/**
 * The bytes of a span of a block. Usually they come at once and without copying. When many slow clients hold
 * blocks, each gets small copies and the block is read again for the next one, mostly from the system's
 * own cache: so a slow client costs a piece, not a block, and everybody is served.
 */
export async function* blockPieces(
  { read, memory }: BlockSource,
  cid: CID,
  { start, end }: ByteSpan,
): AsyncGenerator<Uint8Array> {
  for (let at = start; at <= end;) {
    if (memory.crowded) {
      const next = Math.min(end + 1, at + BODY_PIECE_BYTES);
      yield copyOf(await read(cid), at, next);
      at = next;
    } else {
      const bytes = await read(cid);
      memory.hold(bytes);
      try {
        yield bytes.subarray(at, end + 1);
      } finally {
        memory.release(bytes);
      }
      return;
    }
  }
}

/** The bytes of a span at once: of a block that is small, or copied where they are a small part of it. */
export async function fewBytes(read: ReadBlock, cid: CID, { start, end }: ByteSpan): Promise<Uint8Array> {
  const bytes = await read(cid);
  if (start === 0 && end === bytes.length - 1) return bytes;
  return bytes.length <= BODY_PIECE_BYTES ? bytes.subarray(start, end + 1) : copyOf(bytes, start, end + 1);
}

// In a function of its own: a variable of the generator would keep the block while the copy is being sent.
function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.subarray(start, end));
}
