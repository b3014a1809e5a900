// Runs before `npm start` and `npm test`, under whatever Node started npm: installs the dependencies when
// they are missing or older than the lock file, and nothing otherwise. Plain JavaScript for that reason.
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const modules = join(root, 'node_modules');
const ownNode = join(modules, 'node/bin/node');

if (isLinked()) {
  // Another checkout's: npm would empty what the link leads to, under the feet of whoever works there.
  if (needsInstall() || !hasChainEngine()) {
    process.stderr.write(
      `node_modules leads to ${realpathSync(modules)} and is older than package-lock.json or incomplete. ` +
        'It is left alone; if something is missing, run npm ci there.\n',
    );
  }
  process.exit(0);
}
if (needsInstall()) {
  process.stderr.write('Installing dependencies (once; about a minute) …\n');
  npm(process.execPath, 'ci');
}
if (!hasChainEngine()) {
  if (!existsSync(ownNode)) {
    fail(
      'the package node brought no Node 24; install scripts may be switched off: set ignore-scripts to false',
    );
  }
  // npm leaves out optional packages that ask for a later Node than it runs on, and Hardhat's engine is one, also after
  // a plain `npm ci` under Node 20: a second pass, under our own Node, fetches it.
  npm(ownNode, 'install', '--ignore-scripts');
}

function isLinked() {
  return lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink() === true && existsSync(modules);
}

function hasChainEngine() {
  const scope = join(modules, '@nomicfoundation');
  return existsSync(scope) && readdirSync(scope).some((name) => name.startsWith('edr-'));
}

function needsInstall() {
  const installedAtMs = modifiedAtMs('node_modules/.package-lock.json');
  const lockedAtMs = modifiedAtMs('package-lock.json');
  return installedAtMs === undefined || (lockedAtMs !== undefined && installedAtMs < lockedAtMs);
}

function modifiedAtMs(path) {
  return statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs;
}

/** npm's own messages go to standard error: standard output belongs to the command that follows. */
function npm(node, command, ...flags) {
  const program = process.env.npm_execpath;
  if (program === undefined) fail('run it through npm: npm start, npm test');
  const { status, error } = spawnSync(
    node,
    [program, command, ...flags, '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      stdio: ['ignore', 2, 2],
      env: { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` },
    },
  );
  if (status !== 0) {
    fail(
      `npm ${command} failed${error ? `: ${error.message}` : ''}; check the network, and that package.json and package-lock.json agree`,
    );
  }
}

function fail(reason) {
  process.stderr.write(`Dependencies could not be installed: ${reason}.\n`);
  process.exit(1);
}
