import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { StageRunner } from '../../../scripts/test/stage-runner.ts';
import { countTests, type Stage } from '../../../scripts/test/stages.ts';

/** Test files of a run within a test; each tells apart its first run and the next. */
const FILES = {
  'passing.test.js': `it('holds', () => {}); it('holds, too', () => {});`,
  'hook.test.js': `
    describe('a network', () => {
      before(() => { if (isFirst('hook')) throw new Error('slow machine'); });
      it('one', () => {}); it('two', () => {}); it('three', () => {});
    });`,
  'late.test.js': `it('on time', () => { if (isFirst('late')) throw new Error('slow machine'); }); it('never', () => {});`,
  'wrong.test.js': `it('is wrong', () => { throw new Error('whatever the machine'); });`,
};

describe('a stage of tests of which some fail', function () {
  this.timeout(60_000);
  let folder: string;
  let said: string;
  let runner: StageRunner;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bcdn-stage-'));
    said = '';
    runner = new StageRunner({ write: (text) => (said += text) });
    const marks = `
      import { existsSync, writeFileSync } from 'node:fs';
      const isFirst = (name) => {
        const mark = ${JSON.stringify(folder)} + '/' + name;
        const first = !existsSync(mark);
        writeFileSync(mark, '');
        return first;
      };`;
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    for (const [name, text] of Object.entries(FILES)) await writeFile(join(folder, name), marks + text);
  });

  afterEach(async () => {
    runner.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const stage = (names: readonly (keyof typeof FILES)[]): Stage => ({
    name: 'networks',
    command: ['mocha', '--no-config', '--extension', 'js'],
    files: names.map((name) => join(folder, name)),
    counts: 'reporter',
    lane: 'parts',
  });

  it('runs only the files again that failed, also in a hook, each alone, and says so', async () => {
    const counted = await runner.run([stage(['passing.test.js', 'hook.test.js', 'late.test.js'])]);
    expect(counted).to.deep.equal({ passed: 7, failed: 0 });
    const repeated = said
      .split('\n')
      .filter((line) => line.startsWith('↻'))
      .sort();
    expect(repeated).to.have.length(2);
    expect(repeated[0]).to.match(/^↻ networks: \S*hook\.test\.js is run once more, alone$/);
    expect(repeated[1]).to.match(/^↻ networks: \S*late\.test\.js is run once more, alone$/);
    expect(said.match(/^✗ networks \(.*, 3 passing\)$/gm)).to.have.length(1);
    expect(said.match(/^✓ \S*hook\.test\.js \(.*, 3 passing\)$/gm)).to.have.length(1);
    expect(said).to.contain('slow machine');
  });

  it('fails when a file fails again', async () => {
    const counted = await runner.run([stage(['passing.test.js', 'wrong.test.js'])]);
    expect(counted).to.deep.equal({ passed: 2, failed: 1 });
    expect(said.match(/^↻/gm)).to.have.length(2);
  });

  it('whose failure is in no file is run again as a whole', async () => {
    const dying = join(folder, 'dying.test.js');
    await writeFile(dying, `it('holds', () => {}); it('dies', () => process.exit(7));`);
    const counted = await runner.run([{ ...stage([]), files: [dying] }]);
    expect(counted).to.deep.equal(countTests(stage([]), 7, ''));
    expect(said.split('\n').filter((line) => line.startsWith('↻'))).to.deep.equal([
      '↻ networks is run once more, alone',
    ]);
  });
});
