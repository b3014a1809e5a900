import { expect } from 'chai';

import { siblingProgram } from '../../../sdk/processes/sibling-program.ts';

describe('a program beside the one that starts it', () => {
  const beside = (startedBy: string): string => siblingProgram('verify-worker', startedBy).href;

  it('is TypeScript in a checkout', () => {
    expect(beside('file:///bcdn/sdk/audit/pages.ts')).to.equal('file:///bcdn/sdk/audit/verify-worker.ts');
  });

  it('is JavaScript in an installed package, whatever dots its folders have', () => {
    const folder = 'file:///home/a.b/node_modules/bcdn/dist/package/sdk/audit';
    expect(beside(`${folder}/pages.js`)).to.equal(`${folder}/verify-worker.js`);
  });

  it('does not take over what follows the path', () => {
    expect(beside('file:///bcdn/pages.ts?again=1.js')).to.equal('file:///bcdn/verify-worker.ts');
  });
});
