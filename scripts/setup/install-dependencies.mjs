// Runs before `npm start` and `npm test`, under whatever Node started npm: installs the dependencies when
// they are missing or older than the lock file, and nothing otherwise. Plain JavaScript for that reason.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

function modifiedAtMs(path) {
  return statSync(`${root}${path}`, { throwIfNoEntry: false })?.mtimeMs;
}

const installedAtMs = modifiedAtMs('node_modules/.package-lock.json');
const lockedAtMs = modifiedAtMs('package-lock.json');
if (installedAtMs === undefined || (lockedAtMs !== undefined && installedAtMs < lockedAtMs)) {
  process.stderr.write('Installing dependencies (once; about a minute) …\n');
  // npm's own messages go to standard error: standard output belongs to the command that follows.
  const npm = process.env.npm_execpath;
  const install = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status, error } = npm
    ? spawnSync(process.execPath, [npm, ...install], { cwd: root, stdio: ['ignore', 2, 2] })
    : spawnSync('npm', install, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    const cause = error ? `: ${error.message}` : '';
    process.stderr.write(
      `Dependencies could not be installed${cause}. Check the network and that package.json and package-lock.json agree, then run npm ci.\n`,
    );
    process.exit(1);
  }
}
