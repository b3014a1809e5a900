#!/usr/bin/env node
// Starts the publishers' command line under any Node: one that is too old, or that does not run TypeScript, hands over
// to the Node that the package brings.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const MINIMUM = [22, 13];
const here = dirname(fileURLToPath(import.meta.url));

function isRecent(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1]);
}

if (isRecent(process.versions.node) && process.features.typescript) {
  // The second start of a command takes half the time of the first; absent before Node 22.1.
  module.enableCompileCache?.();
  await import('./main.ts');
} else {
  handOver();
}

function handOver() {
  const bundled = findBundledNode(here);
  if (bundled === undefined || process.env.BCDN_HANDED_OVER === '1') {
    process.stderr.write(
      `bcdn needs a Node that runs TypeScript (24, or ${MINIMUM.join('.')} and later with it enabled); this is ${process.versions.node}.\n` +
        'Install a current Node, or run `npm install` here so that the bundled one is there.\n',
    );
    process.exitCode = 3;
    return;
  }
  const child = spawn(bundled, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, BCDN_HANDED_OVER: '1' },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === null ? 3 : 128);
  });
}

function findBundledNode(from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', 'node', 'bin', 'node');
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}
