import { bytesToUtf8, concatBytes, utf8ToBytes } from '../../../sdk/protocol/bytes.ts';
import { DialBackError } from './dial-back-error.ts';
import { MAX_ADDRESS_BYTES, MAX_ANSWER_BYTES, MAX_ENDPOINT_BYTES, MAX_ENDPOINTS } from './limits.ts';

const VERSION = 1;

/** Whether the request was worked on. The place in the list is the number on the wire. */
const OUTCOMES = ['dialled', 'unregistered', 'too-often', 'busy'] as const;
export type DialBackOutcome = (typeof OUTCOMES)[number];

/** What became of an endpoint. The place in the list is the number on the wire. */
const RESULTS = ['reached', 'unreachable', 'another-node', 'other-address', 'not-dialled'] as const;
export type EndpointResult = (typeof RESULTS)[number];

/** One endpoint of the asker, as the registry names it. */
export interface DialledBack {
  readonly endpoint: string;
  readonly result: EndpointResult;
  /** Until it answered, at most 65,535; 0 for one that was not dialled. */
  readonly ms: number;
}

/** What another node found. */
export interface DialBackAnswer {
  readonly outcome: DialBackOutcome;
  /** Where the request came from, as the other node saw it. */
  readonly observedAddress: string;
  readonly endpoints: readonly DialledBack[];
}

export function encodeDialBackRequest(): Uint8Array {
  return Uint8Array.of(VERSION);
}

/** @throws DialBackError DIAL_BACK_MALFORMED */
export function requireDialBackRequest(bytes: Uint8Array): void {
  if (bytes.length !== 1 || bytes[0] !== VERSION) throw malformed('the request');
}

export function encodeDialBackAnswer({ outcome, observedAddress, endpoints }: DialBackAnswer): Uint8Array {
  return concatBytes(
    Uint8Array.of(OUTCOMES.indexOf(outcome)),
    shortText(observedAddress),
    Uint8Array.of(endpoints.length),
    ...endpoints.map(({ endpoint, result, ms }) => {
      const time = Math.min(ms, 0xffff);
      return concatBytes(
        shortText(endpoint),
        Uint8Array.of(RESULTS.indexOf(result), time >>> 8, time & 0xff),
      );
    }),
  );
}

/** @throws DialBackError DIAL_BACK_MALFORMED */
export function decodeDialBackAnswer(bytes: Uint8Array): DialBackAnswer {
  if (bytes.length > MAX_ANSWER_BYTES) throw malformed('the answer');
  const reader = new Reader(bytes);
  const outcome = OUTCOMES[reader.byte()];
  const observedAddress = reader.text(MAX_ADDRESS_BYTES);
  const count = reader.byte();
  if (outcome === undefined || count > MAX_ENDPOINTS) throw malformed('the answer');
  const endpoints = Array.from({ length: count }, (): DialledBack => {
    const endpoint = reader.text(MAX_ENDPOINT_BYTES);
    const result = RESULTS[reader.byte()];
    if (result === undefined) throw malformed('the answer');
    return { endpoint, result, ms: (reader.byte() << 8) | reader.byte() };
  });
  reader.requireEnd();
  return { outcome, observedAddress, endpoints };
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw malformed('the answer');
    this.#at += 1;
    return value;
  }

  text(maxBytes: number): string {
    const length = this.byte();
    const end = this.#at + length;
    if (length > maxBytes || end > this.#bytes.length) throw malformed('the answer');
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    // What is shown on a terminal must not steer it.
    if (!bytes.every((byte) => byte > 0x20 && byte < 0x7f)) throw malformed('the answer');
    return bytesToUtf8(bytes);
  }

  requireEnd(): void {
    if (this.#at !== this.#bytes.length) throw malformed('the answer');
  }
}

function shortText(text: string): Uint8Array {
  const bytes = utf8ToBytes(text);
  return concatBytes(Uint8Array.of(bytes.length), bytes);
}

function malformed(what: string): DialBackError {
  return new DialBackError('DIAL_BACK_MALFORMED', `Dialling back: ${what} cannot be read.`);
}
