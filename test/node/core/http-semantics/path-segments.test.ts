import { expect } from 'chai';
import fc from 'fast-check';

import { HttpRequestError } from '../../../../node/core/http-semantics/http-request-error.ts';
import { contentNames, encodedPath } from '../../../../node/core/http-semantics/path-segments.ts';

const RUNS = 100_000;

function codeOf(path: string): string | undefined {
  try {
    contentNames(path);
  } catch (error) {
    if (error instanceof HttpRequestError) return error.code;
    throw error;
  }
  return undefined;
}

describe('Paths below a CID', () => {
  it('are names, percent-decoded, without empty ones', () => {
    expect(contentNames('baf')).to.deep.equal({ cid: 'baf', segments: [], directory: false });
    expect(contentNames('baf/')).to.deep.equal({ cid: 'baf', segments: [], directory: true });
    expect(contentNames('baf//a%20b/%C3%BC')).to.deep.equal({
      cid: 'baf',
      segments: ['a b', 'ü'],
      directory: false,
    });
    expect(contentNames('baf/100%25/+').segments).to.deep.equal(['100%', '+']);
  });

  it('are refused when a name is none that a directory may hold', () => {
    for (const name of ['..', '.', '%2e%2e', '%2E', 'a%2fb', 'a%00', '%ff', '%', '%zz', 'ü'.repeat(128)]) {
      expect(codeOf(`baf/${name}`), name).to.equal('PATH_INVALID');
    }
    expect(codeOf(`baf/${'a/'.repeat(33)}`)).to.equal('PATH_INVALID');
    expect(codeOf(`baf/${'a'.repeat(256)}`)).to.equal('PATH_INVALID');
    expect(codeOf(`baf/${'a'.repeat(1024)}`)).to.equal('PATH_TOO_LONG');
  });

  it('come back the same when they are encoded again', function () {
    this.timeout(120_000);
    const name = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
      .map((text) => text.toWellFormed().replaceAll(/[/\0]/g, '_'))
      .filter((text) => text !== '.' && text !== '..');
    fc.assert(
      fc.property(fc.array(name, { maxLength: 5 }), (segments) => {
        const path = `baf/${encodedPath(segments)}`;
        const code = codeOf(path);
        if (code !== undefined) return code === 'PATH_TOO_LONG' || code === 'PATH_INVALID';
        expect(contentNames(path).segments).to.deep.equal(segments);
        return true;
      }),
      { numRuns: 10_000 },
    );
    const wild = fc.string({ unit: fc.constantFrom(...'./%20f\0aé\\?#'), maxLength: 30 });
    fc.assert(
      fc.property(wild, (text) => [undefined, 'PATH_INVALID', 'PATH_TOO_LONG'].includes(codeOf(text))),
      { numRuns: RUNS },
    );
  });
});
