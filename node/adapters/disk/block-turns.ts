import type { DigestHex } from './block-store-files.ts';

/** Changes of one block's file, one after the other. */
export class BlockTurns {
  readonly #changing = new Map<DigestHex, Promise<void>>();

  isTaken(digest: DigestHex): boolean {
    return this.#changing.has(digest);
  }

  /** Resolves when the changes that are under way have ended, well or not. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#changing.values());
  }

  /** Waits until nothing writes or removes the block. */
  async settled(digest: DigestHex): Promise<void> {
    for (let busy = this.#changing.get(digest); busy !== undefined; busy = this.#changing.get(digest)) {
      // Whoever began it is told of its failure; here it only has to be over.
      await busy.catch(() => undefined);
    }
  }

  /** Holds others back that wait for the block until the change is over. */
  async take(digest: DigestHex, change: Promise<void>): Promise<void> {
    this.#changing.set(digest, change);
    try {
      await change;
    } finally {
      if (this.#changing.get(digest) === change) this.#changing.delete(digest);
    }
  }
}
