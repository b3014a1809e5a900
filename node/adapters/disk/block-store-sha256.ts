import { hash } from 'node:crypto';

/** SHA-256 by OpenSSL. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer');
}

/** The same, in hexadecimal without prefix. */
export function sha256Hex(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}
