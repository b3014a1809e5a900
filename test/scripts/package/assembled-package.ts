import { globSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { buildPackage } from '../../../scripts/package/build-package.ts';
import { readManifest } from '../../../scripts/package/package-manifest.ts';
import { ROOT } from '../../../scripts/package/source-files.ts';

const BUILT = 'dist/package';

/**
 * What npm would install, in a temporary folder: the files that package.json names and a build of now, without types.
 * Its packages are those of the checkout, by a link. @returns the folder, and what removes it
 */
export async function assemblePackage(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'bcdn-package-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const { files } = await readManifest();
    const plain = files
      .filter((pattern) => pattern !== BUILT)
      .flatMap((pattern) => globSync(pattern, { cwd: ROOT }));
    for (const file of ['package.json', ...plain]) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await cp(join(ROOT, file), join(folder, file));
    }
    await buildPackage({ output: join(folder, BUILT), declarations: false });
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    return { folder, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
