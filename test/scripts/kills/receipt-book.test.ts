import { expect } from 'chai';
import { ReceiptBook } from '../../../scripts/kills/receipt-book.ts';
import type { Epoch, GrantHash } from '../../../sdk/protocol/identifiers.ts';
import { grantNumber, receiptFor } from '../../node/adapters/disk/journal-fixture.ts';

/** A receipt of a grant in an epoch. */
function receipt(number: number, epoch: number, bytes: number) {
  const grant = grantNumber(number, { epoch });
  return { signedGrant: grant.signedGrant, signedReceipt: receiptFor(grant, bytes) };
}

const hashOf = (pair: ReturnType<typeof receipt>): GrantHash => pair.signedReceipt.receipt.grantHash;
const disk = (entries: readonly (readonly [GrantHash, number])[], byEpoch: [Epoch, bigint][] = []) => ({
  byGrant: new Map(entries),
  byEpoch: new Map(byEpoch),
});

describe("the viewers' book of receipts", () => {
  it('takes a receipt that was sent and not acknowledged as it finds it, and holds the node to it from then on', () => {
    const book = new ReceiptBook();
    const first = receipt(1, 7, 100);
    book.sign(first);
    expect(book.compare(disk([[hashOf(first), 100]]))).to.deep.equal({ lost: [], invented: [] });
    expect([book.acknowledgedBytes, book.recordedBytes()]).to.deep.equal([0, 100n]);
    expect(book.compare(disk([])).lost).to.deep.equal([hashOf(first)]);
  });

  it('finds what was acknowledged and is gone, and what nobody has signed', () => {
    const book = new ReceiptBook();
    const [one, two] = [receipt(1, 7, 100), receipt(2, 8, 50)];
    for (const pair of [one, two]) {
      book.sign(pair);
      book.acknowledge(hashOf(pair), Number(pair.signedReceipt.receipt.bytesCumulative));
    }
    const found = book.compare(
      disk([
        [hashOf(one), 99],
        [hashOf(two), 51],
      ]),
    );
    expect(found).to.deep.equal({ lost: [hashOf(one)], invented: [hashOf(two)] });
  });

  it('lets a node forget the receipts of an epoch whose bytes it has summed up', () => {
    const book = new ReceiptBook();
    const [one, two] = [receipt(1, 7, 100), receipt(2, 7, 50)];
    for (const pair of [one, two]) {
      book.sign(pair);
      book.acknowledge(hashOf(pair), Number(pair.signedReceipt.receipt.bytesCumulative));
    }
    const { epoch } = one.signedGrant.grant;
    expect(book.compare(disk([], [[epoch, 150n]])).lost).to.deep.equal([]);
    expect(book.compare(disk([], [[epoch, 149n]])).lost).to.have.lengthOf(2);
  });
});
