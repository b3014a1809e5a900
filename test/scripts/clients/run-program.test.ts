import { expect } from 'chai';

import { isInstalled, runProgram } from '../../../scripts/clients/run-program.ts';

describe('a program that is run to its end', () => {
  it('gives what it printed', async () => {
    expect(await runProgram(process.execPath, ['-p', '6 * 7'])).to.equal('42\n');
  });

  it('fails with its last words', async () => {
    const failed = await runProgram(process.execPath, [
      '-e',
      'console.error("no luck"); process.exit(7)',
    ]).catch((error: unknown) => error);
    expect(failed).to.have.property('code', 'CLIENT_FAILED');
    expect(failed).to.have.property('message').that.includes('ended with 7: no luck');
  });

  it('is known not to be installed', async () => {
    expect(await isInstalled('bcdn-no-such-program')).to.equal(false);
  });
});
