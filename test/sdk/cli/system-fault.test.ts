import { readFile, writeFile } from 'node:fs/promises';

import { expect } from 'chai';

import { systemFault } from '../../../sdk/cli/system-fault.ts';

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  expect.fail('expected a refusal');
}

describe('what the operating system refuses', () => {
  it('is a sentence with the path, the name of the fault and a remedy', async () => {
    const missing = systemFault(await errorOf(readFile('/nowhere/at/all')));
    expect(missing).to.deep.equal({
      code: 'ENOENT',
      path: '/nowhere/at/all',
      message: 'There is no /nowhere/at/all (ENOENT).',
      remedy: 'Check the path.',
    });
    expect(systemFault(await errorOf(writeFile('/', '')))?.message).to.equal(
      '/ is a folder and no file (EISDIR).',
    );
  });

  it('is left to others where it names no file or is no fault of the system', () => {
    expect(systemFault(new TypeError('x'))).to.equal(undefined);
    expect(systemFault(Object.assign(new TypeError('x'), { code: 'EACCES' }))).to.equal(undefined);
    expect(systemFault(Object.assign(new TypeError('x'), { code: 'ODD', path: '/x' }))).to.equal(undefined);
  });
});
