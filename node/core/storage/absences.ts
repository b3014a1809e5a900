/** What was looked for in vain. */
interface Absence {
  readonly untilMs: number;
  /** Content that it was looked for in; undefined when nobody said. */
  readonly content: string | undefined;
}

/** Names that are remembered by default: about 10 MB. */
const DEFAULT_MAX_ABSENCES = 65_536;

/**
 * Names of what nobody had, each for a short time: who asks again meanwhile is told so without another search.
 * Bounded: the oldest are forgotten first.
 */
export class Absences {
  readonly #max: number;
  // In the order in which they were noted.
  readonly #absences = new Map<string, Absence>();

  constructor(options: { readonly max?: number } = {}) {
    this.#max = options.max ?? DEFAULT_MAX_ABSENCES;
  }

  get size(): number {
    return this.#absences.size;
  }

  /** Notes that a search for `name` was in vain; good for `forMs`. */
  note(name: string, absence: { content?: string | undefined; forMs: number; nowMs: number }): void {
    this.#absences.delete(name);
    this.#absences.set(name, { untilMs: absence.nowMs + absence.forMs, content: absence.content });
    for (const oldest of this.#absences.keys()) {
      if (this.#absences.size <= this.#max) break;
      this.#absences.delete(oldest);
    }
  }

  /** How long `name` counts as absent yet; 0 when it is to be looked for. */
  leftMs(name: string, nowMs: number): number {
    const absence = this.#absences.get(name);
    if (absence === undefined) return 0;
    if (absence.untilMs > nowMs) return absence.untilMs - nowMs;
    this.#absences.delete(name);
    return 0;
  }

  /** A content came, or will be filled: what was looked for in it, or in nothing in particular, may be had now. */
  contentChanged(content: string): void {
    for (const [name, absence] of this.#absences) {
      if (absence.content === undefined || absence.content === content) this.#absences.delete(name);
    }
  }
}
