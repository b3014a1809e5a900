import { sha256 as softwareSha256 } from '@noble/hashes/sha2.js';

import type { Sha256 } from '../protocol/content.ts';

/** The part of WebCrypto that is used. */
interface Digests {
  digest(name: 'SHA-256', bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>;
}

/**
 * SHA-256 of the browser, in a thread of its own. Pages that did not come over https or from this machine have no
 * WebCrypto; they hash in software.
 */
export const webSha256: Sha256 = (bytes) => {
  // WebCrypto is missing on insecure pages, whatever the types say.
  const subtle = (globalThis.crypto as { subtle?: Digests }).subtle;
  return subtle === undefined ? softwareSha256(bytes) : hashed(subtle, bytes);
};

async function hashed(subtle: Digests, bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}
