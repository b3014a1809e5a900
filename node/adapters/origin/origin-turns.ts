import { LRUCache } from 'lru-cache';

import { faultScope, OriginBreaker } from '../../core/origin/origin-breaker.ts';
import { OriginError } from '../../core/origin/origin-error.ts';
import { MAX_REMEMBERED_ORIGINS } from '../../core/origin/origin-limits.ts';
import type { Clock } from '../clock/system-clock.ts';
import { HostGate } from './host-gate.ts';
import { shownUrl } from './origin-client.ts';

/** When an origin may be asked: a few requests to a host at once, and none while the host or the URL rests. */
export class OriginTurns {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #gate = new HostGate();
  readonly #breakers = new LRUCache<string, OriginBreaker>({ max: MAX_REMEMBERED_ORIGINS });

  /** @param components.random uniform in [0, 1) */
  constructor({ clock, random }: { readonly clock: Clock; readonly random: () => number }) {
    this.#clock = clock;
    this.#random = random;
  }

  /** How long the URL is left alone, 0 if it is not. */
  restMs(url: string): number {
    const nowMs = this.#clock.nowMs();
    return Math.max(...this.#breakersOf(url).map((breaker) => breaker.waitMs(nowMs)));
  }

  /** What was wrong with a URL no longer counts: its publisher has said something new about it. */
  forgive(url: string): void {
    this.#breakers.delete(`url ${url}`);
  }

  /**
   * Runs a request when it is its turn, and remembers how it went.
   * @throws OriginError ORIGIN_RESTING, ORIGIN_BUSY; what the request throws
   */
  async run<T>(url: string, request: () => Promise<T>): Promise<T> {
    this.#requireAwake(url);
    return this.#gate.enter(hostOf(url), async () => {
      this.#requireAwake(url);
      const [host, file] = this.#breakersOf(url);
      for (const breaker of [host, file]) breaker.begin();
      try {
        const result = await request();
        for (const breaker of [host, file]) breaker.succeeded();
        return result;
      } catch (error) {
        this.#noteFailure(error, { host, file });
        throw error;
      }
    });
  }

  #noteFailure(
    error: unknown,
    { host, file }: { readonly host: OriginBreaker; readonly file: OriginBreaker },
  ): void {
    const scope = error instanceof OriginError ? faultScope(error.code) : 'none';
    if (!(error instanceof OriginError) || scope === 'none') {
      host.withdrawn();
      file.withdrawn();
      return;
    }
    const retryAfterMs = Number(error.values['retryAfterMs'] ?? 0);
    const fault = { code: error.code, nowMs: this.#clock.nowMs(), retryAfterMs };
    if (scope === 'host') {
      host.failed(fault);
      file.withdrawn();
    } else {
      host.succeeded();
      file.failed(fault);
    }
  }

  #requireAwake(url: string): void {
    const restMs = this.restMs(url);
    if (restMs === 0) return;
    throw new OriginError('ORIGIN_RESTING', 'The origin failed lately and is left alone for a while.', {
      values: { url: shownUrl(url), restMs: Math.ceil(restMs) },
      remedy: 'It is asked again by itself; the publisher looks at what it answers to ranges of the file.',
    });
  }

  #breakersOf(url: string): [host: OriginBreaker, file: OriginBreaker] {
    return [this.#breaker(`host ${hostOf(url)}`), this.#breaker(`url ${url}`)];
  }

  #breaker(key: string): OriginBreaker {
    const known = this.#breakers.get(key);
    if (known !== undefined) return known;
    const breaker = new OriginBreaker(this.#random);
    this.#breakers.set(key, breaker);
    return breaker;
  }
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? '';
}
