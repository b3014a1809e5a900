import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { PackageError } from '../package-error.ts';
import { ROOT } from '../source-files.ts';
import { runCommand } from './run-command.ts';

const packedSchema = z.tuple([z.object({ filename: z.string(), entryCount: z.number() })]);

/** The package as a user has it after `npm install`. */
export interface InstalledPackage {
  /** Of the package itself. */
  readonly folder: string;
  /** Where npm puts the commands. */
  readonly commands: string;
  readonly tarballBytes: number;
  readonly files: number;
  /** Of the package alone, and of everything that it needs. */
  readonly packageBytes: number;
  readonly installedBytes: number;
}

/**
 * Packs what is built and installs the tarball, without what only developers need, in an empty folder: nothing of the
 * checkout is within reach of it.
 * @throws PackageError PROGRAM_FAILED, CHECK_FAILED
 */
export async function installPackage(workspace: string): Promise<InstalledPackage> {
  const pack = ['npm', 'pack', '--ignore-scripts', '--json', '--pack-destination', workspace] as const;
  const packed = packedSchema.safeParse(JSON.parse(await runCommand(pack, { cwd: ROOT })));
  if (!packed.success) throw new PackageError('CHECK_FAILED', 'npm pack said nothing of what it packed.');
  const [{ filename, entryCount }] = packed.data;
  const tarball = join(workspace, filename);
  await writeFile(join(workspace, 'package.json'), '{ "private": true }\n');
  await runCommand(['npm', 'install', '--omit=dev', '--no-audit', '--no-fund', '--loglevel=error', tarball], {
    cwd: workspace,
  });
  const modules = join(workspace, 'node_modules');
  const folder = join(modules, 'bcdn');
  return {
    folder,
    commands: join(modules, '.bin'),
    tarballBytes: (await stat(tarball)).size,
    files: entryCount,
    packageBytes: await bytesBelow(folder),
    installedBytes: await bytesBelow(modules),
  };
}

async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
