import { expect } from 'chai';
import { requireImportable, type ImportRules } from '../../../../node/app/settlement/receipt-import.ts';
import { NodeError } from '../../../../node/app/node-error.ts';
import { grantDigest, grantHashOf, type Grant } from '../../../../sdk/protocol/grant.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
} from '../../../../sdk/protocol/identifiers.ts';
import { receiptDigest, type ReceiptWithGrant } from '../../../../sdk/protocol/receipt.ts';
import { nativeSecp256k1 } from '../../../../sdk/signing/native-secp256k1.ts';

const key = (n: number) => new Uint8Array(32).fill(n);
const addressOf = (n: number) => nativeSecp256k1.addressOf(key(n));
const word = (n: number) => `0x${n.toString(16).padStart(64, '0')}`;
const GRANT_KEY = 1;
const VIEWER = 2;
const OLD_GRANT_KEY = 3;
const STRANGER = 4;

const domain = { chainId: 31337n, verifyingContract: parseAddress(`0x${'33'.repeat(20)}`) };
const rules: ImportRules = {
  domain,
  node: parseAddress(`0x${'44'.repeat(20)}`),
  throughEpoch: parseEpoch(10),
  claimed: [{ afterEpoch: parseEpoch(4), toEpoch: parseEpoch(6) }],
  secp256k1: nativeSecp256k1,
  deal: {
    dealId: parseDealId(word(1)),
    publisher: parseAddress(`0x${'55'.repeat(20)}`),
    contentRoot: parseContentRoot(word(2)),
    contentCodec: 0x55,
    state: 'open',
    grantKey: addressOf(GRANT_KEY),
    previousGrantKey: { address: addressOf(OLD_GRANT_KEY), lastEpoch: parseEpoch(8) },
  },
};
const goodGrant: Grant = {
  dealId: rules.deal.dealId,
  node: rules.node,
  viewerKey: addressOf(VIEWER),
  epoch: parseEpoch(9),
  capBytes: 1000n,
  contentRoot: rules.deal.contentRoot,
};

function pair(
  grant: Grant,
  by: { grantKey?: number; viewer?: number; bytes?: bigint; hashOf?: Grant } = {},
): ReceiptWithGrant {
  const receipt = { grantHash: grantHashOf(domain, by.hashOf ?? grant), bytesCumulative: by.bytes ?? 500n };
  return {
    signedGrant: {
      grant,
      signature: nativeSecp256k1.sign(grantDigest(domain, grant), key(by.grantKey ?? GRANT_KEY)),
    },
    signedReceipt: {
      receipt,
      signature: nativeSecp256k1.sign(receiptDigest(domain, receipt), key(by.viewer ?? VIEWER)),
    },
  };
}

describe('receipts that the coordinator hands over', () => {
  it('are taken when everything fits, also under the key before the last rotation', () => {
    requireImportable(pair(goodGrant), rules);
    requireImportable(pair({ ...goodGrant, epoch: parseEpoch(8) }, { grantKey: OLD_GRANT_KEY }), rules);
    for (const epoch of [4, 7]) requireImportable(pair({ ...goodGrant, epoch: parseEpoch(epoch) }), rules);
  });

  const broken: [string, ReceiptWithGrant][] = [
    ['another deal', pair({ ...goodGrant, dealId: parseDealId(word(9)) })],
    ['another node', pair({ ...goodGrant, node: addressOf(STRANGER) })],
    ['another content', pair({ ...goodGrant, contentRoot: parseContentRoot(word(9)) })],
    ['a later epoch', pair({ ...goodGrant, epoch: parseEpoch(11) })],
    ['an epoch that was claimed on chain', pair({ ...goodGrant, epoch: parseEpoch(5) })],
    ['an epoch that was claimed on chain', pair({ ...goodGrant, epoch: parseEpoch(6) })],
    ['a grant of another key', pair(goodGrant, { grantKey: STRANGER })],
    ['a grant of another key', pair(goodGrant, { grantKey: OLD_GRANT_KEY })],
    ['a receipt of another viewer', pair(goodGrant, { viewer: STRANGER })],
    ['a receipt of another grant', pair(goodGrant, { hashOf: { ...goodGrant, capBytes: 2000n } })],
    ['more bytes than the cap', pair(goodGrant, { bytes: 1001n })],
  ];
  for (const [what, received] of broken) {
    it(`are refused when they are about ${what}`, () => {
      try {
        requireImportable(received, rules);
      } catch (error) {
        if (!(error instanceof NodeError)) throw error;
        expect(error.code).to.equal('COORDINATOR_MALFORMED');
        expect(error.values['broken']).to.equal(what);
        return;
      }
      expect.fail('it was taken');
    });
  }
});
