import { bytesToHex, compareBytes, type Hex } from '../../../sdk/protocol/bytes.ts';
import type { RingTransport } from '../../adapters/libp2p/ring-transport.ts';
import type { RingContact } from '../../core/one-hop-ring/ring-ports.ts';

/** Between two dials: a handshake costs some 10 ms of computing on either side. */
const PAUSE_MS = 100;
/** Members waiting for their stream. */
const MAX_WAITING = 1_024;

/**
 * Opens streams to members before a lookup needs them, one after another. Of two members the one with the lower key
 * opens, so that a pair has one stream.
 */
export class StreamWarming {
  readonly #transport: RingTransport;
  readonly #ownKey: Uint8Array;
  readonly #waiting = new Map<Hex, RingContact>();
  #timer: NodeJS.Timeout | undefined;

  constructor(transport: RingTransport, ownKey: Uint8Array) {
    this.#transport = transport;
    this.#ownKey = ownKey;
  }

  add(contact: RingContact): void {
    if (compareBytes(this.#ownKey, contact.publicKey) >= 0 || this.#waiting.size >= MAX_WAITING) return;
    this.#waiting.set(bytesToHex(contact.publicKey), contact);
    this.#timer ??= setInterval(() => {
      this.#openNext();
    }, PAUSE_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#waiting.clear();
  }

  #openNext(): void {
    const next = this.#waiting.entries().next();
    if (next.done === true) {
      this.stop();
      return;
    }
    const [key, contact] = next.value;
    this.#waiting.delete(key);
    this.#transport.warm(contact);
  }
}
