import { expect } from 'chai';
import fc from 'fast-check';

import { uintToBytes } from '../../../sdk/protocol/bytes.ts';
import { ProtocolError } from '../../../sdk/protocol/errors.ts';
import type { Secp256k1 } from '../../../sdk/protocol/signature.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { RememberedSigners } from '../../../sdk/signing/remembered-signers.ts';

function counted(): { secp256k1: Secp256k1; recoveries: () => number } {
  let recoveries = 0;
  const recover = (digest: Uint8Array, signature: Uint8Array) => {
    recoveries++;
    return nativeSecp256k1.recover(digest, signature);
  };
  return { secp256k1: { ...signingOnly, recover }, recoveries: () => recoveries };
}

const signingOnly: Omit<Secp256k1, 'recover'> = {
  sign: (digest, key) => nativeSecp256k1.sign(digest, key),
  addressOf: (key) => nativeSecp256k1.addressOf(key),
};

const KEY = uintToBytes(7n, 32);
const digestOf = (number: number): Uint8Array => uintToBytes(BigInt(number) + 1n, 32);

describe('remembered signers', () => {
  it('recover each signature once', () => {
    const { secp256k1, recoveries } = counted();
    const remembered = new RememberedSigners(secp256k1);
    const signature = remembered.sign(digestOf(1), KEY);
    for (let i = 0; i < 3; i++)
      expect(remembered.recover(digestOf(1), signature)).to.equal(remembered.addressOf(KEY));
    expect(recoveries()).to.equal(1);
  });

  it('say what the implementation behind them says, in whatever order they are asked', () => {
    const question = fc.record({
      digest: fc.nat({ max: 3 }),
      signed: fc.nat({ max: 3 }),
      bit: fc.nat({ max: 511 }),
    });
    fc.assert(
      fc.property(fc.array(question, { maxLength: 20 }), (questions) => {
        const remembered = new RememberedSigners(nativeSecp256k1, 4);
        for (const { digest, signed, bit } of [...questions, ...questions]) {
          const signature = nativeSecp256k1.sign(digestOf(signed), KEY);
          if (bit > 255) signature[bit >> 3] = (signature[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          expect(answerOf(remembered, digestOf(digest), signature)).to.equal(
            answerOf(nativeSecp256k1, digestOf(digest), signature),
          );
        }
      }),
      { numRuns: 30 },
    );
  });

  it('do not know a signature again that was changed in the meantime', () => {
    const remembered = new RememberedSigners(nativeSecp256k1);
    const signature = remembered.sign(digestOf(1), KEY);
    const signer = remembered.recover(digestOf(1), signature);
    signature[32] = (signature[32] ?? 0) ^ 0x80;
    expect(remembered.recover(digestOf(1), signature)).to.not.equal(signer);
    expect(() => remembered.recover(digestOf(1), signature.subarray(1)))
      .to.throw(ProtocolError)
      .with.property('code', 'LENGTH_INVALID');
  });

  it('forget the oldest beyond their limit', () => {
    const { secp256k1, recoveries } = counted();
    const remembered = new RememberedSigners(secp256k1, 2);
    const ask = (number: number): void => {
      remembered.recover(digestOf(number), remembered.sign(digestOf(number), KEY));
    };
    for (const number of [1, 2, 3, 1]) ask(number);
    expect(recoveries()).to.equal(4);
    ask(3);
    expect(recoveries()).to.equal(4);
  });
});

function answerOf(secp256k1: Secp256k1, digest: Uint8Array, signature: Uint8Array): string {
  try {
    return secp256k1.recover(digest, signature);
  } catch (error) {
    return error instanceof ProtocolError ? error.code : 'unexpected';
  }
}
