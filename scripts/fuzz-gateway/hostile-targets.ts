import { hash } from 'node:crypto';

import { CID } from 'multiformats/cid';
import { base16 } from 'multiformats/bases/base16';
import { base36 } from 'multiformats/bases/base36';
import { base58btc } from 'multiformats/bases/base58';
import { create as createDigest } from 'multiformats/hashes/digest';

import { below, type Random } from '../measuring/random-streams.ts';
import type { FuzzedContent } from './fuzzed-content.ts';
import { anyOf } from './hostile-blocks.ts';

const CODECS = [0x55, 0x70, 0x71, 0x0129, 0x72, 0x51, 0x00, 0x90, 2 ** 31 - 1];
const HASHES = [0x12, 0x00, 0x13, 0x16, 0x1e, 0x22, 0xb220, 0xd5];
const DIGEST_BYTES = [32, 32, 32, 0, 1, 20, 33, 64, 128];
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567ABCXYZ0189';
/** Names below a CID; all are legal in a request line. */
const NAMES = [
  ...['.', '..', '%2e%2e', '%2E', '...', '%00', 'a%2fb', '%2f', '%5c', '%', '%2', '%zz', '%ff%fe', '%c0%af'],
  ...[
    '%ed%a0%80',
    'index.html',
    'control.bin',
    'entry-7',
    '-',
    '~',
    '*',
    '@',
    ':',
    ';',
    "'",
    '$',
    '&',
    '=',
    '+',
  ],
  ...[
    'a'.repeat(255),
    'a'.repeat(256),
    '%C3%BC',
    '__proto__',
    'constructor',
    'toString',
    '%e2%80%ae',
    'many',
  ],
];
const PARAMETERS = [
  ...['format=raw', 'format=car', 'format=', 'format=tar', 'format=ipns-record', 'format=dag-json', 'format'],
  ...['dag-scope=block', 'dag-scope=entity', 'dag-scope=all', 'dag-scope=none', 'car-dups=y', 'car-dups=n'],
  ...['car-dups=x', 'car-order=dfs', 'car-order=bfs', 'car-version=1', 'car-version=2', 'download=true'],
  ...['entity-bytes=0:*', 'entity-bytes=0:0', 'entity-bytes=-1:*', 'entity-bytes=5:3', 'entity-bytes=*:*'],
  ...['entity-bytes=-99999999999999999999:99999999999999999999', 'entity-bytes=4095:4096', 'entity-bytes='],
  ...['entity-bytes=100000:*', 'entity-bytes=-4096:-1', 'filename=a.html', 'filename=%0d%0aset-cookie:x'],
  ...['filename=%22%3B', 'filename=%ff', 'filename=..%2f..', 'filename=', 'x', '=', '%', '%ff=%fe', 'a=b=c'],
  ...['bcdn-grant=', 'bcdn-grant=AQ', 'bcdn-grant=%41', 'bcdn-receipt=AQ', 'bcdn-grant=_-_-', 'bcdn-grant'],
  ...['filename=%E2%80%AE', 'uri=ipfs://x', '__proto__=1', 'filename=%00', 'format=raw%00', 'FORMAT=raw'],
];
const FIXED = [
  ...[
    '/',
    '//',
    '/livez',
    '/readyz',
    '/metrics',
    '/bcdn/v1/status',
    '/bcdn/v1/receipts',
    '/bcdn/v1/content/',
  ],
  ...[
    '/routing/v1/providers/',
    '/ipns/',
    '/ipns/x.eth',
    '/ipfs',
    '/ipfs/',
    '/ipfs//',
    '/IPFS/x',
    '/favicon.ico',
  ],
  ...[
    '/../../etc/passwd',
    '/%2e%2e/',
    '/ipfs/../livez',
    '/ipfs/bafkqaaa',
    '/bcdn/v1/',
    '/bcdn/v2/status',
    '*',
  ],
  ...[
    'http://a/livez',
    'http://',
    'https://a:b@c/ipfs/x',
    'http:///livez',
    '/?',
    '/#',
    '/livez?x',
    '/livez/',
  ],
];
const MAX_NAMES = 40;
const MAX_PARAMETERS = 40;
const LONG_TARGET = 5_000;

/** Where requests go: most of the way right, so that they come far. */
export class HostileTargets {
  readonly #content: FuzzedContent;

  constructor(content: FuzzedContent) {
    this.#content = content;
  }

  next(random: Random): string {
    const kind = random();
    if (kind < 0.3) return `/ipfs/${anyOf(random, this.#content.paths)}${query(random, 0.4)}`;
    if (kind < 0.42) return `/ipfs/${anyOf(random, this.#content.cids)}${query(random, 0.7)}`;
    if (kind < 0.6) return `/ipfs/${this.#hostile(random)}${names(random)}${query(random, 0.5)}`;
    if (kind < 0.72) return `/ipfs/${this.#cid(random)}${names(random)}${query(random, 0.4)}`;
    if (kind < 0.82)
      return `/ipfs/${anyOf(random, this.#content.paths)}${names(random)}${query(random, 0.4)}`;
    if (kind < 0.87) return `/routing/v1/providers/${this.#cid(random)}${query(random, 0.3)}`;
    if (kind < 0.9) return `/bcdn/v1/content/${this.#cid(random)}${query(random, 0.2)}`;
    if (kind < 0.98) return anyOf(random, FIXED);
    return `/ipfs/${'a'.repeat(below(random, LONG_TARGET))}`;
  }

  #hostile(random: Random): string {
    const { hostileCids, cids } = this.#content;
    return anyOf(random, hostileCids.length > 0 ? hostileCids : cids);
  }

  #cid(random: Random): string {
    const kind = random();
    if (kind < 0.25) return anyOf(random, this.#content.cids);
    if (kind < 0.5) return madeUpCid(random);
    if (kind < 0.75) return damaged(random, anyOf(random, this.#content.cids));
    return Array.from({ length: below(random, 80) }, () => ALPHABET[below(random, ALPHABET.length)]).join('');
  }
}

/** CIDs of every kind that there is, of blocks that nobody has; identities carry a few bytes of their own. */
function madeUpCid(random: Random): string {
  const digest = Buffer.alloc(anyOf(random, DIGEST_BYTES));
  for (let at = 0; at < digest.length; at += 32)
    hash('sha256', String(random()), 'buffer').copy(digest, at, 0, Math.min(32, digest.length - at));
  const cid = CID.createV1(anyOf(random, CODECS), createDigest(anyOf(random, HASHES), digest));
  const base = random();
  if (base < 0.7) return cid.toString();
  if (base < 0.8) return cid.toString(base58btc);
  if (base < 0.9) return cid.toString(base16);
  return cid.toString(base36);
}

function damaged(random: Random, cid: string): string {
  const at = below(random, cid.length);
  const kind = random();
  if (kind < 0.5)
    return cid.slice(0, at) + (ALPHABET[below(random, ALPHABET.length)] ?? '') + cid.slice(at + 1);
  if (kind < 0.7) return cid.slice(0, at);
  if (kind < 0.9) return cid + cid.slice(at);
  return cid.toUpperCase();
}

function names(random: Random): string {
  const kind = random();
  if (kind < 0.5) return '';
  const count = kind < 0.95 ? 1 + below(random, 3) : below(random, MAX_NAMES);
  const text = Array.from({ length: count }, () => `/${anyOf(random, NAMES)}`).join('');
  return random() < 0.2 ? `${text}/` : text;
}

function query(random: Random, share: number): string {
  if (random() >= share) return '';
  const count = random() < 0.97 ? 1 + below(random, 3) : below(random, MAX_PARAMETERS);
  return `?${Array.from({ length: count }, () => anyOf(random, PARAMETERS)).join('&')}`;
}
