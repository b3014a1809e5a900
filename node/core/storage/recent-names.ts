/** Names that were noted lately: the newest, up to a limit. */
export class RecentNames {
  readonly #limit: number;
  /** In the order in which they were noted. */
  readonly #names = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Notes a name; when there are too many the oldest is forgotten. */
  note(name: string): void {
    this.#names.delete(name);
    this.#names.add(name);
    const [oldest] = this.#names;
    if (this.#names.size > this.#limit && oldest !== undefined) this.#names.delete(oldest);
  }

  /** Forgets a name. @returns whether it was noted lately */
  take(name: string): boolean {
    return this.#names.delete(name);
  }
}
