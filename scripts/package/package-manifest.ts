import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { PackageError } from './package-error.ts';
import { ROOT } from './source-files.ts';

const manifestSchema = z.object({
  name: z.string(),
  version: z.string(),
  type: z.literal('module'),
  bin: z.record(z.string()),
  files: z.array(z.string()).readonly(),
  dependencies: z.record(z.string()),
});

/** What of `package.json` the build and its checks go by. */
export type PackageManifest = z.output<typeof manifestSchema>;

/** @throws PackageError MANIFEST_INVALID */
export async function readManifest(): Promise<PackageManifest> {
  const file = join(ROOT, 'package.json');
  const read = manifestSchema.safeParse(JSON.parse(await readFile(file, 'utf8')));
  if (read.success) return read.data;
  throw new PackageError(
    'MANIFEST_INVALID',
    `${file} is not what the package is built from: ${read.error.message}`,
  );
}
