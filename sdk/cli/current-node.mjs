// Starts a command line under any Node: one that does not run TypeScript hands over to the Node that the package
// brings. Plain JavaScript of an old edition, because an old Node must be able to read it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const HANDED_OVER = 'BCDN_HANDED_OVER';

/**
 * @param {{ name: string, launcher: string, main: string, failureExitCode: number }} program its name, the URLs of the
 * file that was started and of its TypeScript, and the exit code for a machine without a Node that runs it
 */
export async function startUnderCurrentNode(program) {
  if (process.features.typescript) {
    // The second start of a command takes half the time of the first; absent before Node 22.1.
    module.enableCompileCache?.();
    await import(program.main);
  } else {
    handOver(program);
  }
}

function handOver({ name, launcher, failureExitCode }) {
  const path = fileURLToPath(launcher);
  const bundled = findBundledNode(dirname(path));
  if (bundled === undefined || process.env[HANDED_OVER] === '1') {
    process.stderr.write(
      `${name} needs a Node that runs TypeScript, as 24 does; this is ${process.versions.node}.\n` +
        'Install a current Node, or run `npm install` here so that the bundled one is there.\n',
    );
    process.exitCode = failureExitCode;
    return;
  }
  const child = spawn(bundled, [...process.execArgv, path, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, [HANDED_OVER]: '1' },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === null ? failureExitCode : 128);
  });
}

function findBundledNode(from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', 'node', 'bin', 'node');
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}
