import { bytesToHex, type Hex } from '../../../sdk/protocol/bytes.ts';
import type { RingId } from '../one-hop-ring/ring-identifier.ts';
import type { ClaimedContents } from './claimed-contents.ts';
import { CAPACITY_UNKNOWN, LOAD_UNKNOWN, MAX_REFUSED_CLAIMS } from './group-limits.ts';
import type { GroupState } from './group-message.ts';
import type { GroupServer } from './group-ports.ts';

/** A longer round trip is a clock that was set, not a network. */
const MAX_ROUND_TRIP_MS = 60_000;
/** Weight of a new round trip against the smoothed one. */
const DELAY_GAIN = 0.25;

/** What this node knows of one member of its group. */
export class GroupMember {
  server: GroupServer;
  load = LOAD_UNKNOWN;
  freeKiBps = CAPACITY_UNKNOWN;
  /** Smoothed round trip in milliseconds. */
  delayMs: number | undefined;
  heardMs = -Infinity;
  /** When its summary was asked for, if the answer is still out. */
  askedMs: number | undefined;
  #contents: ClaimedContents | undefined;
  #isReachable = true;
  #stamp: { readonly stampMs: number; readonly atMs: number } | undefined;
  /** Contents that it proved not to hold although its summary claims them. */
  readonly #refused = new Set<Hex>();

  constructor(server: GroupServer) {
    this.server = server;
  }

  get contents(): ClaimedContents | undefined {
    return this.#contents;
  }

  set contents(contents: ClaimedContents | undefined) {
    this.#contents = contents;
    this.#refused.clear();
  }

  /** @returns the round trip in milliseconds, if this state measured it */
  noteState(state: GroupState, nowMs: number): number | undefined {
    this.load = state.load;
    this.freeKiBps = state.freeKiBps;
    this.heardMs = nowMs;
    this.#isReachable = true;
    this.#stamp = { stampMs: state.stampMs, atMs: nowMs };
    if (state.echo === undefined) return undefined;
    const roundTripMs = (nowMs - state.echo.stampMs - state.echo.heldMs) >>> 0;
    if (roundTripMs > MAX_ROUND_TRIP_MS) return undefined;
    const smoothed = this.delayMs ?? roundTripMs;
    this.delayMs = smoothed + DELAY_GAIN * (roundTripMs - smoothed);
    return roundTripMs;
  }

  /** Its last stamp and how long it lay here, for the next state sent to it. */
  echo(nowMs: number): GroupState['echo'] {
    if (this.#stamp === undefined) return undefined;
    return { stampMs: this.#stamp.stampMs, heldMs: (nowMs - this.#stamp.atMs) >>> 0 };
  }

  unreachable(): void {
    this.#isReachable = false;
    this.askedMs = undefined;
  }

  isHeard(nowMs: number, silenceMs: number): boolean {
    return this.#isReachable && nowMs - this.heardMs <= silenceMs;
  }

  claims(key: RingId): boolean {
    if (this.#contents?.claims(key) !== true) return false;
    return this.#refused.size === 0 || !this.#refused.has(bytesToHex(key));
  }

  /** It has not got the content. @returns whether it had claimed it */
  refuse(key: RingId): boolean {
    if (!this.claims(key)) return false;
    if (this.#refused.size < MAX_REFUSED_CLAIMS) this.#refused.add(bytesToHex(key));
    return true;
  }
}
