import { expect } from 'chai';
import fc from 'fast-check';

import { ProtocolError } from '../../../sdk/protocol/errors.ts';
import { decodeSignedGrant, encodeSignedGrant, SIGNED_GRANT_BYTES } from '../../../sdk/protocol/grant.ts';
import {
  decodeReceiptsWithGrants,
  decodeSignedReceipt,
  decodeSignedReceipts,
  encodeReceiptsWithGrants,
  encodeSignedReceipt,
  encodeSignedReceipts,
  RECEIPT_WITH_GRANT_BYTES,
  SIGNED_RECEIPT_BYTES,
} from '../../../sdk/protocol/receipt.ts';
import {
  decodeSignedVoucher,
  encodeSignedVoucher,
  SIGNED_VOUCHER_BYTES,
} from '../../../sdk/protocol/voucher.ts';

/** What comes back when bytes are decoded and encoded again. */
type RoundTrip = (bytes: Uint8Array) => Uint8Array;

const messages: readonly [name: string, length: number, roundTrip: RoundTrip][] = [
  ['grant', SIGNED_GRANT_BYTES, (bytes) => encodeSignedGrant(decodeSignedGrant(bytes))],
  ['receipt', SIGNED_RECEIPT_BYTES, (bytes) => encodeSignedReceipt(decodeSignedReceipt(bytes))],
  ['voucher', SIGNED_VOUCHER_BYTES, (bytes) => encodeSignedVoucher(decodeSignedVoucher(bytes))],
  ['list of receipts', SIGNED_RECEIPT_BYTES, (bytes) => encodeSignedReceipts(decodeSignedReceipts(bytes))],
  [
    'list of receipts with grants',
    RECEIPT_WITH_GRANT_BYTES,
    (bytes) => encodeReceiptsWithGrants(decodeReceiptsWithGrants(bytes)),
  ],
];

/** Where the version byte of each message of a record stands. */
function withVersions(record: Uint8Array): Uint8Array {
  const versioned = Uint8Array.from(record);
  versioned[0] = 1;
  if (versioned.length === RECEIPT_WITH_GRANT_BYTES) versioned[SIGNED_GRANT_BYTES] = 1;
  return versioned;
}

describe('decoders under arbitrary bytes', () => {
  for (const [name, length, roundTrip] of messages) {
    const record = fc.uint8Array({ minLength: length, maxLength: length });

    it(`a ${name} of the right length and version comes back byte for byte`, () => {
      fc.assert(
        fc.property(record, (bytes) => {
          expect(roundTrip(withVersions(bytes))).to.deep.equal(withVersions(bytes));
        }),
        { numRuns: 100 },
      );
    });

    it(`a ${name} of any other bytes is refused with a ProtocolError, or comes back byte for byte`, () => {
      const lengths = fc.oneof(
        fc.nat({ max: 2 * length + 2 }),
        fc.constantFrom(0, length - 1, length + 1, 2 * length),
      );
      const anything = lengths.chain((size) => fc.uint8Array({ minLength: size, maxLength: size }));
      fc.assert(
        fc.property(fc.oneof(record, anything), (bytes) => {
          let again: Uint8Array;
          try {
            again = roundTrip(bytes);
          } catch (error) {
            expect(error).to.be.instanceOf(ProtocolError);
            expect((error as ProtocolError).code).to.be.oneOf(['LENGTH_INVALID', 'VERSION_UNKNOWN']);
            return;
          }
          expect(again).to.deep.equal(bytes);
        }),
        { numRuns: 100 },
      );
    });
  }
});
