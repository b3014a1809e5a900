import type { Clock } from '../../sdk/pacing/clock.ts';
import type { Database } from '../database/database.ts';
import { forgetMinutes } from '../database/delivery-accounts.ts';
import { saveSample, thinSamples } from '../database/market-samples.ts';
import {
  DELIVERY_MINUTES_KEPT_SECONDS,
  SAMPLE_INTERVAL_MS,
  SAMPLE_RETRY_MS,
  SAMPLE_THINNING,
} from '../limits.ts';
import { Rounds } from '../../sdk/pacing/rounds.ts';
import type { MarketSnapshots } from './market-snapshot.ts';

interface SamplerComponents {
  readonly database: Database;
  readonly clock: Clock;
  readonly snapshots: MarketSnapshots;
  /** Whether the index is level with the chain: before that its sums are those of the past. */
  readonly isLevel: () => boolean;
  /** Told why a sample was not taken; the next one is tried all the same. */
  readonly onFailure: (failure: unknown) => void;
}

/**
 * Writes down what the market is like, once a minute, and thins what is old: a minute for a day, an hour for a month, a day
 * for ten years. So the table has at most 1440 + 720 + 3650 rows or so, however long the marketplace runs.
 */
export class MarketSampler {
  readonly #components: SamplerComponents;
  readonly #rounds: Rounds;
  #wasLevel = false;

  constructor(components: SamplerComponents) {
    this.#components = components;
    const { clock, onFailure } = components;
    this.#rounds = new Rounds(
      { clock, onFailure, round: () => this.#round() },
      { pauseMs: () => this.#untilNextMs() },
    );
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** Takes the sample of this minute and thins the others, in one transaction. */
  async sample(): Promise<void> {
    const { database, clock, snapshots } = this.#components;
    const minuteSeconds = (Math.floor(clock.nowMs() / SAMPLE_INTERVAL_MS) * SAMPLE_INTERVAL_MS) / 1000;
    const snapshot = await snapshots.now();
    await database.write(async (sql) => {
      await saveSample(sql, { ...snapshot, atSeconds: minuteSeconds });
      await thinSamples(sql, minuteSeconds, SAMPLE_THINNING);
      await forgetMinutes(sql, minuteSeconds - DELIVERY_MINUTES_KEPT_SECONDS);
    });
  }

  async #round(): Promise<void> {
    this.#wasLevel = this.#components.isLevel();
    if (this.#wasLevel) await this.sample();
  }

  /** To the next minute; an index that was behind is looked at again before that. */
  #untilNextMs(): number {
    const untilMinuteMs = SAMPLE_INTERVAL_MS - (this.#components.clock.nowMs() % SAMPLE_INTERVAL_MS);
    return this.#wasLevel ? untilMinuteMs : Math.min(untilMinuteMs, SAMPLE_RETRY_MS);
  }
}
