import { MAX_SERVED_BLOCK_BYTES } from '../../../sdk/protocol/limits.ts';
import { accepted, refused, type Outcome } from './delivery-error.ts';

const DAY_MS = 86_400_000;
/** Bytes that are written down ahead of what leaves: so much at most is counted too high after a crash. */
const MAX_STEP_BYTES = 64 * 2 ** 20;
/** A small cap is written down in smaller steps, or a crash would cost much of it. */
const STEPS_OF_CAP = 256;

/** What was sent in one calendar month. */
export interface MonthlyTraffic {
  /** `2026-11`, by UTC. */
  readonly month: string;
  readonly bytes: number;
}

/** Bytes that may leave in a calendar month (SPEC.md, monthly cap): taken before they leave, given back if they do not. */
export class MonthlyAllowance {
  readonly #capBytes: number;
  #month: string;
  #bytes: number;
  #notedBytes: number;

  /** @param known what is on disk: it may be higher than what was sent, never lower */
  constructor(options: { readonly capBytes: number }, known: MonthlyTraffic | undefined) {
    this.#capBytes = options.capBytes;
    this.#month = known?.month ?? '';
    this.#bytes = known?.bytes ?? 0;
    this.#notedBytes = this.#bytes;
  }

  /** Takes bytes of this month. They may leave when `unnoted` is undefined or on disk. */
  take(bytes: number, nowMs: number): Outcome<void> {
    this.#turn(nowMs);
    if (this.#bytes + bytes > this.#capBytes) {
      const resetsAt = new Date(nextMonthMs(nowMs)).toISOString();
      return refused('MONTHLY_CAP_REACHED', 'This node has sent what its operator allows in a month.', {
        values: { capBytes: this.#capBytes, sentBytes: this.#bytes, requestedBytes: bytes, resetsAt },
        remedy: 'Use another node of the deal.',
      });
    }
    this.#bytes += bytes;
    return accepted(undefined);
  }

  /** Gives back what did not leave. */
  giveBack(bytes: number): void {
    this.#bytes = Math.max(0, this.#bytes - bytes);
  }

  /** What must be on disk before what was taken may leave; undefined if it is there. */
  get unnoted(): MonthlyTraffic | undefined {
    if (this.#bytes <= this.#notedBytes) return undefined;
    return { month: this.#month, bytes: Math.min(this.#capBytes, this.#bytes + this.#stepBytes) };
  }

  /** So much is on disk now. */
  noted({ month, bytes }: MonthlyTraffic): void {
    if (month === this.#month) this.#notedBytes = bytes;
  }

  /** What was sent this month. */
  traffic(nowMs: number): MonthlyTraffic {
    this.#turn(nowMs);
    return { month: this.#month, bytes: this.#bytes };
  }

  /** Whether not even one more block may leave this month. */
  isUsedUp(nowMs: number): boolean {
    this.#turn(nowMs);
    return this.#capBytes - this.#bytes < Math.min(MAX_SERVED_BLOCK_BYTES, this.#capBytes);
  }

  get #stepBytes(): number {
    return Math.min(MAX_STEP_BYTES, Math.ceil(this.#capBytes / STEPS_OF_CAP));
  }

  #turn(nowMs: number): void {
    const month = monthOf(nowMs);
    // A clock that was put back by a day does not begin a month anew.
    if (month <= this.#month) return;
    this.#month = month;
    this.#bytes = 0;
    this.#notedBytes = 0;
  }
}

/** The calendar month of a moment by UTC, such as `2026-11`. */
export function monthOf(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, 7);
}

/** When the next calendar month begins, milliseconds since 1970. */
export function nextMonthMs(nowMs: number): number {
  let ms = Date.parse(`${monthOf(nowMs)}-01T00:00:00Z`);
  const month = monthOf(ms);
  while (monthOf(ms) === month) ms += DAY_MS;
  return ms;
}
