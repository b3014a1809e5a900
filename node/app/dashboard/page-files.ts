import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';

import { isMissing } from '../../adapters/keystore/private-file.ts';

/** Where the build puts the pages of the desk. */
export const BUILT_DASHBOARD = join(import.meta.dirname, '../../../dist/dashboard');

/** The pages are a hundred kilobytes in a dozen files; more is not a build of ours. */
const MAX_FILES = 200;
const MAX_TOTAL_BYTES = 8 * 2 ** 20;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const NOT_BUILT = 'The pages of the desk are not built yet: npm run build:pages\n';

/** A file of the pages, in memory. */
export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
  /** Its name carries the hash of its content. */
  readonly isLasting: boolean;
}

/** Files of the pages by their path, such as `/assets/index-1a2b.js`. */
export type PageFiles = ReadonlyMap<string, PageFile>;

/** Reads the built pages once, so that no request reaches the disk; without a build, one page says how to make it. */
export async function readPageFiles(folder: string = BUILT_DASHBOARD): Promise<PageFiles> {
  const files = new Map<string, PageFile>();
  let bytes = 0;
  for (const path of await filesBelow(folder)) {
    const type = TYPES[extname(path)];
    const { size } = await stat(path);
    if (type === undefined || files.size >= MAX_FILES || bytes + size > MAX_TOTAL_BYTES) continue;
    bytes += size;
    const name = `/${relative(folder, path).split(sep).join('/')}`;
    files.set(name, { type, body: await readFile(path), isLasting: name.startsWith('/assets/') });
  }
  const index = files.get('/index.html') ?? {
    type: 'text/plain; charset=utf-8',
    body: Buffer.from(NOT_BUILT),
    isLasting: false,
  };
  files.set('/', index);
  return files;
}

async function filesBelow(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
