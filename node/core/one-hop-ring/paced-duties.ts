import { bytesToHex } from '../../../sdk/protocol/bytes.ts';
import { isWholeRing, WHOLE_RING, type IdInterval } from './id-interval.ts';
import { MAX_PACED_DUTIES } from './limits.ts';
import { eventKey, type MembershipEvent } from './membership-event.ts';

/** Events to be covered together. */
export interface Duty {
  readonly interval: IdInterval;
  readonly events: readonly MembershipEvent[];
}

interface Paced {
  readonly interval: IdInterval;
  readonly waiting: Map<string, MembershipEvent>;
  dueMs: number;
}

/**
 * Lets each duty be fulfilled at most once in a batching delay. The first event after a quiet time goes at once; what
 * comes within the delay after it goes together at its end. So a lone event pays nothing, and none waits for longer
 * than the delay (RING.md, events and the tree).
 */
export class PacedDuties {
  readonly #delayMs: number;
  #paced: Map<string, Paced> | undefined;

  /** @param delayMs batching delay in milliseconds */
  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  /** The duty to fulfil now, or undefined if its events wait. */
  add(duty: Duty, nowMs: number): Duty | undefined {
    const pacedDuties = (this.#paced ??= new Map<string, Paced>());
    const interval = isWholeRing(duty.interval) ? WHOLE_RING : duty.interval;
    const key = `${bytesToHex(interval.from)}${bytesToHex(interval.to)}`;
    const paced = pacedDuties.get(key);
    if (paced !== undefined && (paced.waiting.size > 0 || nowMs < paced.dueMs)) {
      for (const event of duty.events) paced.waiting.set(eventKey(event), event);
      return undefined;
    }
    if (pacedDuties.size >= MAX_PACED_DUTIES) this.#forgetQuiet(nowMs);
    if (pacedDuties.size < MAX_PACED_DUTIES) {
      pacedDuties.set(key, { interval, waiting: new Map(), dueMs: nowMs + this.#delayMs });
    }
    return { interval, events: duty.events };
  }

  /** Everything whose delay is over. */
  due(nowMs: number): Duty[] {
    const duties: Duty[] = [];
    for (const paced of this.#paced?.values() ?? []) {
      if (paced.dueMs > nowMs || paced.waiting.size === 0) continue;
      duties.push({ interval: paced.interval, events: [...paced.waiting.values()] });
      paced.waiting.clear();
      paced.dueMs = nowMs + this.#delayMs;
    }
    return duties;
  }

  /** When something that waits is due; Infinity if nothing waits. */
  nextMs(): number {
    let next = Infinity;
    for (const paced of this.#paced?.values() ?? []) {
      if (paced.waiting.size > 0) next = Math.min(next, paced.dueMs);
    }
    return next;
  }

  #forgetQuiet(nowMs: number): void {
    for (const [key, paced] of this.#paced ?? []) {
      if (paced.waiting.size === 0 && paced.dueMs <= nowMs) this.#paced?.delete(key);
    }
  }
}
