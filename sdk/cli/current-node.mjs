// Starts a command line under any Node: one that cannot run it hands over to the Node that npm installed beside the
// package, or says what to do. Plain JavaScript of an old edition, because an old Node must be able to read it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

const HANDED_OVER = 'BCDN_HANDED_OVER';
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A checkout runs its sources, so that a build of yesterday never stands in for them; an installed package has none. */
const FORMS = [
  { folder: ROOT, extension: '.ts', need: 'a Node that runs TypeScript, as 24 does', runs: runsTypeScript },
  {
    folder: join(ROOT, 'dist/package'),
    extension: '.js',
    need: 'Node 22.13 or later, best 24',
    runs: runsPackage,
  },
];

/**
 * @param {{ name: string, launcher: string, program: string, failureExitCode: number }} command its name, the URL of the
 * file that was started, its program from the root of the sources (without extension), and the exit code for a machine
 * without a Node that runs it
 */
export async function startUnderCurrentNode(command) {
  const form = FORMS.find(({ folder, extension }) => existsSync(join(folder, command.program + extension)));
  if (form === undefined) {
    fail(
      command,
      `${command.name} is not whole: ${command.program} is missing below ${ROOT}.`,
      'Install it again.',
    );
  } else if (form.runs()) {
    outliveReaders();
    // The second start of a command takes half the time of the first; absent before Node 22.1.
    module.enableCompileCache?.();
    await import(pathToFileURL(join(form.folder, command.program + form.extension)).href);
  } else {
    handOver(command, form.need);
  }
}

/**
 * Whoever read the output may leave before its end (`… --help | head`): work that is under way goes on, a payment or a
 * node that serves most of all, and what it says is lost.
 */
function outliveReaders() {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

function runsTypeScript() {
  return Boolean(process.features.typescript);
}

function runsPackage() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 13);
}

function handOver(command, need) {
  const { name, launcher, failureExitCode } = command;
  const path = fileURLToPath(launcher);
  const bundled = findBundledNode(dirname(path));
  if (bundled === undefined || process.env[HANDED_OVER] === '1') {
    fail(
      command,
      `${name} needs ${need}; this is ${process.versions.node} (${process.execPath}).`,
      `Install Node 24, or run \`npm install node@24\` in ${installedIn(ROOT)}, which puts one where ${name} finds it.`,
    );
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

function fail({ failureExitCode }, cause, remedy) {
  process.stderr.write(`${cause}\n${remedy}\n`);
  process.exitCode = failureExitCode;
}

function findBundledNode(from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', 'node', 'bin', 'node');
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

/** The folder where npm put the package: the one that holds `node_modules`; the checkout itself otherwise. */
function installedIn(root) {
  const parts = root.split('/node_modules/');
  return parts.length === 1 ? root : parts.slice(0, -1).join('/node_modules/');
}
