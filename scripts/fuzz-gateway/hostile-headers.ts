import { below, type Random } from '../measuring/random-streams.ts';
import { anyOf } from './hostile-blocks.ts';
import type { FuzzedGrant } from './target.ts';

const NUMBERS = [
  '0',
  '1',
  '4095',
  '4096',
  '100000',
  '100001',
  '9007199254740993',
  '99999999999999999999',
  '-1',
  '',
];
const TYPES = [
  ...[
    '*/*',
    'text/html',
    'application/vnd.ipld.raw',
    'application/vnd.ipld.car',
    'application/json',
    'image/*',
  ],
  ...[
    'application/vnd.ipld.car; version=1; order=dfs; dups=y',
    'application/vnd.ipld.car;version=2',
    '/',
    ';',
    ',',
  ],
  ...[
    'application/vnd.ipld.dag-json',
    'application/vnd.ipfs.ipns-record',
    'application/x-tar',
    '*',
    'a/b;q="\\"',
  ],
];
const WEIGHTS = ['', ';q=0', ';q=1', ';q=0.5', ';q=2', ';q=', ';q=-1', ';q=NaN', ';q=0.0001'];
const TAGS = ['*', '"x"', 'W/"x"', '""', '"', 'W/', 'x', '"a","b"', ',', '"\u00ff"', '"a" "b"'];
const CACHE = ['no-cache', 'only-if-cached', 'no-store', 'max-age=0', 'only-if-cached, no-store', ',,,', '='];
const CONNECTION = ['keep-alive', 'close', 'upgrade', 'x', 'keep-alive, close', ''];
const MANY = 40;
const LONG_VALUE = 15_000;
/** As node:http takes them in the middle of a header's value. */
const VALUE_ALPHABET = `!"#$%&'()*+,-./09:;<=>?@AZ[\\]^_\`az{|}~ \t\u00a0\u00e9\u00ff`;

/** Headers of requests: mostly such as the gateway looks at, with values at the edges of what they may be. */
export class HostileHeaders {
  readonly #grants: readonly FuzzedGrant[];
  readonly #uploads: readonly string[];

  constructor(grants: readonly FuzzedGrant[], uploads: readonly string[]) {
    this.#grants = grants;
    this.#uploads = uploads;
  }

  /** Lines, each with its end. */
  next(random: Random): string {
    let lines = '';
    if (random() < 0.35) lines += `range: ${range(random)}\r\n`;
    if (random() < 0.15) lines += `accept: ${accept(random)}\r\n`;
    if (random() < 0.1) lines += `if-none-match: ${tags(random)}\r\n`;
    if (random() < 0.05) lines += `if-match: ${tags(random)}\r\n`;
    if (random() < 0.05) lines += `if-range: ${tags(random)}\r\n`;
    if (random() < 0.05) lines += `cache-control: ${anyOf(random, CACHE)}\r\n`;
    if (random() < 0.12) lines += this.#payment(random);
    if (random() < 0.05) lines += `${this.#rare(random)}\r\n`;
    return lines;
  }

  #payment(random: Random): string {
    if (this.#grants.length === 0 || random() < 0.1) return `bcdn-grant: ${text(random, 400)}\r\n`;
    const { grant, receipts } = anyOf(random, this.#grants);
    const shown = random() < 0.7 ? grant : garbled(random, grant);
    const receipt = receipts.length > 0 && random() < 0.5 ? anyOf(random, receipts) : undefined;
    const line =
      receipt === undefined ? '' : `bcdn-receipt: ${random() < 0.7 ? receipt : garbled(random, receipt)}\r\n`;
    return `bcdn-grant: ${shown}\r\n${line}`;
  }

  #rare(random: Random): string {
    const kind = below(random, 12);
    switch (kind) {
      case 0:
        return `connection: ${anyOf(random, CONNECTION)}`;
      case 1:
        return `upgrade: ${anyOf(random, ['h2c', 'websocket', 'TLS/1.0, HTTP/1.1', 'x'])}\r\nconnection: upgrade`;
      case 2:
        return `expect: ${anyOf(random, ['100-continue', '200-ok', ''])}`;
      case 3:
        return `origin: ${text(random, 60)}\r\naccess-control-request-method: ${text(random, 10)}`;
      case 4:
        return `cookie: ${text(random, LONG_VALUE)}`;
      case 5:
        return (
          Array.from({ length: below(random, MANY) }, (_, i) => `x-${i}: ${text(random, 20)}`).join('\r\n') ||
          'x: y'
        );
      case 6:
        return `accept-encoding: ${anyOf(random, ['gzip, br', 'identity;q=0', '*;q=0', 'x'])}`;
      case 7:
        return `bcdn-upload: ${this.#uploads.length > 0 ? garbled(random, anyOf(random, this.#uploads)) : 'AAAA'}`;
      case 8:
        return `range: ${range(random)}\r\nrange: ${range(random)}`;
      case 9:
        return `x-forwarded-for: ${text(random, 40)}\r\nforwarded: for=${text(random, 40)}`;
      case 10:
        return `te: trailers\r\ntrailer: ${text(random, 20)}`;
      default:
        return `__proto__: ${text(random, 20)}\r\nconstructor: x`;
    }
  }
}

function range(random: Random): string {
  const kind = random();
  if (kind < 0.6) return `bytes=${below(random, 100_000)}-${below(random, 103_000)}`;
  if (kind < 0.85) return `bytes=${anyOf(random, NUMBERS)}-${anyOf(random, NUMBERS)}`;
  if (kind < 0.95) {
    const count = random() < 0.8 ? 2 + below(random, 4) : below(random, MANY);
    const parts = Array.from({ length: count }, () => `${below(random, 100_000)}-${below(random, 103_000)}`);
    return `bytes=${parts.join(anyOf(random, [',', ', ', ',,', ' , ']))}`;
  }
  return anyOf(random, [
    'bytes',
    'bytes=',
    'bytes=-',
    'items=0-1',
    'bytes=a-b',
    'bytes=0-0,-1',
    'bytes = 0-1',
    '=',
  ]);
}

function accept(random: Random): string {
  const count = random() < 0.95 ? 1 + below(random, 4) : below(random, MANY);
  return Array.from({ length: count }, () => anyOf(random, TYPES) + anyOf(random, WEIGHTS)).join(', ');
}

function tags(random: Random): string {
  const count = random() < 0.95 ? 1 + below(random, 3) : below(random, 100);
  return Array.from({ length: count }, () => anyOf(random, TAGS)).join(', ');
}

function text(random: Random, most: number): string {
  const length = below(random, most);
  let value = '';
  for (let i = 0; i < length; i++) value += VALUE_ALPHABET[below(random, VALUE_ALPHABET.length)] ?? '';
  return value;
}

function garbled(random: Random, value: string): string {
  const at = below(random, value.length);
  const kind = random();
  if (kind < 0.6)
    return `${value.slice(0, at)}${anyOf(random, ['A', '_', '-', '9', '=', ' ', '.'])}${value.slice(at + 1)}`;
  return kind < 0.8 ? value.slice(0, at) : value + value.slice(at);
}
