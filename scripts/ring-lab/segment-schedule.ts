import type { Random } from '../measuring/random-streams.ts';
import type { LinkShape } from './network-shape.ts';

/** Payload of a TCP segment on Ethernet, IPv4 without options. */
const SEGMENT_BYTES = 1_460;
/** A sender waits a round trip and this long for an acknowledgement; Linux's lower bound of the variance term. */
const RETRANSMISSION_MARGIN_MS = 200;
/** Doubling ends here, as in Linux (TCP_RTO_MAX). */
const MAX_RETRANSMISSION_MS = 120_000;

/**
 * When bytes handed to TCP arrive, in one direction. Order is kept, so one lost segment holds up everything behind it:
 * that is what loss looks like above TCP.
 */
export class SegmentSchedule {
  readonly #link: LinkShape;
  readonly #random: Random;
  #busyUntilMs = 0;
  #lastArrivalMs = 0;

  constructor(link: LinkShape, random: Random) {
    this.#link = link;
    this.#random = random;
  }

  /** First timeout after which unacknowledged bytes are sent again, milliseconds. */
  get retransmissionMs(): number {
    return 2 * this.#link.delayMs + RETRANSMISSION_MARGIN_MS;
  }

  /** Arrival of bytes that are sent now, milliseconds. */
  arrivalMs(nowMs: number, bytes: number): number {
    const { delayMs, jitterMs = 0, bytesPerSecond } = this.#link;
    const sendingMs = bytesPerSecond === undefined ? 0 : (bytes / bytesPerSecond) * 1_000;
    this.#busyUntilMs = Math.max(nowMs, this.#busyUntilMs) + sendingMs;
    let transitMs = delayMs + jitterMs * this.#random();
    for (let sent = 0; sent === 0 || sent < bytes; sent += SEGMENT_BYTES) transitMs += this.#lossMs();
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, this.#busyUntilMs + transitMs);
    return this.#lastArrivalMs;
  }

  /** What the loss of one segment, and of its repetitions, costs. */
  #lossMs(): number {
    const { lossRate = 0 } = this.#link;
    let lostMs = 0;
    let timeoutMs = this.retransmissionMs;
    while (lossRate > 0 && this.#random() < lossRate && timeoutMs < MAX_RETRANSMISSION_MS) {
      lostMs += timeoutMs;
      timeoutMs *= 2;
    }
    return lostMs;
  }
}

/**
 * When a sender that began to repeat at `cutMs` tries again after `nowMs`: the pauses double, so a link that was cut for
 * long comes back up to as long again after it is whole.
 */
export function nextRetryMs(cutMs: number, nowMs: number, retransmissionMs: number): number {
  let retryMs = cutMs;
  let pauseMs = retransmissionMs;
  while (retryMs <= nowMs) {
    retryMs += pauseMs;
    pauseMs = Math.min(2 * pauseMs, MAX_RETRANSMISSION_MS);
  }
  return retryMs;
}
