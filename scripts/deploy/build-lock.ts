import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { DeployError } from './deploy-error.ts';

const POLL_INTERVAL_MS = 200;
const MAX_WAIT_MS = 180_000;

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

async function ownerOf(path: string): Promise<number | undefined> {
  try {
    const pid = Number(await readFile(path, 'utf8'));
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function tryAcquire(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Runs `work` while no other process builds in this tree. A lock whose process has died is taken over.
 *
 * @throws DeployError BUILD_LOCKED when another process holds the lock longer than three minutes.
 */
export async function withBuildLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'build.lock');
  const startedAt = performance.now();
  let emptySeen = 0;
  while (!(await tryAcquire(path))) {
    const owner = await ownerOf(path);
    // Between creating and writing a lock is empty for an instant; one that stays so was left by a crash.
    emptySeen = owner === undefined ? emptySeen + 1 : 0;
    if (emptySeen > 10 || (owner !== undefined && !isRunning(owner))) {
      await rm(path, { force: true });
      continue;
    }
    if (performance.now() - startedAt > MAX_WAIT_MS) {
      throw new DeployError(
        'BUILD_LOCKED',
        `Another process (${owner ?? 'unknown'}) is building the contracts.`,
        {
          path,
          remedy: `Wait for it, or delete ${path} if no build is running.`,
        },
      );
    }
    await sleep(POLL_INTERVAL_MS);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}
