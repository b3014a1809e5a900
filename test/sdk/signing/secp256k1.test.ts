import { expect } from 'chai';
import { getBytes, Signature, SigningKey, computeAddress } from 'ethers';
import fc from 'fast-check';

import { bytesToHex, hexToBytes } from '../../../sdk/protocol/bytes.ts';
import { ProtocolError } from '../../../sdk/protocol/errors.ts';
import { pureSecp256k1, type Secp256k1 } from '../../../sdk/protocol/signature.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });
const privateKey = fc
  .bigInt({ min: 1n, max: ORDER - 1n })
  .map((scalar) => hexToBytes(`0x${scalar.toString(16).padStart(64, '0')}`));

const implementations: readonly [name: string, secp256k1: Secp256k1][] = [
  ['pure', pureSecp256k1],
  ['native', nativeSecp256k1],
];

for (const [name, secp256k1] of implementations) {
  describe(`secp256k1, ${name}`, () => {
    it('signs as ethers does and recovers the signer', () => {
      fc.assert(
        fc.property(digest, privateKey, (hash, key) => {
          const signature = secp256k1.sign(hash, key);
          const expected = new SigningKey(key).sign(hash).compactSerialized;
          expect(bytesToHex(signature)).to.equal(expected);
          expect(secp256k1.recover(hash, signature)).to.equal(computeAddress(bytesToHex(key)).toLowerCase());
          expect(secp256k1.addressOf(key)).to.equal(secp256k1.recover(hash, signature));
        }),
        { numRuns: 40 },
      );
    });

    it('recovers what ethers recovers, or refuses, for arbitrary signatures', () => {
      fc.assert(
        fc.property(digest, fc.uint8Array({ minLength: 64, maxLength: 64 }), (hash, signature) => {
          let expected: string | undefined;
          try {
            expected = computeAddress(
              SigningKey.recoverPublicKey(hash, Signature.from(bytesToHex(signature))),
            ).toLowerCase();
          } catch {
            expected = undefined;
          }
          if (expected === undefined) {
            expect(() => secp256k1.recover(hash, signature))
              .to.throw(ProtocolError)
              .with.property('code', 'SIGNATURE_INVALID');
          } else {
            expect(secp256k1.recover(hash, signature)).to.equal(expected);
          }
        }),
        { numRuns: 40 },
      );
    });

    it('leaves the signature that it checks as it was, also in a view of somebody else’s memory', () => {
      fc.assert(
        fc.property(digest, privateKey, (hash, key) => {
          const journal = Buffer.concat([Buffer.alloc(5), secp256k1.sign(hash, key)]);
          const before = Buffer.from(journal).toString('hex');
          secp256k1.recover(hash, journal.subarray(5));
          expect(journal.toString('hex')).to.equal(before);
        }),
        { numRuns: 20 },
      );
    });

    it('refuses the malleable twin of a good signature', () => {
      const key = new Uint8Array(32).fill(7);
      const hash = new Uint8Array(32).fill(9);
      const signature = secp256k1.sign(hash, key);
      const s = BigInt(bytesToHex(signature.subarray(32))) & ((1n << 255n) - 1n);
      // n − s does not fit under the parity bit unless it is small, so the twin keeps r and flips the parity as well.
      const twin = getBytes(`0x${(ORDER - s).toString(16).padStart(64, '0')}`);
      const malleated = new Uint8Array([...signature.subarray(0, 32), ...twin]);
      let recovered: string | undefined;
      try {
        recovered = secp256k1.recover(hash, malleated);
      } catch (error) {
        expect(error).to.be.instanceOf(ProtocolError).and.to.have.property('code', 'SIGNATURE_INVALID');
      }
      expect(recovered).to.not.equal(secp256k1.addressOf(key));
    });

    it('refuses s in the upper half below the parity bit', () => {
      // (n + 1) / 2 up to 2²⁵⁵ − 1 fits into 255 bits and is still high.
      const s = getBytes(`0x${((ORDER + 1n) / 2n).toString(16).padStart(64, '0')}`);
      const signature = new Uint8Array([...new Uint8Array(31), 1, ...s]);
      expect(() => secp256k1.recover(new Uint8Array(32).fill(9), signature))
        .to.throw(ProtocolError)
        .that.deep.includes({
          code: 'SIGNATURE_INVALID',
          values: { reason: 's is in the upper half of the group order' },
        });
    });

    it('refuses lengths and keys out of range with their values', () => {
      expect(() => secp256k1.recover(new Uint8Array(31), new Uint8Array(64)))
        .to.throw(ProtocolError)
        .that.deep.includes({ code: 'LENGTH_INVALID', values: { expected: 32, actual: 31 } });
      expect(() => secp256k1.recover(new Uint8Array(32), new Uint8Array(65)))
        .to.throw(ProtocolError)
        .that.deep.includes({ code: 'LENGTH_INVALID', values: { expected: 64, actual: 65 } });
      expect(() => secp256k1.addressOf(new Uint8Array(32)))
        .to.throw(ProtocolError)
        .with.property('code', 'SIGNATURE_INVALID');
    });
  });
}
