import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize, relative } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
/** What is built or cached is not written here; folders of scripts may bear the same names. */
const NOT_OURS = new Set(['dist', 'artifacts', 'cache', 'generated', 'package', 'screenshots']);

/** A document of the repository. */
export interface Document {
  /** Below the repository's root. */
  readonly path: string;
  readonly text: string;
}

/** Every file of the repository below its root, folders that begin with a dot left out. */
export async function ownFiles(): Promise<string[]> {
  const files: string[] = [];
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readdir(join(ROOT, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name);
      const isOurs = folder.startsWith('scripts') || !NOT_OURS.has(entry.name);
      // Benches install packages of their own.
      const isInstalled = entry.name === 'node_modules';
      if (entry.isFile()) files.push(path);
      else if (entry.isDirectory() && isOurs && !isInstalled && !entry.name.startsWith('.'))
        folders.push(path);
    }
  }
  return files;
}

export async function readDocuments(files: readonly string[]): Promise<Document[]> {
  const paths = files.filter((file) => file.endsWith('.md'));
  return Promise.all(paths.map(async (path) => ({ path, text: await readFile(join(ROOT, path), 'utf8') })));
}

/** What links of the document lead to and is not there. */
export function deadLinks({ path, text }: Document, files: readonly string[]): string[] {
  const targets = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, target = '']) => target);
  const local = targets.filter((target) => !/^[a-z]+:/.test(target));
  return local.filter((target) => {
    const wanted = normalize(join(dirname(path), target)).replace(/\/$/, '');
    return wanted !== '.' && !files.some((file) => file === wanted || file.startsWith(`${wanted}/`));
  });
}

/** Source files that the document names, by a path or by their name alone, and that are not there. */
export function missingSources({ path, text }: Document, files: readonly string[]): string[] {
  const names = text.matchAll(/(?<![\w:/@}.-])[\w./*-]*[\w*]\.(?:tsx?|mjs|sol)\b(?!\.)/g);
  // NAME.sol stands for any, and what is generated is not there before the first build.
  const isNamed = (name: string): boolean => !/(?:^|\/)[A-Z]+\.\w+$|\/generated\//.test(name);
  const named = new Set([...names].map(([name]) => name).filter(isNamed));
  return [...named].filter((name) => {
    const beside = relative(ROOT, join(ROOT, dirname(path), name));
    const wanted = patternOf(name.replace(/^(?:\.{1,2}\/)+/, ''));
    return !files.includes(beside) && !files.some((file) => wanted.test(`/${file}`));
  });
}

/** Matches the ends of paths; `*` stands for anything. */
function patternOf(name: string): RegExp {
  const escaped = name.replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replace(/\*+/g, '.*');
  return new RegExp(`/${escaped}$`);
}
