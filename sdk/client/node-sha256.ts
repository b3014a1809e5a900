import { hash, webcrypto } from 'node:crypto';

import type { Sha256 } from '../protocol/content.ts';
import { THREADED_HASH_BYTES } from './client-limits.ts';

/** SHA-256 by OpenSSL, at once. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer');
}

/** The same, in hexadecimal without prefix. */
export function sha256Hex(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}

/** SHA-256 of Node: large blocks in a thread of libuv's pool, so that receiving goes on meanwhile. */
export const nodeSha256: Sha256 = (bytes) =>
  bytes.length < THREADED_HASH_BYTES ? sha256(bytes) : hashInThread(bytes);

async function hashInThread(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await webcrypto.subtle.digest('SHA-256', bytes));
}
