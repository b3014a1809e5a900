/** What can wait in a queue: it carries its own links, so that leaving from the middle costs nothing. */
export interface QueueLinks<Item> {
  newer: Item | undefined;
  older: Item | undefined;
}

/**
 * First in, first out, with room to leave in between. An item is in at most one queue at a time.
 *
 * A `Set` in insertion order would do the same, but its oldest entry is searched behind all that were deleted before it.
 */
export class FifoQueue<Item extends QueueLinks<Item>> {
  #oldest: Item | undefined;
  #newest: Item | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get oldest(): Item | undefined {
    return this.#oldest;
  }

  add(item: Item): void {
    item.older = this.#newest;
    item.newer = undefined;
    if (this.#newest === undefined) this.#oldest = item;
    else this.#newest.newer = item;
    this.#newest = item;
    this.#size += 1;
  }

  /** Takes out an item of this queue. */
  remove(item: Item): void {
    if (item.older === undefined) this.#oldest = item.newer;
    else item.older.newer = item.newer;
    if (item.newer === undefined) this.#newest = item.older;
    else item.newer.older = item.older;
    item.older = undefined;
    item.newer = undefined;
    this.#size -= 1;
  }
}
