interface Deadline<T> {
  readonly value: T;
  readonly dueMs: number;
}

/** What is due nearly always; not to be written to. */
const NOTHING: never[] = [];

/** Things that are due at a time, by key: the timers of a machine that has none. */
export class Deadlines<K, T> {
  readonly #entries = new Map<K, Deadline<T>>();
  /** Not later than the earliest deadline; exact unless that one may have been removed since. */
  #nextMs = Infinity;
  #exact = true;

  get size(): number {
    return this.#entries.size;
  }

  set(key: K, value: T, dueMs: number): void {
    const replaced = this.#entries.get(key);
    if (replaced !== undefined && replaced.dueMs <= this.#nextMs) this.#exact = false;
    this.#entries.set(key, { value, dueMs });
    this.#nextMs = Math.min(this.#nextMs, dueMs);
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  get(key: K): T | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Removes and returns. */
  take(key: K): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.dueMs <= this.#nextMs) this.#exact = false;
    return entry.value;
  }

  /** Removes and returns everything due. */
  due(nowMs: number): readonly (readonly [K, T])[] {
    if (nowMs < this.#nextMs) return NOTHING;
    const due: [K, T][] = [];
    for (const [key, entry] of this.#entries) {
      if (entry.dueMs <= nowMs) due.push([key, entry.value]);
    }
    for (const [key] of due) this.#entries.delete(key);
    this.#exact = false;
    return due;
  }

  *entries(): Generator<[K, T]> {
    for (const [key, entry] of this.#entries) yield [key, entry.value];
  }

  /** Earliest time, Infinity if nothing is pending. */
  nextMs(): number {
    if (this.#exact) return this.#nextMs;
    let next = Infinity;
    for (const entry of this.#entries.values()) {
      next = Math.min(next, entry.dueMs);
      // Many share the earliest deadline: the children of one message.
      if (next <= this.#nextMs) break;
    }
    this.#nextMs = next;
    this.#exact = true;
    return next;
  }
}
