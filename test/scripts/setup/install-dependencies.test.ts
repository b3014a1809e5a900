import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect } from 'chai';

const SETUP = join(import.meta.dirname, '../../../scripts/setup/install-dependencies.mjs');
/** Older than any lock file. */
const LONG_AGO = new Date(0);

describe('what is installed before npm start and npm test', () => {
  let folder: string;
  let root: string;
  let called: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bcdn-install-'));
    root = join(folder, 'checkout');
    called = join(folder, 'called');
    await mkdir(join(root, 'scripts/setup'), { recursive: true });
    await cp(SETUP, join(root, 'scripts/setup/install-dependencies.mjs'));
    await writeFile(join(root, 'package-lock.json'), '{}');
    // In the place of npm: writes down what it is asked for.
    await writeFile(
      join(folder, 'npm.cjs'),
      `require('node:fs').appendFileSync(${JSON.stringify(called)}, process.argv[2] + '\\n');`,
    );
  });

  afterEach(async () => rm(folder, { recursive: true, force: true }));

  const install = (): Promise<{ stdout: string; stderr: string }> =>
    promisify(execFile)(process.execPath, [join(root, 'scripts/setup/install-dependencies.mjs')], {
      env: { ...process.env, npm_execpath: join(folder, 'npm.cjs') },
    });

  const calls = async (): Promise<string> => readFile(called, 'utf8').catch(() => '');

  async function installed(at: string, options: { readonly old: boolean }): Promise<void> {
    await mkdir(join(at, '@nomicfoundation/edr-linux'), { recursive: true });
    await writeFile(join(at, '.package-lock.json'), '{}');
    if (options.old) await utimes(join(at, '.package-lock.json'), LONG_AGO, LONG_AGO);
  }

  it('is nothing while what there is fits the lock file', async () => {
    await installed(join(root, 'node_modules'), { old: false });
    expect(await install()).to.deep.equal({ stdout: '', stderr: '' });
    expect(await calls()).to.equal('');
  });

  it('is everything when the lock file is newer; standard output stays free', async () => {
    await installed(join(root, 'node_modules'), { old: true });
    expect((await install()).stdout).to.equal('');
    expect(await calls()).to.equal('ci\n');
  });

  it("is never put where a link leads: that is another checkout's", async () => {
    const elsewhere = join(folder, 'elsewhere');
    await installed(elsewhere, { old: true });
    await symlink(elsewhere, join(root, 'node_modules'));
    const { stdout, stderr } = await install();
    expect(stdout).to.equal('');
    expect(stderr).to.contain(elsewhere).and.to.contain('run npm ci there');
    expect(await calls()).to.equal('');
  });
});
