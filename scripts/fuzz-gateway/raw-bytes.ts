import { below, type Random } from '../measuring/random-streams.ts';
import { anyOf } from './hostile-blocks.ts';
import type { RequestGenerator } from './request-generator.ts';

/** Openings of other protocols, and what parsers have stumbled over. One character a byte. */
const OPENINGS = [
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'SSH-2.0-OpenSSH_9.2\r\n',
  'GET /livez\r\n',
  'GET ? HTTP/1.1\r\nhost: x\r\n\r\n',
  'GET /livez HTTP/0.9\r\n\r\n',
  'GET /livez HTTP/9.9\r\nhost: x\r\n\r\n',
  'GET /livez HTTP/1.1\nhost: x\n\n',
  'GET /livez HTTP/1.1\r\n\r\n',
  'CONNECT x:443 HTTP/1.1\r\nhost: x\r\n\r\n',
  '\r\n\r\n\r\nGET /livez HTTP/1.1\r\nhost: x\r\n\r\n',
  'POST /bcdn/v1/receipts HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  'POST /bcdn/v1/receipts HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n',
  'POST /bcdn/v1/receipts HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n\r\n',
  'POST /bcdn/v1/receipts HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\n\r\n5;a="b\r\nhello\r\n0\r\nx: y\r\n\r\n',
  'POST /bcdn/v1/receipts HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\nhello',
  'POST /bcdn/v1/receipts HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!',
  'POST /bcdn/v1/receipts HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999\r\n\r\nhello',
  'POST /bcdn/v1/receipts HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\nhello',
  'GET /livez HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n',
  'GET /livez HTTP/1.1\r\nhost: x\r\n folded: y\r\n\r\n',
  'GET /livez HTTP/1.1\r\nhost : x\r\n\r\n',
  'GET /livez HTTP/1.1\r\nhost: x\r\nx: \x00\x01\x7f\r\n\r\n',
];
const MAX_NOISE_BYTES = 4_000;
const MAX_MUTATIONS = 6;
const MANY_HEADERS = 3_000;
/** Bytes that mean something to a parser. */
const TELLING = [
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  ' ',
  '\0',
  ':',
  ',',
  ';',
  '\t',
  '\x7f',
  '\xff',
  '%',
  '/',
  '?',
  '0',
];

/** Bytes of a connection that need not be HTTP at all. */
export function rawBytes(random: Random, requests: RequestGenerator): string {
  const kind = random();
  if (kind < 0.1) return noise(random);
  if (kind < 0.25) return anyOf(random, OPENINGS) + (random() < 0.5 ? requestText(random, requests) : '');
  if (kind < 0.27)
    return `GET / HTTP/1.1\r\nhost: x\r\n${'a: b\r\n'.repeat(below(random, MANY_HEADERS))}\r\n`;
  if (kind < 0.35) {
    const text = requestText(random, requests);
    return text.slice(0, below(random, text.length));
  }
  return mutated(
    random,
    requestText(random, requests) + (random() < 0.5 ? requestText(random, requests) : ''),
  );
}

/** Whether an answer has a body must not depend on the method: it may be damaged. */
function requestText(random: Random, requests: RequestGenerator): string {
  return requests.next(random).text.replace(/^HEAD /, 'GET ');
}

function mutated(random: Random, text: string): string {
  let changed = text;
  const mutations = 1 + below(random, MAX_MUTATIONS);
  for (let i = 0; i < mutations; i++) {
    const at = below(random, changed.length + 1);
    const kind = random();
    if (kind < 0.4) changed = changed.slice(0, at) + anyOf(random, TELLING) + changed.slice(at);
    else if (kind < 0.7)
      changed = changed.slice(0, at) + String.fromCharCode(below(random, 256)) + changed.slice(at + 1);
    else if (kind < 0.85) changed = changed.slice(0, at) + changed.slice(at + below(random, 20));
    else changed = changed.slice(0, at) + changed.slice(Math.max(0, at - below(random, 200)));
  }
  return changed;
}

function noise(random: Random): string {
  return Array.from({ length: below(random, MAX_NOISE_BYTES) }, () =>
    String.fromCharCode(below(random, 256)),
  ).join('');
}
