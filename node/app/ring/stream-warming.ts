import { bytesToHex, compareBytes, type Hex } from '../../../sdk/protocol/bytes.ts';
import { pause } from '../../../sdk/pacing/pause.ts';
import type { RingTransport } from '../../adapters/libp2p/ring-transport.ts';
import type { RingContact } from '../../core/one-hop-ring/ring-ports.ts';

/** What a handshake costs either side in computing; its round trips are no cost. */
const HANDSHAKE_MS = 10;
/** After each dial: so many times what it cost, and what this node's timers were late by meanwhile; at most this. */
const PAUSE_FACTOR = 9;
const MAX_PAUSE_MS = 5_000;
/** The timer whose lateness tells a busy machine from a long path. */
const TICK_MS = 20;
/** Members keep coming: their joins go first, for at most this long. */
const CALM_MS = 1_500;
const MAX_UNREST_MS = 20_000;
/** Members waiting for their stream. */
const MAX_WAITING = 1_024;
/** Attempts for one member; later the first message to it opens the stream. */
const MAX_ATTEMPTS = 4;

interface Waiting {
  readonly contact: RingContact;
  readonly attempts: number;
}

/**
 * Opens streams to members before a lookup needs them, one after another. Of two members the one with the lower key
 * opens, so that a pair has one stream. A ring of N nodes that starts on one machine makes N²/2 handshakes, and must
 * starve neither its joins nor its keep-alives: it begins when members have stopped coming, and a tenth of a busy
 * machine's time at most goes into dialling. A long path is no reason to go slowly.
 */
export class StreamWarming {
  readonly #transport: RingTransport;
  readonly #ownKey: Uint8Array;
  readonly #waiting = new Map<Hex, Waiting>();
  readonly #stopping = new AbortController();
  #running = false;
  #beginAtMs = 0;
  #unrestSinceMs = Infinity;

  constructor(transport: RingTransport, ownKey: Uint8Array) {
    this.#transport = transport;
    this.#ownKey = ownKey;
  }

  add(contact: RingContact): void {
    if (compareBytes(this.#ownKey, contact.publicKey) >= 0 || this.#waiting.size >= MAX_WAITING) return;
    this.#waiting.set(bytesToHex(contact.publicKey), { contact, attempts: 0 });
    const nowMs = performance.now();
    this.#unrestSinceMs = Math.min(this.#unrestSinceMs, nowMs);
    this.#beginAtMs = Math.min(nowMs + CALM_MS, this.#unrestSinceMs + MAX_UNREST_MS);
    if (!this.#running) void this.#run();
  }

  stop(): void {
    this.#stopping.abort();
    this.#waiting.clear();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    this.#running = true;
    for (let next = await this.#next(signal); next !== undefined; next = await this.#next(signal)) {
      const lateness = new Lateness();
      lateness.start();
      if (!(await this.#transport.warm(next.contact))) this.#postpone(next);
      const costMs = HANDSHAKE_MS + lateness.stop();
      await pause(Math.min(MAX_PAUSE_MS, PAUSE_FACTOR * costMs), signal);
    }
    this.#unrestSinceMs = Infinity;
    this.#running = false;
  }

  /** The next member, when it is calm. */
  async #next(signal: AbortSignal): Promise<Waiting | undefined> {
    for (let waitMs = this.#waitMs(); waitMs > 0 && !signal.aborted; waitMs = this.#waitMs()) {
      await pause(waitMs, signal);
    }
    return signal.aborted ? undefined : this.#take();
  }

  #waitMs(): number {
    return this.#waiting.size === 0 ? 0 : this.#beginAtMs - performance.now();
  }

  #take(): Waiting | undefined {
    const next = this.#waiting.entries().next();
    if (next.done === true) return undefined;
    const [key, waiting] = next.value;
    this.#waiting.delete(key);
    return waiting;
  }

  /** After all others. */
  #postpone({ contact, attempts }: Waiting): void {
    const key = bytesToHex(contact.publicKey);
    if (attempts + 1 >= MAX_ATTEMPTS || this.#waiting.has(key)) return;
    this.#waiting.set(key, { contact, attempts: attempts + 1 });
  }
}

/** How late a timer of this process rings at worst, from `start` to `stop`. */
class Lateness {
  #timer: NodeJS.Timeout | undefined;
  #expectedMs = 0;
  #worstMs = 0;

  start(): void {
    this.#expectedMs = performance.now() + TICK_MS;
    this.#timer = setInterval(() => this.#look(), TICK_MS);
  }

  /** Milliseconds. */
  stop(): number {
    clearInterval(this.#timer);
    this.#look();
    return this.#worstMs;
  }

  #look(): void {
    const nowMs = performance.now();
    this.#worstMs = Math.max(this.#worstMs, nowMs - this.#expectedMs);
    this.#expectedMs = nowMs + TICK_MS;
  }
}
