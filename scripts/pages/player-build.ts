import { join } from 'node:path';

import type { InlineConfig } from 'vite';

import { compressedCopies } from './page-build.ts';

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, 'sdk/player');
const OUTPUT = join(ROOT, 'dist/player');

const SHARED = {
  configFile: false,
  root: FOLDER,
  logLevel: 'warn',
  clearScreen: false,
  publicDir: false,
  plugins: [compressedCopies(OUTPUT)],
  // What the parts import says where it runs by conditions of bundlers.
  resolve: {
    conditions: ['browser', 'module', 'import', 'default'],
    // Captions are the player's own; the light build leaves those of hls.js out.
    alias: [{ find: /^hls\.js$/, replacement: 'hls.js/light' }],
  },
} satisfies InlineConfig;

const BUILD = {
  outDir: OUTPUT,
  target: 'es2022',
  reportCompressedSize: false,
  modulePreload: false,
  assetsInlineLimit: 0,
  sourcemap: false,
} as const;

/**
 * Scripts that pages of any site load by name: the element, its worker, and the service worker. The last is one classic
 * script, which every browser takes by `importScripts`.
 */
export function playerBuilds(): readonly InlineConfig[] {
  return [
    {
      ...SHARED,
      build: {
        ...BUILD,
        emptyOutDir: true,
        rollupOptions: {
          input: { embed: join(FOLDER, 'embed.ts'), 'viewer-worker': join(FOLDER, 'viewer-worker.ts') },
          // A worker that a page imports keeps what it exports.
          preserveEntrySignatures: 'strict',
          output: { entryFileNames: '[name].js', chunkFileNames: 'assets/[name]-[hash].js' },
        },
      },
    },
    {
      ...SHARED,
      build: {
        ...BUILD,
        emptyOutDir: false,
        lib: {
          entry: join(FOLDER, 'service-worker.ts'),
          formats: ['iife'],
          name: 'bcdn',
          fileName: () => 'service-worker.js',
        },
      },
    },
  ];
}
