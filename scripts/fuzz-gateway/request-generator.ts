import { below, type Random } from '../measuring/random-streams.ts';
import { anyOf } from './hostile-blocks.ts';
import { HostileHeaders } from './hostile-headers.ts';
import { HostileTargets } from './hostile-targets.ts';
import type { Target } from './target.ts';

/** One request as it is sent. */
export interface FuzzedRequest {
  /** One character a byte. */
  readonly text: string;
  readonly headOnly: boolean;
  /** Whether the server may end the connection over it, and what was sent behind it with it. */
  readonly mayClose: boolean;
  /** What the body must be, where that is known. */
  readonly expected: Buffer | undefined;
}

const CONTROL_SHARE = 0.02;
const MAX_CONTROL_BYTES = 2_000;
const METHODS = ['POST', 'PUT', 'OPTIONS', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND', 'QUERY', 'M-SEARCH'];
const MAX_BODY_BYTES = 1_000;
const CHUNKS = 4;
/** Wishes for the end of the connection; and headers that come near the limit of all headers together. */
const CLOSING = /^connection: .*close|^upgrade:|HTTP\/1\.0\r$|^.{10000}/im;

/** Requests that are HTTP and hostile in all that HTTP leaves to them, with ones in between whose answer is known. */
export class RequestGenerator {
  readonly #target: Pick<Target, 'content' | 'uploadPath'>;
  readonly #targets: HostileTargets;
  readonly #headers: HostileHeaders;
  readonly #uploads: readonly string[];

  constructor(target: Pick<Target, 'content' | 'grants' | 'uploads' | 'uploadPath'>) {
    this.#target = target;
    this.#targets = new HostileTargets(target.content);
    this.#headers = new HostileHeaders(target.grants, target.uploads);
    this.#uploads = target.uploads;
  }

  next(random: Random): FuzzedRequest {
    const kind = random();
    if (kind < CONTROL_SHARE) return this.#control(random);
    const path = this.#targets.next(random);
    if (kind < 0.05) return this.#withBody(random, path);
    const method = kind < 0.85 ? 'GET' : kind < 0.97 ? 'HEAD' : anyOf(random, METHODS);
    const version = random() < 0.01 ? '1.0' : '1.1';
    const headers = this.#headers.next(random);
    const text = `${method} ${path} HTTP/${version}\r\nhost: ${host(random)}\r\n${headers}\r\n`;
    return { text, headOnly: method === 'HEAD', mayClose: CLOSING.test(text), expected: undefined };
  }

  /** Whether an answer that has begun may have to be broken off, because what is stored lies or is not all there. */
  mayBreak(text: string): boolean {
    const { hostileCids } = this.#target.content;
    return /format=car|ipld\.car/.test(text) || hostileCids.some((cid) => text.includes(cid));
  }

  #control(random: Random): FuzzedRequest {
    const { path, bytes } = this.#target.content.control;
    const from = below(random, bytes.length);
    const to = Math.min(bytes.length - 1, from + below(random, MAX_CONTROL_BYTES));
    return {
      text: `GET /ipfs/${path} HTTP/1.1\r\nhost: x\r\nrange: bytes=${from}-${to}\r\n\r\n`,
      headOnly: false,
      mayClose: false,
      expected: bytes.subarray(from, to + 1),
    };
  }

  #withBody(random: Random, path: string): FuzzedRequest {
    const method = random() < 0.9 ? anyOf(random, ['POST', 'PUT']) : anyOf(random, [...METHODS, 'GET']);
    const upload = this.#uploads.length > 0 && method === 'PUT' && random() < 0.7;
    const to = upload
      ? `/bcdn/v1/content/${this.#target.uploadPath}`
      : random() < 0.6
        ? '/bcdn/v1/receipts'
        : path;
    const length = below(random, MAX_BODY_BYTES);
    const body = Array.from({ length }, () => String.fromCharCode(below(random, 256))).join('');
    const leave = upload ? `bcdn-upload: ${anyOf(random, this.#uploads)}\r\n` : '';
    const framed =
      random() < 0.7
        ? `content-length: ${length}\r\n\r\n${body}`
        : `transfer-encoding: chunked\r\n\r\n${chunked(body)}`;
    const text = `${method} ${to} HTTP/1.1\r\nhost: x\r\n${leave}${this.#headers.next(random)}${framed}`;
    return { text, headOnly: false, mayClose: true, expected: undefined };
  }
}

function host(random: Random): string {
  return random() < 0.95
    ? 'x'
    : anyOf(random, ['', '[::1]:1', 'a b', '\u00ff', 'x'.repeat(300), 'http://x/']);
}

function chunked(body: string): string {
  const size = Math.ceil(body.length / CHUNKS);
  let text = '';
  for (let at = 0; at < body.length; at += size) {
    const chunk = body.slice(at, at + size);
    text += `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
  }
  return `${text}0\r\n\r\n`;
}
