/** Share of the cache that new blocks pass through before they prove themselves. */
const SMALL_SHARE = 0.1;
/** Hits are counted up to this: two bits. */
const MAX_HITS = 3;

interface Entry {
  readonly bytes: number;
  hits: number;
  queue: 'small' | 'main';
}

/**
 * Order in which unpinned blocks are evicted: S3-FIFO, with sizes in bytes.
 *
 * Source: Yang, Zhang, Qiu, Yue, Rashmi, "FIFO queues are all you need for cache eviction", SOSP 2023.
 * A small queue lets blocks that are asked for once leave quickly, a main queue gives hit blocks another
 * round, a ghost queue remembers the names of what left the small one. Insert and touch cost one map
 * operation; nothing moves on a hit.
 */
export class S3Fifo {
  readonly #entries = new Map<string, Entry>();
  // Maps and sets iterate in insertion order: they are the queues.
  readonly #small = new Set<string>();
  readonly #main = new Set<string>();
  readonly #ghost = new Set<string>();
  #smallBytes = 0;
  #totalBytes = 0;

  get bytes(): number {
    return this.#totalBytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Adds a block. One that left the small queue lately goes straight to the main one. */
  insert(key: string, bytes: number): void {
    if (this.#entries.has(key)) return;
    const queue = this.#ghost.delete(key) ? 'main' : 'small';
    this.#entries.set(key, { bytes, hits: 0, queue });
    this.#enqueue(key, bytes, queue);
    this.#totalBytes += bytes;
  }

  /** Notes that a block was asked for. */
  touch(key: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined && entry.hits < MAX_HITS) entry.hits += 1;
  }

  /** Takes a block out without judging it: it was deleted, or is pinned from now on. */
  remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#dequeue(key, entry);
    this.#forget(key, entry);
  }

  /** Chooses the block to give up and takes it out, or undefined when there is none. */
  evict(): string | undefined {
    while (this.#entries.size > 0) {
      const fromSmall = this.#smallBytes > this.#totalBytes * SMALL_SHARE || this.#main.size === 0;
      const victim = fromSmall ? this.#evictSmall() : this.#evictMain();
      if (victim !== undefined) return victim;
    }
    return undefined;
  }

  /** The oldest of the small queue: promoted if it was hit more than once since it came, else the victim. */
  #evictSmall(): string | undefined {
    const { key, entry } = this.#oldest(this.#small);
    this.#dequeue(key, entry);
    if (entry.hits > 1) {
      entry.hits = 0;
      entry.queue = 'main';
      this.#enqueue(key, entry.bytes, 'main');
      return undefined;
    }
    this.#forget(key, entry);
    this.#remember(key);
    return key;
  }

  /** The oldest of the main queue: another round for each hit, else the victim. */
  #evictMain(): string | undefined {
    const { key, entry } = this.#oldest(this.#main);
    this.#dequeue(key, entry);
    if (entry.hits > 0) {
      entry.hits -= 1;
      this.#enqueue(key, entry.bytes, 'main');
      return undefined;
    }
    this.#forget(key, entry);
    return key;
  }

  #oldest(queue: Set<string>): { key: string; entry: Entry } {
    for (const key of queue) {
      const entry = this.#entries.get(key);
      if (entry !== undefined) return { key, entry };
    }
    throw new RangeError('an S3-FIFO queue was asked for its oldest entry while empty');
  }

  #enqueue(key: string, bytes: number, queue: Entry['queue']): void {
    if (queue === 'main') this.#main.add(key);
    else {
      this.#small.add(key);
      this.#smallBytes += bytes;
    }
  }

  #dequeue(key: string, entry: Entry): void {
    if (entry.queue === 'main') this.#main.delete(key);
    else if (this.#small.delete(key)) this.#smallBytes -= entry.bytes;
  }

  #forget(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#totalBytes -= entry.bytes;
  }

  /** The ghost queue is as long as the cache holds entries, as in the paper. */
  #remember(key: string): void {
    this.#ghost.add(key);
    const limit = Math.max(MIN_GHOSTS, this.#entries.size);
    for (const oldest of this.#ghost) {
      if (this.#ghost.size <= limit) break;
      this.#ghost.delete(oldest);
    }
  }
}

const MIN_GHOSTS = 16;
