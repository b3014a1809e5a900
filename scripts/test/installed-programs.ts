import { accessSync, constants, globSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian keeps the programs of PostgreSQL's server outside of the path, by version. */
const POSTGRESQL_FOLDERS = '/usr/lib/postgresql/*/bin';

/** @returns where the first of the names is that this machine has */
export function findProgram(names: readonly string[]): string | undefined {
  const byVersion = globSync(POSTGRESQL_FOLDERS).sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...byVersion];
  return names
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => isExecutable(path));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
