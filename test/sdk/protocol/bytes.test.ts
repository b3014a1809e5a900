import { expect } from 'chai';
import fc from 'fast-check';

import {
  base64UrlDecode,
  base64UrlEncode,
  bytesToHex,
  bytesToUtf8,
  compareBytes,
  concatBytes,
  equalBytes,
  hexToBytes,
  readUint,
  readUint32,
  readUint64,
  uint32ToBytes,
  uint64ToBytes,
  uintToBytes,
  utf8ToBytes,
} from '../../../sdk/protocol/bytes.ts';
import { ProtocolError } from '../../../sdk/protocol/errors.ts';

const bytes = fc.uint8Array({ maxLength: 200 });

describe('bytes', () => {
  it('hexadecimal agrees with the platform and comes back', () => {
    fc.assert(
      fc.property(bytes, (input) => {
        expect(bytesToHex(input)).to.equal(`0x${Buffer.from(input).toString('hex')}`);
        expect(equalBytes(hexToBytes(bytesToHex(input)), input)).to.equal(true);
      }),
    );
  });

  it('base64url agrees with the platform and comes back', () => {
    fc.assert(
      fc.property(bytes, (input) => {
        expect(base64UrlEncode(input)).to.equal(Buffer.from(input).toString('base64url'));
        expect(equalBytes(base64UrlDecode(base64UrlEncode(input)), input)).to.equal(true);
      }),
    );
  });

  it('every text that base64url accepts is the only spelling of its bytes', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), (text) => {
        try {
          expect(base64UrlEncode(base64UrlDecode(text))).to.equal(text);
        } catch (error) {
          expect(error).to.be.instanceOf(ProtocolError).and.to.have.property('code', 'BASE64URL_INVALID');
        }
      }),
    );
    expect(() => base64UrlDecode('AB'))
      .to.throw(ProtocolError)
      .with.property('code', 'BASE64URL_INVALID');
  });

  it('UTF-8 agrees with the platform for every string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        expect(bytesToHex(utf8ToBytes(text))).to.equal(`0x${Buffer.from(text).toString('hex')}`);
        expect(bytesToUtf8(utf8ToBytes(text))).to.equal(text);
      }),
    );
  });

  it('refuses exactly the byte strings that are not UTF-8', () => {
    const reference = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const nearlyUtf8 = fc.array(
      fc.constantFrom(0x41, 0x80, 0xbf, 0xc0, 0xc2, 0xe0, 0xa0, 0xed, 0xef, 0xf0, 0x90, 0xf4, 0xf5, 0xff),
      {
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(nearlyUtf8, (codes) => {
        const input = Uint8Array.from(codes);
        let expected: string | undefined;
        try {
          expected = reference.decode(input);
        } catch {
          expected = undefined;
        }
        if (expected === undefined)
          expect(() => bytesToUtf8(input))
            .to.throw(ProtocolError)
            .with.property('code', 'UTF8_INVALID');
        else expect(bytesToUtf8(input)).to.equal(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it('integers come back, and what does not fit is refused with its value', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (value) => {
        expect(readUint64(uint64ToBytes(value))).to.equal(value);
        expect(readUint(uintToBytes(value, 16))).to.equal(value);
        expect(readUint32(uint32ToBytes(Number(value & 0xffff_ffffn)))).to.equal(
          Number(value & 0xffff_ffffn),
        );
      }),
    );
    expect(() => uint64ToBytes(1n << 64n))
      .to.throw(ProtocolError)
      .that.deep.includes({
        code: 'INTEGER_OUT_OF_RANGE',
        values: { value: 1n << 64n, max: (1n << 64n) - 1n },
      });
    expect(() => uint32ToBytes(-1))
      .to.throw(ProtocolError)
      .with.property('code', 'INTEGER_OUT_OF_RANGE');
    expect(() => readUint64(new Uint8Array(7)))
      .to.throw(ProtocolError)
      .with.property('code', 'LENGTH_INVALID');
  });

  it('order and joining agree with the platform', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).to.equal(Buffer.compare(a, b));
        expect(equalBytes(concatBytes(a, b), Buffer.concat([a, b]))).to.equal(true);
      }),
    );
  });
});
