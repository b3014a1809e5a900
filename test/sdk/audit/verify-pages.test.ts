import { expect } from 'chai';

import type { CheckedReceipt, ReceiptRules } from '../../../sdk/audit/receipt-check.ts';
import { verifyPagesInWorkers } from '../../../sdk/audit/verify-pages-in-workers.ts';
import { verifyPagesHere, type VerifyPages } from '../../../sdk/audit/verify-pages.ts';
import { uintToBytes } from '../../../sdk/protocol/bytes.ts';
import { parseAddress, parseEpoch } from '../../../sdk/protocol/identifiers.ts';
import { encodeReceiptsWithGrants } from '../../../sdk/protocol/receipt.ts';
import { nativeSecp256k1 as secp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { CONTENT, DEAL, DOMAIN, NODE, signedPair } from './sample-books.ts';

const RULES: ReceiptRules = {
  ...{ domain: DOMAIN, dealId: DEAL, contentRoot: CONTENT, nodes: new Set([NODE]), hasPeerPool: false },
  grantKeys: [
    { address: parseAddress(`0x${'99'.repeat(20)}`), lastEpoch: undefined },
    { address: secp256k1.addressOf(uintToBytes(1n, 32)), lastEpoch: parseEpoch(6) },
  ],
};

async function* pagesOf(count: number): AsyncGenerator<Uint8Array> {
  for (let page = 0; page < count; page++) {
    const pairs = [
      signedPair(3 * page),
      signedPair(3 * page + 1, { epoch: parseEpoch(7) }),
      signedPair(3 * page + 2),
    ];
    const records = encodeReceiptsWithGrants(pairs);
    records[3 * 286 - 1] = (records[3 * 286 - 1] ?? 0) ^ 1;
    yield records;
  }
}

async function collected(verify: VerifyPages, pages: AsyncIterable<Uint8Array>): Promise<CheckedReceipt[][]> {
  const all: CheckedReceipt[][] = [];
  for await (const page of verify(pages, RULES, secp256k1)) all.push([...page]);
  return all;
}

describe('verifying pages of receipts', () => {
  it('gives the same in threads as here, in the order of the file', async () => {
    const here = await collected(verifyPagesHere, pagesOf(20));
    expect(here).to.have.length(20);
    const [good, retired, tampered] = here[0] ?? [];
    expect(good?.fault).to.equal(undefined);
    expect(retired?.fault).to.deep.equal({
      code: 'GRANT_KEY_RETIRED',
      values: { signer: RULES.grantKeys[1]?.address, epoch: 7, lastEpoch: 6 },
    });
    expect(tampered?.fault?.code).to.be.oneOf(['RECEIPT_SIGNER_WRONG', 'RECEIPT_SIGNATURE_INVALID']);
    for (const workers of [1, 3]) {
      expect(await collected(verifyPagesInWorkers(workers), pagesOf(20))).to.deep.equal(here);
    }
  }).timeout(20_000);

  it('ends its threads when the pages fail or nobody reads on', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield* pagesOf(3);
      throw new TypeError('no more');
    }
    const failure: unknown = await collected(verifyPagesInWorkers(2), failing()).catch(
      (error: unknown) => error,
    );
    expect(failure).to.be.instanceOf(TypeError);
    const iterator = verifyPagesInWorkers(1)(pagesOf(50), RULES, secp256k1)[Symbol.asyncIterator]();
    await iterator.next();
    await iterator.return?.();
    const active = process
      .getActiveResourcesInfo()
      .filter((name) => name === 'MessagePort' || name === 'Worker');
    expect(active).to.deep.equal([]);
  }).timeout(20_000);
});
