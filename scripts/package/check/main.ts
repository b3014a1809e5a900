/**
 * Checks the package as users get it: packs what `npm run build:package` built, installs it with npm in an empty folder,
 * and lets the installed commands run a network, publish, fetch and audit. Needs the registry of npm.
 *
 * npm run check:package [-- --json]
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DevnetError } from '../../devnet/devnet-error.ts';
import { Progress } from '../../devnet/progress.ts';
import { buildPackage } from '../build-package.ts';
import { PackageError } from '../package-error.ts';
import { readManifest } from '../package-manifest.ts';
import { ROOT } from '../source-files.ts';
import { deliverByPackage } from './delivery-by-package.ts';
import { importByApplication } from './import-by-application.ts';
import { installPackage, type InstalledPackage } from './install-package.ts';
import { runCommand } from './run-command.ts';

const MEGABYTE = 1e6;
const workspace = await mkdtemp(join(tmpdir(), 'bcdn-check-package-'));
const progress = new Progress(process.stderr, { quiet: false });

try {
  await check(process.argv.includes('--json'));
} catch (failure) {
  if (!(failure instanceof PackageError || failure instanceof DevnetError)) throw failure;
  progress.say(failure.message);
  process.exitCode = 1;
} finally {
  await rm(workspace, { recursive: true, force: true });
}

async function check(json: boolean): Promise<void> {
  const output = join(ROOT, 'dist/package');
  await progress.task('Built', async () => buildPackage({ output, declarations: true }));
  const installed = await progress.task(
    'Packed and installed',
    async () => installPackage(workspace),
    sizesOf,
  );
  await progress.task('Commands show their help', async () => showHelp(installed));
  await progress.task('Applications import it, with types', async () => importByApplication(workspace));
  await mkdir(join(workspace, 'network'));
  const delivered = await progress.task(
    'A network of the installed commands publishes, fetches and audits',
    async () => deliverByPackage(installed.folder, join(workspace, 'network')),
    ({ edges, workers, bytes, receipts }) =>
      `${edges} edges, ${workers} workers, ${bytes} bytes equal, ${receipts} receipts verified in a thread`,
  );
  if (json)
    process.stdout.write(`${JSON.stringify({ schema: 'bcdn/check-package/1', installed, delivered })}\n`);
}

function sizesOf({ tarballBytes, files, packageBytes, installedBytes }: InstalledPackage): string {
  const megabytes = (bytes: number): string => `${(bytes / MEGABYTE).toFixed(1)} MB`;
  return (
    `tarball ${megabytes(tarballBytes)} with ${files} files, ${megabytes(packageBytes)} unpacked, ` +
    `${megabytes(installedBytes)} with what it needs`
  );
}

async function showHelp({ commands }: InstalledPackage): Promise<void> {
  for (const name of Object.keys((await readManifest()).bin)) {
    const help = await runCommand([process.execPath, join(commands, name), '--help']);
    if (!help.startsWith(`Usage: ${name} `)) throw new PackageError('CHECK_FAILED', `${name} shows no help.`);
  }
}
