import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { expect } from 'chai';

const ROOT = join(import.meta.dirname, '../../..');
/** Programs that run before `npm start`; here each says its name on standard output. */
const PROGRAMS = [
  'scripts/setup/install-dependencies.mjs',
  'scripts/deploy/generate-bindings.ts',
  'scripts/pages/build-pages.ts',
];

describe('npm start', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bcdn-npm-start-'));
    for (const name of ['package.json', '.npmrc']) await cp(join(ROOT, name), join(folder, name));
    for (const name of PROGRAMS) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), `process.stdout.write(${JSON.stringify(`${name}\n`)});`);
    }
    await writeFile(join(folder, 'scripts/setup/require-node.mjs'), '');
  });

  after(async () => rm(folder, { recursive: true, force: true }));

  for (const loglevel of ['silent', 'notice']) {
    it(`has standard output to itself, also after installing and building, with npm ${loglevel}`, async () => {
      const { stdout, stderr } = await promisify(execFile)('npm', ['run', 'prestart'], {
        cwd: folder,
        env: { ...process.env, npm_config_loglevel: loglevel },
      });
      for (const program of PROGRAMS) expect(stderr).to.contain(program);
      // A talkative npm says which script it runs; what that script prints is still no part of it.
      expect(stdout.split('\n').filter((line) => line !== '' && !line.startsWith('> '))).to.deep.equal([]);
      if (loglevel === 'silent') expect(stdout).to.equal('');
    });
  }
});
