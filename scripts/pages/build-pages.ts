import { existsSync, globSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { build } from 'vite';

import { pageBuild } from './page-build.ts';
import { playerBuilds } from './player-build.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Everything that pages are made of; they are built again when one of these is newer than the last build. */
const SOURCES = [
  'package-lock.json',
  'scripts/pages/*.ts',
  '{marketplace/web,sdk,node/dashboard}/**/*.{ts,tsx,css,html,svg}',
];

/** Each bundle: folder of its sources, and folder below `dist/`. */
const BUNDLES = [
  { folder: 'marketplace/web', output: 'web' },
  { folder: 'node/dashboard', output: 'dashboard' },
] as const;

const force = process.argv.includes('--force');
const changedAtMs = Math.max(
  ...SOURCES.flatMap((pattern) => globSync(pattern, { cwd: ROOT })).map(
    (path) => statSync(join(ROOT, path)).mtimeMs,
  ),
);

for (const { folder, output } of BUNDLES) {
  const index = join(ROOT, 'dist', output, 'index.html');
  if (!force && existsSync(index) && statSync(index).mtimeMs > changedAtMs) continue;
  process.stderr.write(`Building the pages of ${folder} …\n`);
  await build(pageBuild(folder, output));
}

const playerBuilt = join(ROOT, 'dist/player/service-worker.js');
if (force || !existsSync(playerBuilt) || statSync(playerBuilt).mtimeMs <= changedAtMs) {
  process.stderr.write('Building the player …\n');
  for (const playerBuild of playerBuilds()) await build(playerBuild);
}
