import { expect } from 'chai';
import { CID } from 'multiformats/cid';
import { identity } from 'multiformats/hashes/identity';
import { sha256 } from 'multiformats/hashes/sha2';

import { formWords, hasForm } from '../../../../marketplace/web/shell/identifier-form.ts';

describe('forms of identifiers', () => {
  it('let through what could be one', async () => {
    const digest = await sha256.digest(new Uint8Array([1, 2, 3]));
    expect(hasForm('content', CID.createV1(0x70, digest).toString())).to.equal(true);
    expect(hasForm('content', CID.createV1(0x55, digest).toString())).to.equal(true);
    expect(hasForm('content', CID.createV0(digest).toString())).to.equal(true);
    expect(hasForm('node', `0x${'1f'.repeat(20)}`)).to.equal(true);
    expect(hasForm('deal', `0x${'1f'.repeat(32)}`)).to.equal(true);
    expect(hasForm('transaction', `0x${'1f'.repeat(32)}`)).to.equal(true);
  });

  it('refuse what can be none, and say what one looks like', () => {
    expect(hasForm('node', 'hello')).to.equal(false);
    expect(hasForm('node', `0x${'1f'.repeat(32)}`)).to.equal(false);
    expect(hasForm('deal', '')).to.equal(false);
    expect(hasForm('content', 'nonsense')).to.equal(false);
    expect(hasForm('content', CID.createV1(0x55, identity.digest(new Uint8Array([1]))).toString())).to.equal(
      false,
    );
    expect(formWords('node')).to.match(/40 hexadecimal digits/);
  });
});
