import { expect } from 'chai';
import fc from 'fast-check';

import { bytesToHex } from '../../../../sdk/protocol/bytes.ts';
import {
  decodeFingerprints,
  encodeFingerprints,
  maxCodeBytes,
} from '../../../../node/core/cooperation-group/golomb-code.ts';
import {
  FINGERPRINTS_PER_CONTENT,
  MAX_FINGERPRINT_BITS,
  MAX_SUMMARY_BYTES,
  MAX_SUMMARY_CONTENTS,
} from '../../../../node/core/cooperation-group/group-limits.ts';
import { RingError } from '../../../../node/core/one-hop-ring/ring-error.ts';

/** A range of fingerprints and a set within it. */
const fingerprints = fc
  .integer({ min: 7, max: 16 })
  .chain((bits) =>
    fc
      .uniqueArray(fc.nat(2 ** bits - 1), { maxLength: 200 })
      .map((values) => ({ bits, values: Uint32Array.from(values).sort() })),
  );

function refusal(decode: () => unknown): RingError | undefined {
  try {
    decode();
    return undefined;
  } catch (error) {
    if (error instanceof RingError) return error;
    throw error;
  }
}

describe('Golomb-Rice code of fingerprints', () => {
  it('gives back every set, within the bytes foreseen', () => {
    fc.assert(
      fc.property(fingerprints, ({ bits, values }) => {
        const code = encodeFingerprints(values, bits);
        expect(decodeFingerprints(code, values.length, bits)).to.deep.equal(values);
        expect(code.length).to.be.at.most(maxCodeBytes(values.length, bits));
      }),
      { numRuns: 300 },
    );
  });

  it('takes a full summary into its limit', () => {
    expect(maxCodeBytes(MAX_SUMMARY_CONTENTS, MAX_FINGERPRINT_BITS)).to.be.at.most(MAX_SUMMARY_BYTES);
    const values = Uint32Array.from({ length: MAX_SUMMARY_CONTENTS }, (_, i) => i * FINGERPRINTS_PER_CONTENT);
    expect(encodeFingerprints(values, MAX_FINGERPRINT_BITS).length).to.be.at.most(MAX_SUMMARY_BYTES);
  });

  it('has the code of the specification', () => {
    expect(bytesToHex(encodeFingerprints(Uint32Array.of(3, 60, 61, 127), 7))).to.equal('0x1f403c20');
    expect(bytesToHex(encodeFingerprints(new Uint32Array(), 7))).to.equal('0x');
  });

  it('has one code for each set: whatever is accepted encodes to itself', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.nat(60),
        fc.integer({ min: 7, max: 12 }),
        (code, count, bits) => {
          const refused = refusal(() => {
            const values = decodeFingerprints(code, count, bits);
            expect(encodeFingerprints(values, bits)).to.deep.equal(code);
          });
          if (refused !== undefined) expect(refused.code).to.match(/^RING_WIRE_(VALUE|TRUNCATED|TRAILING)/);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('refuses a code that ends early, goes on, or leaves the range', () => {
    const code = encodeFingerprints(Uint32Array.of(3, 60, 61, 127), 7);
    expect(refusal(() => decodeFingerprints(code.slice(0, -1), 4, 7))?.code).to.equal('RING_WIRE_TRUNCATED');
    expect(refusal(() => decodeFingerprints(Uint8Array.of(...code, 0), 4, 7))?.code).to.equal(
      'RING_WIRE_TRAILING',
    );
    expect(refusal(() => decodeFingerprints(new Uint8Array(64).fill(0xff), 4, 7))).to.include({
      code: 'RING_WIRE_VALUE_INVALID',
    });
  });
});
