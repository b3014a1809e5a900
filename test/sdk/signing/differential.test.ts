import { expect } from 'chai';
import fc from 'fast-check';

import { uintToBytes } from '../../../sdk/protocol/bytes.ts';
import { ProtocolError } from '../../../sdk/protocol/errors.ts';
import { pureSecp256k1, type Secp256k1 } from '../../../sdk/protocol/signature.ts';
import { NativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const FIELD = 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2fn;
const HALF = ORDER / 2n;

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });
const scalar = fc.bigInt({ min: 1n, max: ORDER - 1n });

/** Numbers at which an implementation can differ: zero, the halves and the ends of group and field. */
const edge = fc
  .constantFrom(
    0n,
    1n,
    2n,
    HALF - 1n,
    HALF,
    HALF + 1n,
    HALF + 2n,
    ORDER - 1n,
    ORDER,
    ORDER + 1n,
    FIELD - 1n,
    FIELD,
  )
  .chain((value) => fc.constantFrom(value, value + 7n, (1n << 255n) - 1n, (1n << 256n) - 1n));
const number = fc.oneof(scalar, edge);

const compact = (r: bigint, s: bigint, parity: 0 | 1): Uint8Array => {
  const signature = new Uint8Array(64);
  signature.set(uintToBytes(r, 32));
  signature.set(uintToBytes(s, 32), 32);
  if (parity === 1) signature[32] = (signature[32] ?? 0) | 0x80;
  return signature;
};

/** What an implementation says of a signature: the signer, or the code of its refusal. */
function verdict(secp256k1: Secp256k1, hash: Uint8Array, signature: Uint8Array): string {
  try {
    return secp256k1.recover(hash, signature);
  } catch (error) {
    expect(error).to.be.instanceOf(ProtocolError);
    return (error as ProtocolError).code;
  }
}

describe('secp256k1, native against pure', () => {
  // One for all runs: what it remembers of one signature must not change what it says of another.
  const native = new NativeSecp256k1();
  const agree = (hash: Uint8Array, signature: Uint8Array): string => {
    const said = verdict(native, hash, signature);
    expect(said).to.equal(verdict(pureSecp256k1, hash, signature));
    return said;
  };

  it('agrees on any r, s and parity, at the ends of their ranges too', () => {
    fc.assert(
      fc.property(digest, number, number, fc.constantFrom<0 | 1>(0, 1), (hash, r, s, parity) => {
        agree(hash, compact(r % (1n << 256n), s % (1n << 256n), parity));
      }),
      { numRuns: 150 },
    );
  });

  it('agrees on good signatures of few signers, and on each with one bit changed', () => {
    const keys = [3n, 4n, 5n].map((key) => uintToBytes(key, 32));
    fc.assert(
      fc.property(digest, fc.constantFrom(...keys), fc.nat({ max: 511 }), (hash, key, bit) => {
        const signature = native.sign(hash, key);
        expect(signature).to.deep.equal(pureSecp256k1.sign(hash, key));
        expect(agree(hash, signature)).to.equal(pureSecp256k1.addressOf(key));
        const changed = Uint8Array.from(signature);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(agree(hash, changed)).to.not.equal(pureSecp256k1.addressOf(key));
      }),
      { numRuns: 60 },
    );
  });

  it('takes the other parity for another signer, although ECDSA verifies both', () => {
    const key = uintToBytes(3n, 32);
    const hash = new Uint8Array(32).fill(9);
    const signature = native.sign(hash, key);
    expect(native.recover(hash, signature)).to.equal(native.addressOf(key));
    signature[32] = (signature[32] ?? 0) ^ 0x80;
    expect(agree(hash, signature)).to.not.equal(native.addressOf(key));
  });

  it('agrees on the twin with n − s, in either parity', () => {
    fc.assert(
      fc.property(digest, scalar, (hash, key) => {
        const signature = native.sign(hash, uintToBytes(key, 32));
        const parity = (signature[32] ?? 0) >> 7 === 1 ? 1 : 0;
        const r = BigInt(`0x${Buffer.from(signature.subarray(0, 32)).toString('hex')}`);
        signature[32] = (signature[32] ?? 0) & 0x7f;
        const s = BigInt(`0x${Buffer.from(signature.subarray(32)).toString('hex')}`);
        const signer = native.addressOf(uintToBytes(key, 32));
        for (const bit of [0, 1] as const)
          expect(agree(hash, compact(r, ORDER - s, bit))).to.not.equal(signer);
        expect(agree(hash, compact(r, s, parity))).to.equal(signer);
      }),
      { numRuns: 30 },
    );
  });

  it('agrees on digests and signatures of wrong lengths', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 0, maxLength: 40 }),
        fc.uint8Array({ minLength: 60, maxLength: 66 }),
        (hash, signature) => {
          agree(hash, signature);
        },
      ),
      { numRuns: 60 },
    );
  });
});
