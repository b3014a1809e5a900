import { includes, type IdInterval } from './id-interval.ts';
import { COVERED_MEMORY_MS, MAX_COVERED_EVENTS } from './limits.ts';
import { eventKey, type MembershipEvent } from './membership-event.ts';

/**
 * What this node has lately passed on, and how far. A second arrival, after a takeover of a child that was only slow or
 * by two observers of one failure, is not passed on again where it has been.
 */
export class CoveredEvents {
  #recent: Map<string, IdInterval> | undefined;
  #older: Map<string, IdInterval> | undefined;
  #turnMs = Infinity;

  /** Those of the events that have not been passed on to the whole interval; from now on they have. */
  takeNew(interval: IdInterval, events: readonly MembershipEvent[], nowMs: number): MembershipEvent[] {
    this.#turn(nowMs);
    const recent = (this.#recent ??= new Map<string, IdInterval>());
    return events.filter((event) => {
      const key = eventKey(event);
      const covered = recent.get(key) ?? this.#older?.get(key);
      if (covered !== undefined && includes(covered, interval)) return false;
      recent.set(key, interval);
      return true;
    });
  }

  /** Forgets in two generations, so that nothing is swept one by one. */
  #turn(nowMs: number): void {
    if (this.#turnMs === Infinity) this.#turnMs = nowMs + COVERED_MEMORY_MS;
    if (nowMs < this.#turnMs && (this.#recent?.size ?? 0) < MAX_COVERED_EVENTS) return;
    this.#older = nowMs < this.#turnMs + COVERED_MEMORY_MS ? this.#recent : undefined;
    this.#recent = undefined;
    this.#turnMs = nowMs + COVERED_MEMORY_MS;
  }
}
