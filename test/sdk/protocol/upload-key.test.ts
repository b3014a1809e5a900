import { expect } from 'chai';
import fc from 'fast-check';
import { AbiCoder, id, keccak256 } from 'ethers';

import { dealIdOf } from '../../../sdk/chain/deals.ts';
import { bytesToHex } from '../../../sdk/protocol/bytes.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import {
  dealIdOfSalt,
  decodeUploadKey,
  encodeUploadKey,
  saltOfUploadKey,
  UPLOAD_KEY_BYTES,
} from '../../../sdk/protocol/upload-key.ts';

const hexOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map(bytesToHex);
const addresses = hexOf(20).map(parseAddress);

describe('upload keys', () => {
  it('are named by the salt as the specification writes it', () => {
    fc.assert(
      fc.property(addresses, hexOf(32), (uploadKey, nonce) => {
        const type = id('UploadKey(address uploadKey,bytes32 nonce)');
        const words = AbiCoder.defaultAbiCoder().encode(
          ['bytes32', 'address', 'bytes32'],
          [type, uploadKey, nonce],
        );
        expect(saltOfUploadKey({ uploadKey, nonce })).to.equal(keccak256(words));
      }),
    );
  });

  it('give the deal the identifier that the market gives it', () => {
    fc.assert(
      fc.property(
        addresses,
        addresses,
        hexOf(32),
        fc.integer({ min: 1 }),
        (market, publisher, salt, chain) => {
          const chainId = BigInt(chain);
          const deployment = { chainId, market, token: market, registry: market, deployedAtBlock: 0 };
          const expected = dealIdOf(deployment, publisher, salt);
          expect(dealIdOfSalt({ chainId, verifyingContract: market }, publisher, salt)).to.equal(expected);
        },
      ),
    );
  });

  it('are read back as they were written, and nothing else is', () => {
    fc.assert(
      fc.property(addresses, hexOf(32), (uploadKey, nonce) => {
        expect(decodeUploadKey(encodeUploadKey({ uploadKey, nonce }))).to.deep.equal({ uploadKey, nonce });
      }),
    );
    expect(() => decodeUploadKey(new Uint8Array(UPLOAD_KEY_BYTES)))
      .to.throw()
      .with.property('code', 'VERSION_UNKNOWN');
    expect(() => decodeUploadKey(new Uint8Array(UPLOAD_KEY_BYTES + 1)))
      .to.throw()
      .with.property('code', 'LENGTH_INVALID');
  });
});
