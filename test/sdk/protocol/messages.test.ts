import { expect } from 'chai';
import { TypedDataEncoder } from 'ethers';
import fc from 'fast-check';

import {
  admissionDigest,
  audienceDigest,
  grantRequestDigest,
  uploadDigest,
  decodeSignedUpload,
  encodeSignedUpload,
} from '../../../sdk/protocol/authorisation.ts';
import { bytesToHex } from '../../../sdk/protocol/bytes.ts';
import { domainSeparator, type Domain } from '../../../sdk/protocol/eip712.ts';
import { ProtocolError } from '../../../sdk/protocol/errors.ts';
import {
  decodeSignedGrant,
  encodeSignedGrant,
  grantDigest,
  SIGNED_GRANT_BYTES,
  type Grant,
} from '../../../sdk/protocol/grant.ts';
import {
  addressFromBytes,
  parseContentRoot,
  parseDealId,
  parseEpoch,
  parseGrantHash,
} from '../../../sdk/protocol/identifiers.ts';
import {
  decodeReceiptsWithGrants,
  decodeSignedReceipt,
  decodeSignedReceipts,
  encodeReceiptsWithGrants,
  encodeSignedReceipt,
  encodeSignedReceipts,
  receiptDigest,
  SIGNED_RECEIPT_BYTES,
  type Receipt,
} from '../../../sdk/protocol/receipt.ts';
import {
  decodeSignedVoucher,
  encodeSignedVoucher,
  SIGNED_VOUCHER_BYTES,
  voucherDigest,
  type Voucher,
} from '../../../sdk/protocol/voucher.ts';
import { SIGNED_UPLOAD_BYTES } from '../../../sdk/protocol/authorisation.ts';

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const address = bytes(20).map(addressFromBytes);
const word = bytes(32).map(bytesToHex);
const uint = (bits: number): fc.Arbitrary<bigint> => fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n });
const epoch = uint(32).map((value) => parseEpoch(Number(value)));
const signature = bytes(64);
const domain: fc.Arbitrary<Domain> = fc.record({ chainId: uint(64), verifyingContract: address });
const grant: fc.Arbitrary<Grant> = fc.record({
  dealId: word.map(parseDealId),
  node: address,
  viewerKey: address,
  epoch,
  capBytes: uint(64),
  contentRoot: word.map(parseContentRoot),
});
const receipt: fc.Arbitrary<Receipt> = fc.record({
  grantHash: word.map(parseGrantHash),
  bytesCumulative: uint(64),
});
const voucher: fc.Arbitrary<Voucher> = fc.record({
  dealId: word.map(parseDealId),
  node: address,
  throughEpoch: epoch,
  cumulative: uint(128),
});
const upload = fc.record({
  dealId: word.map(parseDealId),
  node: address,
  contentRoot: word.map(parseContentRoot),
  bytes: uint(64),
  expiresAt: uint(64),
});
const grantRequest = fc.record({
  viewerKey: address,
  dealId: word.map(parseDealId),
  nonce: word,
  expiresAt: uint(64),
});
const audience = fc.record({ dealId: word.map(parseDealId), audienceKey: address, issuedAt: uint(64) });
const admission = fc.record({ dealId: word.map(parseDealId), viewerKey: address, expiresAt: uint(64) });

const messageKinds = { grant, receipt, voucher, upload, grantRequest, audience, admission };

/** ethers is the independent implementation that ours is held against. */
function reference(of: Domain, type: string, members: string, message: object): string {
  const fields = members.split(',').map((member) => {
    const [kind = '', name = ''] = member.split(' ');
    return { type: kind, name };
  });
  return TypedDataEncoder.hash({ name: 'BCDN', version: '1', ...of }, { [type]: fields }, message);
}

describe('signed messages', () => {
  it('have the digests that ethers computes', () => {
    fc.assert(
      fc.property(domain, fc.record(messageKinds), (of, messages) => {
        const expected = {
          separator: TypedDataEncoder.hashDomain({ name: 'BCDN', version: '1', ...of }),
          grant: reference(
            of,
            'Grant',
            'bytes32 dealId,address node,address viewerKey,uint32 epoch,uint64 capBytes,bytes32 contentRoot',
            messages.grant,
          ),
          receipt: reference(of, 'Receipt', 'bytes32 grantHash,uint64 bytesCumulative', messages.receipt),
          voucher: reference(
            of,
            'Voucher',
            'bytes32 dealId,address node,uint32 throughEpoch,uint128 cumulative',
            messages.voucher,
          ),
          upload: reference(
            of,
            'Upload',
            'bytes32 dealId,address node,bytes32 contentRoot,uint64 bytes,uint64 expiresAt',
            messages.upload,
          ),
          grantRequest: reference(
            of,
            'GrantRequest',
            'address viewerKey,bytes32 dealId,bytes32 nonce,uint64 expiresAt',
            messages.grantRequest,
          ),
          audience: reference(
            of,
            'Audience',
            'bytes32 dealId,address audienceKey,uint64 issuedAt',
            messages.audience,
          ),
          admission: reference(
            of,
            'Admission',
            'bytes32 dealId,address viewerKey,uint64 expiresAt',
            messages.admission,
          ),
        };
        expect({
          separator: bytesToHex(domainSeparator(of)),
          grant: bytesToHex(grantDigest(of, messages.grant)),
          receipt: bytesToHex(receiptDigest(of, messages.receipt)),
          voucher: bytesToHex(voucherDigest(of, messages.voucher)),
          upload: bytesToHex(uploadDigest(of, messages.upload)),
          grantRequest: bytesToHex(grantRequestDigest(of, messages.grantRequest)),
          audience: bytesToHex(audienceDigest(of, messages.audience)),
          admission: bytesToHex(admissionDigest(of, messages.admission)),
        }).to.deep.equal(expected);
      }),
    );
  });

  it('come back from their wire form', () => {
    fc.assert(
      fc.property(
        fc.record({ grant, signature }),
        fc.record({ receipt, signature }),
        fc.record({ voucher, signature }),
        fc.record({ upload, signature }),
        (g, r, v, u) => {
          expect(decodeSignedGrant(encodeSignedGrant(g))).to.deep.equal(g);
          expect(decodeSignedReceipt(encodeSignedReceipt(r))).to.deep.equal(r);
          expect(decodeSignedVoucher(encodeSignedVoucher(v))).to.deep.equal(v);
          expect(decodeSignedUpload(encodeSignedUpload(u))).to.deep.equal(u);
          const pairs = [
            { signedGrant: g, signedReceipt: r },
            { signedGrant: g, signedReceipt: r },
          ];
          expect(decodeReceiptsWithGrants(encodeReceiptsWithGrants(pairs))).to.deep.equal(pairs);
          expect(decodeSignedReceipts(encodeSignedReceipts([r, r]))).to.deep.equal([r, r]);
        },
      ),
    );
  });

  it('decoded share no memory with what they were decoded from', () => {
    fc.assert(
      fc.property(fc.record({ receipt, signature }), (signed) => {
        const wire = Buffer.from(encodeSignedReceipt(signed));
        const decoded = decodeSignedReceipt(wire);
        wire.fill(0);
        expect(decoded).to.deep.equal(signed);
      }),
    );
  });

  const decoders = [
    ['grant', decodeSignedGrant, SIGNED_GRANT_BYTES],
    ['receipt', decodeSignedReceipt, SIGNED_RECEIPT_BYTES],
    ['voucher', decodeSignedVoucher, SIGNED_VOUCHER_BYTES],
    ['upload', decodeSignedUpload, SIGNED_UPLOAD_BYTES],
  ] as const;
  for (const [name, decode, length] of decoders) {
    it(`a ${name} of any other length or version is refused, whatever its bytes`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 2 * length }), (input) => {
          const lengthRight = input.length === length;
          if (lengthRight && input[0] === 1) return;
          expect(() => decode(input))
            .to.throw(ProtocolError)
            .with.property('code', lengthRight ? 'VERSION_UNKNOWN' : 'LENGTH_INVALID');
        }),
      );
      expect(() => decode(new Uint8Array(length).fill(2)))
        .to.throw(ProtocolError)
        .that.deep.includes({ code: 'VERSION_UNKNOWN', values: { expected: 1, actual: 2 } });
    });
  }

  it('more receipts than one request may carry are refused before any is decoded', () => {
    expect(() => decodeSignedReceipts(new Uint8Array(1025 * SIGNED_RECEIPT_BYTES)))
      .to.throw(ProtocolError)
      .that.deep.includes({
        code: 'LENGTH_INVALID',
        values: { recordBytes: SIGNED_RECEIPT_BYTES, maxRecords: 1024, actual: 1025 * SIGNED_RECEIPT_BYTES },
      });
  });
});
