import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

import type { InlineConfig, Plugin } from 'vite';

const ROOT = join(import.meta.dirname, '../..');
/** Smaller files gain nothing from compression. */
const MIN_COMPRESSED_BYTES = 1_024;
const COMPRESSIBLE = /\.(?:js|css|html|svg|json)$/;

/**
 * Settings that all pages are built with.
 * @param folder of the sources, from the project's root
 * @param output folder below `dist/`
 */
export function pageBuild(folder: string, output: string): InlineConfig {
  const outDir = join(ROOT, 'dist', output);
  return {
    configFile: false,
    root: join(ROOT, folder),
    logLevel: 'warn',
    clearScreen: false,
    plugins: [compressedCopies(outDir)],
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2022',
      reportCompressedSize: false,
      modulePreload: { polyfill: false },
      // A page may load nothing from data: URLs but images (content security policy), so nothing is inlined.
      assetsInlineLimit: 0,
    },
  };
}

/** Writes `.br` and `.gz` beside each file, so that the server compresses nothing while it serves. */
export function compressedCopies(outDir: string): Plugin {
  return {
    name: 'compressed-copies',
    apply: 'build',
    closeBundle: {
      sequential: true,
      async handler() {
        const files = await readdir(outDir, { recursive: true, withFileTypes: true });
        await Promise.all(
          files
            .filter((entry) => entry.isFile() && COMPRESSIBLE.test(entry.name))
            .map(async ({ parentPath, name }) => compress(join(parentPath, name))),
        );
      },
    },
  };
}

async function compress(file: string): Promise<void> {
  const bytes = await readFile(file);
  if (bytes.length < MIN_COMPRESSED_BYTES) return;
  const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
  await writeFile(`${file}.br`, await promisify(brotliCompress)(bytes, brotli));
  await writeFile(`${file}.gz`, await promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION }));
}
