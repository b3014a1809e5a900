import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import * as abis from '../../sdk/chain/generated/abi.ts';
import { compilePrograms } from './compile-programs.ts';
import { PackageError } from './package-error.ts';
import { readManifest, type PackageManifest } from './package-manifest.ts';
import { programFiles, ROOT } from './source-files.ts';
import { writeDeclarations } from './write-declarations.ts';

/** What Vite builds for browsers, and programs serve. */
const PAGES = ['dist/web', 'dist/dashboard', 'dist/player'];

export interface PackageBuild {
  /** Folder that is emptied and written. */
  readonly output: string;
  /** Types take a few times as long as all else. */
  readonly declarations: boolean;
}

/**
 * Builds what an installed package runs. The folder mirrors the checkout, so that every path between files is the same in
 * both; only the extension of what was TypeScript differs. Contract bindings and pages have to be there.
 * @throws PackageError PARTS_MISSING, BUILD_FAILED
 */
export async function buildPackage({ output, declarations }: PackageBuild): Promise<void> {
  const missing = PAGES.filter((folder) => !existsSync(join(ROOT, folder)));
  if (missing.length > 0) {
    throw new PackageError('PARTS_MISSING', `${missing.join(', ')} must be built first: npm run build`);
  }
  const manifest = await readManifest();
  await rm(output, { recursive: true, force: true });
  compilePrograms(output);
  await copyPlainFiles(output, manifest);
  await writeAbis(join(output, 'contracts'));
  // Programs read their version from the file that stands here in the checkout.
  const { name, version, type } = manifest;
  await writeFile(join(output, 'package.json'), `${JSON.stringify({ name, version, type }, null, 2)}\n`);
  if (declarations) writeDeclarations(output);
}

async function copyPlainFiles(output: string, { files }: PackageManifest): Promise<void> {
  const shippedAsTheyAre = new Set(files);
  for (const file of programFiles('.mjs').filter((path) => !shippedAsTheyAre.has(path))) {
    await mkdir(dirname(join(output, file)), { recursive: true });
    await cp(join(ROOT, file), join(output, file));
  }
  for (const folder of PAGES) await cp(join(ROOT, folder), join(output, folder), { recursive: true });
}

/** One file of JSON for each contract: its ABI. */
async function writeAbis(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, abi] of Object.entries(abis)) {
    const contract = name.charAt(0).toUpperCase() + name.slice(1).replace(/Abi$/, '');
    await writeFile(join(folder, `${contract}.json`), `${JSON.stringify(abi, null, 2)}\n`);
  }
}
