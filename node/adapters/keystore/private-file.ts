import { constants } from 'node:fs';
import { mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Files and folders with keys are readable by their owner only. */
export const PRIVATE_FILE_MODE = 0o600;
export const PRIVATE_DIRECTORY_MODE = 0o700;

/** No key or configuration file of ours is larger; a larger one is not ours. */
export const MAX_PRIVATE_FILE_BYTES = 65_536;

/** Creates a folder (and its parents) for its owner only. */
export async function ensurePrivateDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: PRIVATE_DIRECTORY_MODE });
}

/** Writes a new file with mode 0600 and syncs it; fails with EEXIST instead of overwriting. */
export async function createPrivateFile(path: string, content: string): Promise<void> {
  await ensurePrivateDirectory(dirname(path));
  await writeSynced(path, content, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY);
}

/** Replaces a file by write, sync and rename, so a crash leaves the old or the new one, never half of it. */
export async function replacePrivateFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.new`;
  await writeSynced(temporary, content, constants.O_CREAT | constants.O_TRUNC | constants.O_WRONLY);
  await rename(temporary, path);
}

/** Reads a small file, or nothing if there is none. A file beyond {@link MAX_PRIVATE_FILE_BYTES} is refused. */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    if (size > MAX_PRIVATE_FILE_BYTES) return undefined;
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Whether the error of a file operation says that the file is not there. */
export function isMissing(error: unknown): boolean {
  return errorCode(error) === 'ENOENT';
}

/** The system's error code (`ENOENT`, `EEXIST`, …), if the error carries one. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

async function writeSynced(path: string, content: string, flags: number): Promise<void> {
  const file = await open(path, flags, PRIVATE_FILE_MODE);
  try {
    await file.writeFile(content, 'utf8');
    await file.sync();
  } finally {
    await file.close();
  }
}
