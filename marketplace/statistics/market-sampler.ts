import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import { forgetMinutes } from '../database/delivery-accounts.ts';
import { saveSample, thinSamples } from '../database/market-samples.ts';
import {
  DELIVERY_MINUTES_KEPT_SECONDS,
  SAMPLE_INTERVAL_MS,
  SAMPLE_RETRY_MS,
  SAMPLE_THINNING,
} from '../limits.ts';
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
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(components: SamplerComponents) {
    this.#components = components;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
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

  async #run(): Promise<void> {
    const { clock, isLevel, onFailure } = this.#components;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const level = isLevel();
      if (level) await this.sample().catch(onFailure);
      const untilNextMs = SAMPLE_INTERVAL_MS - (clock.nowMs() % SAMPLE_INTERVAL_MS);
      await clock.sleep(level ? untilNextMs : Math.min(untilNextMs, SAMPLE_RETRY_MS), signal);
    }
  }
}
