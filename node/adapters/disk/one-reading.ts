/** One reading for all who ask for the same at once. */
export class OneReading<Key, Value> {
  readonly #under = new Map<Key, Promise<Value>>();

  /** What a reading of the key that is under way will give; begins one if there is none. */
  of(key: Key, read: () => Promise<Value>): Promise<Value> {
    const present = this.#under.get(key);
    if (present !== undefined) return present;
    const begun = read().finally(() => this.#under.delete(key));
    this.#under.set(key, begun);
    return begun;
  }

  /** Resolves when the readings that are under way have ended, well or not. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#under.values());
  }
}
