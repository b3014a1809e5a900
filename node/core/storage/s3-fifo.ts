import { FifoQueue, type QueueLinks } from './fifo-queue.ts';

/** Share of the cache that new entries pass through before they prove themselves. */
const SMALL_SHARE = 0.1;
/** Hits are counted up to this: two bits. */
const MAX_HITS = 3;
/** Hits in the small queue that an entry needs to stay. */
const HITS_TO_STAY = 2;
/** Names that are remembered at least, however few entries there are. */
const MIN_GHOSTS = 16;

interface Entry extends QueueLinks<Entry> {
  readonly key: string;
  bytes: number;
  hits: number;
  queue: 'small' | 'main' | 'ghost';
}

/**
 * Order in which entries of a cache are evicted: S3-FIFO, with sizes in bytes.
 *
 * Source: Yang, Zhang, Qiu, Yue, Rashmi, "FIFO queues are all you need for cache eviction", SOSP 2023.
 * A small queue lets entries that are asked for once leave quickly, a main queue gives hit entries another
 * round, a ghost queue remembers the names of what left the small one. Insert and touch cost one map
 * operation; nothing moves on a hit.
 */
export class S3Fifo {
  readonly #entries = new Map<string, Entry>();
  readonly #small = new FifoQueue<Entry>();
  readonly #main = new FifoQueue<Entry>();
  readonly #ghost = new FifoQueue<Entry>();
  #smallBytes = 0;
  #totalBytes = 0;

  get bytes(): number {
    return this.#totalBytes;
  }

  get size(): number {
    return this.#small.size + this.#main.size;
  }

  has(key: string): boolean {
    return this.#resident(key) !== undefined;
  }

  /** Adds an entry. One that left the small queue lately goes straight to the main one. */
  insert(key: string, bytes: number): void {
    const known = this.#entries.get(key);
    if (known === undefined) {
      const entry: Entry = { key, bytes, hits: 0, queue: 'small', newer: undefined, older: undefined };
      this.#entries.set(key, entry);
      this.#enqueue(entry, 'small');
    } else if (known.queue === 'ghost') {
      this.#ghost.remove(known);
      known.bytes = bytes;
      known.hits = 0;
      this.#enqueue(known, 'main');
    } else return;
    this.#totalBytes += bytes;
  }

  /** Notes that an entry was asked for. @returns whether it is here */
  touch(key: string): boolean {
    const entry = this.#resident(key);
    if (entry === undefined) return false;
    if (entry.hits < MAX_HITS) entry.hits += 1;
    return true;
  }

  /** Takes an entry out without judging it: it was deleted, or is pinned from now on. */
  remove(key: string): void {
    const entry = this.#resident(key);
    if (entry === undefined) return;
    this.#dequeue(entry);
    this.#entries.delete(key);
    this.#totalBytes -= entry.bytes;
  }

  /** Chooses the entry to give up and takes it out, or undefined when there is none. */
  evict(): string | undefined {
    while (this.size > 0) {
      const fromSmall = this.#smallBytes > this.#totalBytes * SMALL_SHARE || this.#main.size === 0;
      const victim = fromSmall ? this.#evictSmall() : this.#evictMain();
      if (victim !== undefined) return victim;
    }
    return undefined;
  }

  /** The oldest of the small queue: promoted if it was hit often enough since it came, else the victim. */
  #evictSmall(): string | undefined {
    const entry = this.#small.oldest;
    if (entry === undefined) return undefined;
    this.#dequeue(entry);
    if (entry.hits >= HITS_TO_STAY) {
      entry.hits = 0;
      this.#enqueue(entry, 'main');
      return undefined;
    }
    this.#totalBytes -= entry.bytes;
    entry.queue = 'ghost';
    this.#ghost.add(entry);
    this.#trimGhosts();
    return entry.key;
  }

  /** The oldest of the main queue: another round for each hit, else the victim. */
  #evictMain(): string | undefined {
    const entry = this.#main.oldest;
    if (entry === undefined) return undefined;
    this.#dequeue(entry);
    if (entry.hits > 0) {
      entry.hits -= 1;
      this.#enqueue(entry, 'main');
      return undefined;
    }
    this.#entries.delete(entry.key);
    this.#totalBytes -= entry.bytes;
    return entry.key;
  }

  #resident(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    return entry?.queue === 'ghost' ? undefined : entry;
  }

  #enqueue(entry: Entry, queue: 'small' | 'main'): void {
    entry.queue = queue;
    if (queue === 'main') this.#main.add(entry);
    else {
      this.#small.add(entry);
      this.#smallBytes += entry.bytes;
    }
  }

  #dequeue(entry: Entry): void {
    if (entry.queue === 'main') this.#main.remove(entry);
    else {
      this.#small.remove(entry);
      this.#smallBytes -= entry.bytes;
    }
  }

  /** The ghost queue is as long as the cache holds entries, as in the paper. */
  #trimGhosts(): void {
    const limit = Math.max(MIN_GHOSTS, this.size);
    for (let oldest = this.#ghost.oldest; oldest !== undefined; oldest = this.#ghost.oldest) {
      if (this.#ghost.size <= limit) return;
      this.#ghost.remove(oldest);
      this.#entries.delete(oldest.key);
    }
  }
}
