import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { scrypt } from 'ethers';

import { KeystoreError } from './keystore-error.ts';

/** scrypt needs 128·r·(N + p) bytes and a few rows more; twice that leaves room for the implementation's own buffers. */
const MEMORY_FACTOR = 256;
/** More than is beside the N rows, which counts where N is small. */
const ROWS_BESIDE = 16;
const PROGRAM = join(import.meta.dirname, 'scrypt-process.mjs');

let registered = false;

/**
 * Lets ethers derive keystore keys with OpenSSL's scrypt, in a process that then ends: the same bytes, some twenty times
 * faster than in JavaScript, and the 128 MiB that a keystore of today takes are not added to what the node needs.
 */
export function registerNativeScrypt(): void {
  if (registered) return;
  registered = true;
  scrypt.register(
    // The shape of this callback is given by ethers.
    // eslint-disable-next-line max-params
    (password, salt, N, r, p, length) =>
      derive({
        ...{ password: hex(password), salt: hex(salt), length },
        ...{ N, r, p, maxmem: MEMORY_FACTOR * r * (N + p + ROWS_BESIDE) },
      }),
  );
}

/** @throws KeystoreError KEY_DERIVATION_FAILED */
async function derive(request: Readonly<Record<string, string | number>>): Promise<string> {
  const child = spawn(process.execPath, [PROGRAM], { stdio: ['pipe', 'pipe', 'pipe'], env: {} });
  // A process that ends early closes the pipe; its exit code tells why.
  child.stdin.on('error', () => undefined);
  // The password goes by the pipe: arguments and environment can be seen by other processes.
  child.stdin.end(JSON.stringify(request));
  const [key, complaint, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]).catch((cause: unknown) => {
    throw failed(cause instanceof Error ? cause.message : String(cause), cause);
  });
  if (code !== 0) throw failed(complaint.trim().split('\n').at(-1) ?? `exit code ${code}`, undefined);
  return `0x${key}`;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

function failed(reason: string, cause: unknown): KeystoreError {
  return new KeystoreError('KEY_DERIVATION_FAILED', {
    message: `The key of the keystore could not be derived: ${reason.slice(0, 256)}`,
    remedy: 'A keystore takes about 128 MiB for a moment to open: check that so much memory is free.',
    values: {},
    cause,
  });
}
