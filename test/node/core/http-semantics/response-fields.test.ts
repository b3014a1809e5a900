import { expect } from 'chai';

import {
  cacheStatus,
  contentDisposition,
  serverTiming,
} from '../../../../node/core/http-semantics/response-fields.ts';

describe('Fields of responses', () => {
  it('say how content was obtained (RFC 9211)', () => {
    expect(cacheStatus({ hit: true, collapsed: false })).to.equal('bcdn; hit');
    expect(cacheStatus({ hit: false, collapsed: false })).to.equal('bcdn; fwd=miss; stored');
    expect(cacheStatus({ hit: false, collapsed: true })).to.equal('bcdn; fwd=miss; collapsed');
  });

  it('say where the time went', () => {
    expect(serverTiming({ waitMs: 0, fillMs: 0, verifyMs: 0, totalMs: 0.04 })).to.equal('total;dur=0.0');
    expect(serverTiming({ waitMs: 1, fillMs: 2.25, verifyMs: 3, totalMs: 7 })).to.equal(
      'wait;dur=1.0, fill;dur=2.3, verify;dur=3.0, total;dur=7.0',
    );
  });

  it('name files of any language (RFC 6266)', () => {
    expect(contentDisposition('inline', 'a b.txt')).to.equal('inline; filename="a b.txt"');
    expect(contentDisposition('attachment', 'ü"\r\n\'.car')).to.equal(
      `attachment; filename="_____.car"; filename*=UTF-8''%C3%BC%22%0D%0A%27.car`,
    );
  });
});
