import { expect } from 'chai';
import fc from 'fast-check';

import { PlayerError } from '../../../sdk/player/player-error.ts';
import { contentPlaceOf } from '../../../sdk/player/service-worker/content-place.ts';
import { requestedRange } from '../../../sdk/player/service-worker/requested-range.ts';

const FILE = { bytes: 1_000, etag: '"cid"' };
const asked = (range: string | null, ifRange: string | null = null) =>
  requestedRange({ range, ifRange }, FILE);

describe('requestedRange', () => {
  it('reads first and last byte, an open end, and a suffix', () => {
    expect(asked('bytes=0-99')).to.deep.equal({ start: 0, end: 100 });
    expect(asked('bytes=990-2000')).to.deep.equal({ start: 990, end: 1_000 });
    expect(asked('bytes=5-')).to.deep.equal({ start: 5, end: 1_000 });
    expect(asked('bytes=-10')).to.deep.equal({ start: 990, end: 1_000 });
    expect(asked('bytes=-5000')).to.deep.equal({ start: 0, end: 1_000 });
  });

  it('takes what it does not understand, several ranges and another file for the whole', () => {
    for (const range of [null, 'bytes=', 'bytes=9-3', 'bytes=0-1,5-6', 'items=0-1'])
      expect(asked(range)).to.equal(undefined);
    expect(asked('bytes=0-99', '"another"')).to.equal(undefined);
    expect(asked('bytes=0-99', '"cid"')).to.deep.equal({ start: 0, end: 100 });
  });

  it('refuses what lies outside with a code', () => {
    for (const range of ['bytes=1000-', 'bytes=5000-6000', 'bytes=-0'])
      expect(() => asked(range))
        .to.throw(PlayerError)
        .with.property('code', 'RANGE_UNSATISFIABLE');
  });

  it('stays within the file, whatever is asked', () => {
    fc.assert(
      fc.property(fc.nat(2_000), fc.nat(2_000), (first, last) => {
        fc.pre(first < FILE.bytes);
        const range = asked(`bytes=${first}-${last}`);
        if (range !== undefined) expect(range.end).to.be.within(range.start + 1, FILE.bytes);
      }),
    );
  });
});

describe('contentPlaceOf', () => {
  const cid = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy';

  it('reads CID and path, and leaves every other path alone', () => {
    expect(contentPlaceOf(`/ipfs/${cid}`, '/ipfs/')).to.deep.equal({ cid, path: '' });
    expect(contentPlaceOf(`/ipfs/${cid}/a%20b//c.png`, '/ipfs/')).to.deep.equal({ cid, path: 'a b/c.png' });
    for (const path of ['/', '/ipfs/', '/ipfs/../secret', `/other/${cid}`, `/ipfs/${cid}/%zz`])
      expect(contentPlaceOf(path, '/ipfs/')).to.equal(undefined);
  });
});
