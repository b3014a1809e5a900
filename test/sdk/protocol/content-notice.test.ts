import { expect } from 'chai';
import { TypedDataEncoder } from 'ethers';
import fc from 'fast-check';

import { bytesToHex } from '../../../sdk/protocol/bytes.ts';
import {
  contentNoticeDigest,
  decodeSignedNotice,
  encodeSignedNotice,
  MAX_NOTICE_PATH_BYTES,
  MAX_SIGNED_NOTICE_BYTES,
  requireNoticeForm,
  type ContentNotice,
} from '../../../sdk/protocol/content-notice.ts';
import { ProtocolError } from '../../../sdk/protocol/errors.ts';
import { parseAddress, parseContentRoot, parseDealId } from '../../../sdk/protocol/identifiers.ts';

const DOMAIN = { chainId: 31_337n, verifyingContract: parseAddress(`0x${'11'.repeat(20)}`) };
const NOTICE: ContentNotice = {
  dealId: parseDealId(`0x${'22'.repeat(32)}`),
  kind: 'purge',
  contentRoot: parseContentRoot(`0x${'33'.repeat(32)}`),
  path: '/films/münchen.mp4',
  tag: '',
  sequence: 7n,
  issuedAt: 1_795_000_000n,
};
const SIGNATURE = new Uint8Array(64).fill(0x44);
const TYPES = {
  ContentNotice: [
    { name: 'dealId', type: 'bytes32' },
    { name: 'kind', type: 'string' },
    { name: 'contentRoot', type: 'bytes32' },
    { name: 'path', type: 'string' },
    { name: 'tag', type: 'string' },
    { name: 'sequence', type: 'uint64' },
    { name: 'issuedAt', type: 'uint64' },
  ],
};

const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter((text) => !/[\p{Cc}/]/u.test(text) && text.isWellFormed() && !/^\.\.?$/.test(text));
const tag = fc.stringMatching(/^[A-Za-z0-9._:-]{1,64}$/);
const target = fc.oneof(
  fc.record({ kind: fc.constantFrom('purge' as const, 'tag' as const), path: fc.constant(''), tag }),
  fc.record({ kind: fc.constant('takedown' as const), path: fc.constant(''), tag: fc.constant('') }),
  fc.record({
    kind: fc.constant('purge' as const),
    path: fc.array(name, { maxLength: 5 }).map((names) => names.map((each) => `/${each}`).join('')),
    tag: fc.constant(''),
  }),
);
const notices = fc
  .record({ target, sequence: uint64, issuedAt: uint64 })
  .map(({ target: chosen, ...numbers }): ContentNotice => ({ ...NOTICE, ...chosen, ...numbers }));

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  return 'none';
}

describe('A notice about a content', () => {
  it('is signed as EIP-712 typed data', () => {
    const byEthers = (notice: ContentNotice): string =>
      TypedDataEncoder.hash({ name: 'BCDN', version: '1', ...DOMAIN }, TYPES, { ...notice });
    expect(bytesToHex(contentNoticeDigest(DOMAIN, NOTICE))).to.equal(byEthers(NOTICE));
    fc.assert(
      fc.property(notices, (notice) => {
        expect(bytesToHex(contentNoticeDigest(DOMAIN, notice))).to.equal(byEthers(notice));
      }),
    );
  });

  it('has one form in bytes', () => {
    expect(
      bytesToHex(encodeSignedNotice({ notice: { ...NOTICE, path: '/a' }, signature: SIGNATURE })),
    ).to.equal(
      `0x0100${'22'.repeat(32)}${'33'.repeat(32)}0000000000000007000000006afd86c0` +
        `0002002f61${'44'.repeat(64)}`,
    );
  });

  it('comes back from its bytes', () => {
    fc.assert(
      fc.property(notices, (notice) => {
        const bytes = encodeSignedNotice({ notice, signature: SIGNATURE });
        expect(bytes.length).to.be.at.most(MAX_SIGNED_NOTICE_BYTES);
        expect(decodeSignedNotice(bytes)).to.deep.equal({ notice, signature: SIGNATURE });
      }),
    );
  });

  it('is never anything but itself or a refusal, whatever the bytes', () => {
    const good = encodeSignedNotice({ notice: NOTICE, signature: SIGNATURE });
    fc.assert(
      fc.property(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 }), (at, value) => {
        const bytes = Uint8Array.from(good);
        bytes[at] = value;
        try {
          expect(encodeSignedNotice(decodeSignedNotice(bytes))).to.deep.equal(bytes);
        } catch (error) {
          expect(error).to.be.instanceOf(ProtocolError);
        }
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(codeOf(() => decodeSignedNotice(bytes))).to.not.equal('none');
      }),
    );
  });

  for (const [mistake, changes] of [
    ['a path without a slash', { path: 'a' }],
    ['a path with an empty name', { path: '/a//b' }],
    ['a path that climbs', { path: '/a/../b' }],
    ['a path with a control character', { path: '/a\nb' }],
    ['a path that is too long', { path: `/${'a'.repeat(MAX_NOTICE_PATH_BYTES)}` }],
    ['a path and a tag', { tag: 'news' }],
    ['a takedown of a path', { kind: 'takedown' }],
    ['a takedown of a tag', { kind: 'takedown', path: '', tag: 'news' }],
    ['a tag without a name', { kind: 'tag', path: '' }],
    ['a tag with a space', { path: '', tag: 'a b' }],
    ['a tag that is too long', { path: '', tag: 'a'.repeat(65) }],
  ] as const) {
    it(`is refused with ${mistake}`, () => {
      expect(codeOf(() => requireNoticeForm({ ...NOTICE, ...changes }))).to.equal('NOTICE_INVALID');
    });
  }
});
