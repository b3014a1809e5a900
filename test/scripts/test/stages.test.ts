import { expect } from 'chai';

import { findProgram } from '../../../scripts/test/installed-programs.ts';
import { countTests, reasonToSkip, STAGES, type Stage } from '../../../scripts/test/stages.ts';

const reporter: Stage = { name: 'r', command: ['mocha'], counts: 'reporter', lane: 'parts' };
const check: Stage = { name: 'c', command: ['tsc'], counts: 'check', lane: 'whole' };

describe('counting the tests of a stage', () => {
  it('adds up every total that a runner prints, colours or not', () => {
    const output = '\n  \u001b[92m \u001b[0m\u001b[32m 12 passing\u001b[0m (3s)\n\n  Solidity\n  3 passing\n';
    expect(countTests(reporter, 0, output)).to.deep.equal({ passed: 15, failed: 0 });
    expect(countTests(reporter, 2, '  4 passing\n  2 failing\n')).to.deep.equal({ passed: 4, failed: 2 });
  });

  it('takes no number from the names of tests', () => {
    expect(countTests(reporter, 0, '  ✔ counts 7 passing cars\n  1 passing (2ms)\n')).to.deep.equal({
      passed: 1,
      failed: 0,
    });
  });

  it('a skipped test counts as failed: it backs no claim', () => {
    expect(countTests(reporter, 0, '  4 passing\n  1 pending\n')).to.deep.equal({ passed: 4, failed: 1 });
  });

  it('a run that executed nothing, or died without a word, failed', () => {
    expect(countTests(reporter, 0, '')).to.deep.equal({ passed: 0, failed: 1 });
    expect(countTests(reporter, 0, '  0 passing\n')).to.deep.equal({ passed: 0, failed: 1 });
    expect(countTests(reporter, 137, '  9 passing\n')).to.deep.equal({ passed: 9, failed: 1 });
  });

  it('a check counts as one test by its exit code', () => {
    expect(countTests(check, 0, '')).to.deep.equal({ passed: 1, failed: 0 });
    expect(countTests(check, 1, '0 passing')).to.deep.equal({ passed: 0, failed: 1 });
  });

  it('every stage has a name of its own', () => {
    expect(new Set(STAGES.map(({ name }) => name)).size).to.equal(STAGES.length);
  });
});

describe('a stage that needs a program', () => {
  const needing = (program: string): Stage => ({
    ...reporter,
    needs: { programs: [program], why: 'does the work', remedy: 'apt-get install -y it' },
  });

  it('runs where the program is', () => {
    expect(reasonToSkip(reporter)).to.equal(undefined);
    expect(reasonToSkip(needing('sh'))).to.equal(undefined);
    expect(findProgram(['no-such-program', 'sh'])).to.match(/\/sh$/);
  });

  it('is skipped elsewhere, and says why and what to do', () => {
    expect(reasonToSkip(needing('no-such-program'))).to.equal(
      'no-such-program is not installed, which does the work; run: apt-get install -y it',
    );
  });
});
