import type { OriginErrorCode } from './origin-error.ts';
import {
  FAULTS_BEFORE_REST,
  FIRST_REST_AFTER_WRONG_MS,
  FIRST_REST_MS,
  MAX_REST_MS,
} from './origin-limits.ts';

/** Whose fault a failure is: of everything behind a host, of one URL, or of neither. */
export type FaultScope = 'host' | 'url' | 'none';

/** What a failure says about what to leave alone. */
export function faultScope(code: OriginErrorCode): FaultScope {
  switch (code) {
    case 'ORIGIN_UNREACHABLE':
    case 'ORIGIN_TIMEOUT':
      return 'host';
    case 'ORIGIN_RESTING':
    case 'ORIGIN_BUSY':
    case 'ORIGIN_LAYOUT_UNKNOWN':
      return 'none';
    default:
      return 'url';
  }
}

/** Whether another attempt at once may go better. */
export function isPassing(code: OriginErrorCode): boolean {
  return code === 'ORIGIN_UNREACHABLE' || code === 'ORIGIN_LENGTH_WRONG';
}

/** Whether asking again soon cannot help: the origin has other bytes, or serves them in another way. */
function isLasting(code: OriginErrorCode): boolean {
  return faultScope(code) === 'url' && code !== 'ORIGIN_STATUS' && !isPassing(code);
}

/** One failure, as the breaker weighs it. */
export interface OriginFault {
  readonly code: OriginErrorCode;
  readonly nowMs: number;
  /** What the origin asked for with Retry-After. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * Leaves an origin alone that fails: after some failures in a row it rests, each time twice as long; after a rest one
 * request tries, and the others wait for what becomes of it (circuit breaker; M. Nygard, Release It!, 2007).
 */
export class OriginBreaker {
  readonly #random: () => number;
  #faults = 0;
  #rests = 0;
  #restUntilMs = 0;
  #trying = false;

  /** @param random uniform in [0, 1): spreads the ends of rests */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Time to wait before the origin may be asked, 0 if it may be asked now. Asks nothing: see `begin`. */
  waitMs(nowMs: number): number {
    if (this.#rests === 0) return 0;
    if (nowMs < this.#restUntilMs) return this.#restUntilMs - nowMs;
    return this.#trying ? FIRST_REST_MS : 0;
  }

  /** A request begins, for which `waitMs` was 0. */
  begin(): void {
    if (this.#rests > 0) this.#trying = true;
  }

  succeeded(): void {
    this.#faults = 0;
    this.#rests = 0;
    this.#trying = false;
  }

  /** A request ended without saying anything about the origin. */
  withdrawn(): void {
    this.#trying = false;
  }

  failed({ code, nowMs, retryAfterMs = 0 }: OriginFault): void {
    this.#faults += 1;
    const lasting = isLasting(code);
    const tried = this.#trying;
    this.#trying = false;
    // Failures of requests that began before the rest say nothing new.
    if (this.#rests > 0 && !tried && nowMs < this.#restUntilMs) return;
    if (!lasting && !tried && retryAfterMs === 0 && this.#faults < FAULTS_BEFORE_REST) return;
    const firstMs = lasting ? FIRST_REST_AFTER_WRONG_MS : FIRST_REST_MS;
    const spread = 1 + this.#random() / 4;
    const restMs = Math.max(firstMs * 2 ** Math.min(this.#rests, 30) * spread, retryAfterMs);
    this.#rests += 1;
    this.#restUntilMs = nowMs + Math.min(restMs, MAX_REST_MS);
  }
}
