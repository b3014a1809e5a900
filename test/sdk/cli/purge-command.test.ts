import { expect } from 'chai';

import { bcdn } from './bcdn-process.ts';

const CID = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy';
/** Nobody listens there. */
const NOBODY = 'http://127.0.0.1:9';

async function codeOf(...args: string[]): Promise<{ exit: number | null; code: string | undefined }> {
  const { code: exit, stdout } = await bcdn(['purge', '--json', ...args]);
  const { error } = (stdout === '' ? {} : JSON.parse(stdout)) as { error?: { code: string } };
  return { exit, code: error?.code };
}

describe('bcdn purge on the command line', function () {
  this.timeout(30_000);

  it('says what is missing, and what does not go together', async () => {
    expect(await codeOf()).to.deep.equal({ exit: 2, code: 'USAGE' });
    expect(await codeOf('--cid', CID)).to.deep.equal({ exit: 2, code: 'OPTION_MISSING' });
    const place = ['--cid', CID, '--marketplace', NOBODY];
    expect(await codeOf(...place)).to.deep.equal({ exit: 2, code: 'OPTION_MISSING' });
    expect(await codeOf(...place, '--takedown', '--tag', 'news')).to.deep.equal({
      exit: 2,
      code: 'OPTION_INVALID',
    });
  });

  it('helps with examples', async () => {
    const { code, stdout } = await bcdn(['purge', '--help']);
    expect(code).to.equal(0);
    expect(stdout)
      .to.match(/--takedown/)
      .and.to.match(/Examples:/);
  });
});
