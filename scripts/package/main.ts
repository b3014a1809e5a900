/**
 * Builds the package below `dist/package`: what `npm pack` takes along beside the launchers.
 *
 * npm run build:package
 */
import { join } from 'node:path';

import { buildPackage } from './build-package.ts';
import { PackageError } from './package-error.ts';
import { ROOT } from './source-files.ts';

try {
  process.stderr.write('Building the package …\n');
  await buildPackage({ output: join(ROOT, 'dist/package'), declarations: true });
} catch (failure) {
  if (!(failure instanceof PackageError)) throw failure;
  process.stderr.write(`${failure.message}\n`);
  process.exitCode = 1;
}
