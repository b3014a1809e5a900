import { open, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../adapters/keystore/private-file.ts';
import type { NodeConfig } from '../config/config-file.ts';
import { formatSize } from '../config/units.ts';
import { failed, fine, warning, type Finding } from './finding.ts';

/** Receipts count only when they are on disk: a slower disk holds every viewer up. */
const SLOW_SYNC_MS = 250;
const OTHERS_MAY = 0o077;

/** Whether anybody but the owner can read what is secret. */
export async function checkSecrets({ dataDir }: NodeConfig): Promise<Finding> {
  const needed = [dataDir.keystore, dataDir.libp2pKey, dataDir.config];
  for (const path of [...needed, dataDir.dashboardToken]) {
    const mode = await stat(path).then(
      (found) => found.mode,
      (error: unknown) => errorCode(error) ?? 'unknown',
    );
    // The token is made when the node is started for the first time.
    if (mode === 'ENOENT' && !needed.includes(path)) continue;
    if (typeof mode === 'string') {
      return failed(
        'keystore',
        `${path} cannot be read (${mode})`,
        `ls -l ${dataDir.root}, then restore it from your backup`,
      );
    }
    if ((mode & OTHERS_MAY) !== 0) {
      const shown = (mode & 0o777).toString(8);
      return failed(
        'keystore',
        `${path} has mode ${shown}: others on this machine may use it`,
        `chmod 600 ${path}`,
      );
    }
  }
  return fine('keystore', 'keystore, network key, configuration and token are for their owner only');
}

/** Whether what the node may store has room, and the disk takes writes and syncs. @param usedBytes of the quota; undefined if that is not known */
export async function checkDisk(
  { dataDir, settings }: NodeConfig,
  usedBytes: number | undefined,
): Promise<Finding> {
  const { bavail, bsize } = await statfs(dataDir.root);
  const freeBytes = bavail * bsize;
  let syncMs: number;
  try {
    syncMs = await syncTime(dataDir.root);
  } catch (error) {
    const code = errorCode(error) ?? 'unknown';
    return failed(
      'disk',
      `${dataDir.root} takes no writes (${code}); ${formatSize(freeBytes)} free`,
      `df -h ${dataDir.root}`,
    );
  }
  const wantedBytes = Math.max(0, settings.disk - (usedBytes ?? 0));
  const facts = `${formatSize(freeBytes)} free, content may take ${formatSize(settings.disk)}${usedBytes === undefined ? '' : ` (${formatSize(usedBytes)} used)`}, a write is on disk in ${syncMs} ms`;
  if (freeBytes < wantedBytes) {
    return warning(
      'disk',
      `you need ${formatSize(wantedBytes)} for the rest of the quota, have ${formatSize(freeBytes)}; ${facts}`,
      `bcdn-node start --disk ${Math.floor((freeBytes + (usedBytes ?? 0)) / 2 ** 20)}MiB`,
    );
  }
  if (syncMs > SLOW_SYNC_MS) {
    return warning('disk', `the disk is slow: ${facts}`, `bcdn-node status --data-dir ${dataDir.root}`);
  }
  return fine('disk', facts);
}

async function syncTime(directory: string): Promise<number> {
  const path = join(directory, `.doctor-${process.pid}`);
  const startMs = performance.now();
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile('is this disk writable?\n');
      await file.sync();
    } finally {
      await file.close();
    }
  } finally {
    await rm(path, { force: true });
  }
  return Math.round(performance.now() - startMs);
}
