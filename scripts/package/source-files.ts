import { globSync } from 'node:fs';
import { join } from 'node:path';

/** The checkout. */
export const ROOT = join(import.meta.dirname, '../..');

/** What runs in Node: everything but what Vite bundles for browsers, and what is generated, of which most is unused. */
const SOURCES = ['sdk', 'node', 'marketplace'];
const BUNDLED = ['marketplace/web', 'node/dashboard', 'sdk/player', 'sdk/ui'];
const GENERATED = 'sdk/chain/generated';
/** Of the generated files, those that programs load; the others are types, or for deploying. */
const GENERATED_AND_LOADED = ['abi.ts', 'notices.ts'].map((name) => `${GENERATED}/${name}`);

/** What applications import: types are written for these, and for what they name. */
export const DOORS = ['sdk/index.ts', 'sdk/browser.ts', `${GENERATED}/abi.ts`] as const;

/** Files of the programs, relative to the checkout. @param extension with its dot */
export function programFiles(extension: '.ts' | '.mjs'): readonly string[] {
  const found = globSync(
    SOURCES.map((folder) => `${folder}/**/*${extension}`),
    { cwd: ROOT },
  ).filter((file) => ![...BUNDLED, GENERATED].some((folder) => file.startsWith(`${folder}/`)));
  return [...found, ...(extension === '.ts' ? GENERATED_AND_LOADED : [])].sort();
}
