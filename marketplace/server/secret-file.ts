import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { describeFailure, MarketplaceError } from '../errors.ts';

const SECRET_BYTES = 32;
const OWNER_ONLY = 0o600;

/**
 * The secret of a data directory, made on first use and readable by its owner only.
 * Keys of the coordinator cannot be opened without it: back it up together with the database.
 *
 * @throws MarketplaceError SECRET_UNREADABLE, SECRET_EXPOSED if others can read the file
 */
export async function readSecretFile(dataDir: string): Promise<Uint8Array> {
  const file = join(dataDir, 'secret.key');
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const created = await open(file, 'wx', OWNER_ONLY).catch((failure: unknown) => {
      if (isAlreadyThere(failure)) return undefined;
      throw failure;
    });
    if (created !== undefined) {
      await created.writeFile(randomBytes(SECRET_BYTES));
      await created.sync();
      await created.close();
      await chmod(file, OWNER_ONLY);
    }
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) {
      throw new MarketplaceError('SECRET_EXPOSED', `${file} can be read by others than its owner.`, {
        file,
        mode: (mode & 0o777).toString(8),
      });
    }
    const secret = await readFile(file);
    if (secret.length === SECRET_BYTES) return new Uint8Array(secret);
    throw new MarketplaceError('SECRET_UNREADABLE', `${file} does not hold ${SECRET_BYTES} bytes.`, {
      file,
      bytes: secret.length,
    });
  } catch (failure) {
    if (failure instanceof MarketplaceError) throw failure;
    throw new MarketplaceError(
      'SECRET_UNREADABLE',
      `${file} cannot be read or made: ${describeFailure(failure)}.`,
      { file },
      failure,
    );
  }
}

function isAlreadyThere(failure: unknown): boolean {
  return failure instanceof Error && 'code' in failure && failure.code === 'EEXIST';
}
