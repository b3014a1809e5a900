#!/usr/bin/env node
// Starts the operator's command line under any Node: an old one hands over to the Node that the package brings.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const MINIMUM = [22, 13];

function isRecent(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1]);
}

const here = dirname(fileURLToPath(import.meta.url));
const built = join(here, 'main.js');
const source = join(here, 'main.ts');

// Running from source needs a Node that strips types without a flag; the built form runs on the minimum.
const canRunHere = isRecent(process.versions.node) && (existsSync(built) || process.features.typescript);

if (canRunHere) {
  // The second start of a command takes half the time and less memory of the first; absent before Node 22.1.
  module.enableCompileCache?.();
  await import(existsSync(built) ? built : source);
} else {
  handOver();
}

function handOver() {
  const bundled = findBundledNode(here);
  if (bundled === undefined || process.env.BCDN_NODE_HANDED_OVER === '1') {
    process.stderr.write(
      `bcdn-node needs Node ${MINIMUM.join('.')} or later; this is ${process.versions.node}.\n` +
        'Install a current Node, or run `npm install` here so that the bundled one is there.\n',
    );
    process.exitCode = 1;
    return;
  }
  const child = spawn(bundled, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, BCDN_NODE_HANDED_OVER: '1' },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 128);
  });
}

function findBundledNode(from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', 'node', 'bin', 'node');
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}
