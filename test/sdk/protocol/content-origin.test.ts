import { expect } from 'chai';
import { TypedDataEncoder } from 'ethers';
import fc from 'fast-check';

import { bytesToHex } from '../../../sdk/protocol/bytes.ts';
import {
  contentOriginDigest,
  requireOriginForm,
  type ContentOrigin,
} from '../../../sdk/protocol/content-origin.ts';
import { parseAddress, parseDealId } from '../../../sdk/protocol/identifiers.ts';

const DOMAIN = { chainId: 31_337n, verifyingContract: parseAddress(`0x${'11'.repeat(20)}`) };
const ORIGIN: ContentOrigin = {
  dealId: parseDealId(`0x${'22'.repeat(32)}`),
  kind: 'file',
  url: 'https://media.example/film.mp4?token=a%20b',
  bytes: 1_234_567n,
  etag: '"5f-abc"',
  lastModified: 'Sat, 21 Nov 2026 10:00:00 GMT',
  issuedAt: 1_795_000_000n,
};
const TYPES = {
  ContentOrigin: [
    { name: 'dealId', type: 'bytes32' },
    { name: 'kind', type: 'string' },
    { name: 'url', type: 'string' },
    { name: 'bytes', type: 'uint64' },
    { name: 'etag', type: 'string' },
    { name: 'lastModified', type: 'string' },
    { name: 'issuedAt', type: 'uint64' },
  ],
};

function digestByEthers(origin: ContentOrigin): string {
  return TypedDataEncoder.hash({ name: 'BCDN', version: '1', ...DOMAIN }, TYPES, { ...origin });
}

describe('Where a publisher says that a content can be had', () => {
  it('is signed as EIP-712 typed data', () => {
    expect(bytesToHex(contentOriginDigest(DOMAIN, ORIGIN))).to.equal(digestByEthers(ORIGIN));
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        (url, etag, bytes) => {
          const origin = { ...ORIGIN, url, etag, bytes };
          expect(bytesToHex(contentOriginDigest(DOMAIN, origin))).to.equal(digestByEthers(origin));
        },
      ),
    );
  });

  it('is an http(s) URL without user, password and fragment, or nothing', () => {
    const good = ['http://127.0.0.1:8080/a', 'https://[::1]/x?y=z', 'http://host', 'https://host?x'];
    for (const url of good) requireOriginForm({ ...ORIGIN, url });
    requireOriginForm({ ...ORIGIN, kind: 'none', url: '' });
    const bad = [
      '',
      'ftp://host/a',
      'file:///etc/passwd',
      'https://user:pass@host/a',
      'https://user@host/a',
      'https://host/a#b',
      'https://host/a b',
      'https://host/\u00e9',
      'https://host\\@other/a',
      `https://host/${'a'.repeat(1_024)}`,
    ];
    for (const url of bad) {
      expect(() => requireOriginForm({ ...ORIGIN, url }), url)
        .to.throw()
        .with.deep.include({ code: 'ORIGIN_INVALID', values: { field: 'url' } });
    }
    expect(() => requireOriginForm({ ...ORIGIN, kind: 'none' })).to.throw();
    expect(() => requireOriginForm({ ...ORIGIN, etag: '"a\r\nb"' })).to.throw();
    expect(() => requireOriginForm({ ...ORIGIN, lastModified: 'x'.repeat(257) })).to.throw();
  });
});
