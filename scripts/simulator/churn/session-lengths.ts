import { exponential, type Random } from '../../measuring/random-streams.ts';

export const SESSION_DISTRIBUTIONS = ['exponential', 'pareto'] as const;
export type SessionDistribution = (typeof SESSION_DISTRIBUTIONS)[number];

/** Shape of the heavy-tailed sessions: finite mean, infinite variance. */
export const PARETO_SHAPE = 1.5;

/** How long nodes stay: whole sessions of newcomers, and what is left of the sessions of those found at a random time. */
export class SessionLengths {
  readonly #meanMs: number;
  readonly #distribution: SessionDistribution;
  readonly #shape: number;

  constructor(meanMs: number, distribution: SessionDistribution, shape: number = PARETO_SHAPE) {
    this.#meanMs = meanMs;
    this.#distribution = distribution;
    this.#shape = shape;
  }

  /** Length of a new session. */
  whole(random: Random): number {
    if (this.#distribution === 'exponential') return exponential(random, this.#meanMs);
    return this.#leastMs * (1 - random()) ** (-1 / this.#shape);
  }

  /**
   * Rest of a session that is running at a random time (renewal theory: density P(length > x) / mean). So the departures
   * of a ring that is there from the start come at the same rate as those of its newcomers.
   */
  rest(random: Random): number {
    if (this.#distribution === 'exponential') return exponential(random, this.#meanMs);
    const u = random();
    const least = this.#leastMs;
    // Below the least length the density is constant; it holds (shape - 1) / shape of the probability.
    const flat = (this.#shape - 1) / this.#shape;
    if (u < flat) return (u / flat) * least;
    return least * ((1 - u) / (1 - flat)) ** (-1 / (this.#shape - 1));
  }

  /** The scale of the Pareto distribution with this mean. */
  get #leastMs(): number {
    return (this.#meanMs * (this.#shape - 1)) / this.#shape;
  }
}
