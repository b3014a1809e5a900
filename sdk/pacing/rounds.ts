import type { Clock } from './clock.ts';
import { pause } from './pause.ts';

interface RoundsComponents {
  readonly clock: Pick<Clock, 'sleep'>;
  /** What is done in a round. It SHOULD end early, by a rejection or not, when the signal aborts. */
  readonly round: (signal: AbortSignal) => Promise<void>;
  /**
   * Told why a round failed; the next one is tried all the same. Rounds that go on failing by the same code are told of
   * once, and one that failed because it was stopped not at all.
   */
  readonly onFailure: (failure: unknown) => void;
}

interface RoundsOptions {
  /** Pause after each round, ms. @param failures rounds in a row that failed; 0 after one that did not */
  readonly pauseMs: (failures: number) => number;
}

/**
 * Work that is done again and again, with a pause between two rounds, until it is stopped. Stopping ends a pause at once
 * and the round under way by its signal; no round begins afterwards.
 *
 * @example
 * const rounds = new Rounds({ clock, round: (signal) => probeAll(signal), onFailure }, { pauseMs: () => 2_000 });
 * rounds.start();
 * await rounds.stop();
 */
export class Rounds {
  readonly #components: RoundsComponents;
  readonly #pauseMs: RoundsOptions['pauseMs'];
  readonly #stopping = new AbortController();
  /** Ends the pause after the round that made it. */
  #hurry = new AbortController();
  #running: Promise<void> | undefined;

  constructor(components: RoundsComponents, { pauseMs }: RoundsOptions) {
    this.#components = components;
    this.#pauseMs = pauseMs;
  }

  /** Aborts when the rounds are stopped. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** The first round begins at once. Starting twice, or after `stop`, changes nothing. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** The next round begins without waiting: at once in a pause, right after the round under way. */
  hurry(): void {
    this.#hurry.abort();
  }

  /** Resolves when the round under way has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, round, onFailure } = this.#components;
    const { signal } = this.#stopping;
    let failures = 0;
    let toldCode: string | undefined;
    while (!signal.aborted) {
      this.#hurry = new AbortController();
      try {
        await round(signal);
        failures = 0;
        toldCode = undefined;
      } catch (failure) {
        if (signal.aborted) return;
        failures += 1;
        const code = codeOf(failure);
        if (code !== toldCode) onFailure(failure);
        toldCode = code;
      }
      await pause(this.#pauseMs(failures), AbortSignal.any([signal, this.#hurry.signal]), clock);
    }
  }
}

/** What tells two failures apart: their code, and of those that have none the words. */
function codeOf(failure: unknown): string {
  const hasCode = failure instanceof Error && 'code' in failure && typeof failure.code === 'string';
  return hasCode ? String(failure.code) : String(failure);
}
