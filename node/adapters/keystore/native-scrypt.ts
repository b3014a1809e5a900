import { scrypt as nodeScrypt } from 'node:crypto';
import { scrypt } from 'ethers';

/** scrypt needs 128·r·(N + p) bytes and a few rows more; twice that leaves room for the implementation's own buffers. */
const MEMORY_FACTOR = 256;
/** More than is beside the N rows, which counts where N is small. */
const ROWS_BESIDE = 16;

let registered = false;

/** Lets ethers derive keystore keys with OpenSSL's scrypt: the same bytes, some twenty times faster than in JavaScript. */
export function registerNativeScrypt(): void {
  if (registered) return;
  registered = true;
  scrypt.register(
    // The shape of this callback is given by ethers.
    // eslint-disable-next-line max-params
    (password, salt, N, r, p, length) =>
      new Promise<string>((resolve, reject) => {
        nodeScrypt(
          password,
          salt,
          length,
          { N, r, p, maxmem: MEMORY_FACTOR * r * (N + p + ROWS_BESIDE) },
          (error, key) => {
            if (error === null) resolve(`0x${key.toString('hex')}`);
            else reject(error);
          },
        );
      }),
  );
}
