import type { CID } from 'multiformats/cid';

import { RAW_CODEC } from '../../protocol/content.ts';
import { MAX_SHELVED_BYTES, MAX_SHELVED_NODES } from '../player-limits.ts';

/** Where verified blocks come from. */
export interface VerifiedBlocks {
  /** One verified block. */
  fetch(cid: CID, maxBytes: number): Promise<Uint8Array>;
  /** Nobody waits for it any more. */
  abandon(cid: CID, reason: unknown): void;
}

interface Waiting {
  readonly promise: Promise<Uint8Array>;
  readers: number;
}

/**
 * Blocks that several readers of one content share. A block under way is fetched once for all who ask and given up when
 * the last of them has left; what came is kept for a while, inner nodes longest, within fixed memory.
 */
export class BlockShelf {
  readonly #blocks: VerifiedBlocks;
  readonly #underWay = new Map<string, Waiting>();
  /** Oldest first, both. */
  readonly #leaves = new Map<string, Uint8Array>();
  readonly #nodes = new Map<string, Uint8Array>();
  #leafBytes = 0;

  constructor(blocks: VerifiedBlocks) {
    this.#blocks = blocks;
  }

  /** @throws what fetching throws; the signal's reason */
  async get(cid: CID, maxBytes: number, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    const key = cid.toString();
    const kept = this.#nodes.get(key) ?? this.#leaves.get(key);
    if (kept !== undefined) return kept;
    const waiting = this.#underWay.get(key) ?? this.#ask(cid, key, maxBytes);
    waiting.readers += 1;
    if (signal === undefined) return waiting.promise;
    const left = Promise.withResolvers<never>();
    const leave = () => {
      left.reject(signal.reason);
      waiting.readers -= 1;
      if (waiting.readers > 0 || this.#underWay.get(key) !== waiting) return;
      this.#underWay.delete(key);
      this.#blocks.abandon(cid, signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([waiting.promise, left.promise]);
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  #ask(cid: CID, key: string, maxBytes: number): Waiting {
    const promise = this.#blocks.fetch(cid, maxBytes).then((bytes) => {
      this.#keep(cid, key, bytes);
      return bytes;
    });
    const waiting: Waiting = { promise, readers: 0 };
    this.#underWay.set(key, waiting);
    // Each reader hears of a failure through its own wait.
    const ended = () => {
      if (this.#underWay.get(key) === waiting) this.#underWay.delete(key);
    };
    promise.then(ended, ended);
    return waiting;
  }

  #keep(cid: CID, key: string, bytes: Uint8Array): void {
    if (cid.code !== RAW_CODEC) {
      this.#nodes.set(key, bytes);
      dropOldest(this.#nodes, () => this.#nodes.size > MAX_SHELVED_NODES);
      return;
    }
    if (this.#leaves.has(key)) return;
    this.#leaves.set(key, bytes);
    this.#leafBytes += bytes.length;
    dropOldest(
      this.#leaves,
      () => this.#leafBytes > MAX_SHELVED_BYTES,
      (dropped) => (this.#leafBytes -= dropped.length),
    );
  }
}

function dropOldest(
  blocks: Map<string, Uint8Array>,
  tooMany: () => boolean,
  onDropped: (block: Uint8Array) => void = () => undefined,
): void {
  for (const [key, block] of blocks) {
    if (!tooMany()) return;
    blocks.delete(key);
    onDropped(block);
  }
}
