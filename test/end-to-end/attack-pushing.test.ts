import { randomBytes } from 'node:crypto';

import { expect } from 'chai';

import { settlementAuthorisation } from '../../node/app/settlement/settlement-authorisation.ts';
import { DEPLOY_PARAMETERS } from '../../scripts/deploy/parameters.ts';
import { allocate } from '../../sdk/chain/deals.ts';
import { drawPosition, registerNode } from '../../sdk/chain/nodes.ts';
import { redeemVouchers } from '../../sdk/chain/payments.ts';
import type { TransactionSender } from '../../sdk/chain/transactions.ts';
import { fetchContent, type FetchResult } from '../../sdk/client/fetch-content.ts';
import { systemClock } from '../../sdk/pacing/clock.ts';
import { base64UrlDecode, bytesToHex, hexToBytes } from '../../sdk/protocol/bytes.ts';
import { grantHashOf } from '../../sdk/protocol/grant.ts';
import { parseAddress } from '../../sdk/protocol/identifiers.ts';
import { priceWei } from '../../sdk/protocol/price.ts';
import { receiptDigest, type ReceiptWithGrant } from '../../sdk/protocol/receipt.ts';
import { decodeSignedVoucher } from '../../sdk/protocol/voucher.ts';
import type { Publication } from '../../sdk/publish/publish.ts';
import { nativeSecp256k1 as secp256k1 } from '../../sdk/signing/native-secp256k1.ts';
import { eventually } from '../node/cli/eventually.ts';
import { AttackedNetwork } from './attacked-network.ts';
import { PushingEdge } from './pushing-edge.ts';
import { topUp } from '../sdk/chain/top-up.ts';

const CONTENT_BYTES = 600_000;
const CHUNK_BYTES = 1 << 17;
const HOSTILE = 7;
const RATE_WEI_PER_GIB = 10n ** 18n;

interface SettlementAnswer {
  readonly refused: readonly { readonly code: string }[];
  readonly voucher: string;
  readonly cumulativeWei: string;
}

describe('an edge that pushes bytes nobody asked for', function () {
  this.timeout(120_000);
  let attacked: AttackedNetwork;
  let publication: Publication;
  let operator: TransactionSender;
  let pushing: PushingEdge;
  let result: FetchResult;

  before(async () => {
    attacked = await AttackedNetwork.start(1);
    const [edge] = attacked.edges;
    if (edge === undefined) expect.fail('there is an honest edge');
    publication = await attacked.publish(CONTENT_BYTES, CHUNK_BYTES);
    const { origin } = await attacked.grant(attacked.viewer(publication), edge);
    operator = attacked.sender(HOSTILE);
    await attacked.network.fund(operator.address);
    pushing = await PushingEdge.open(origin ?? '', [operator.address, parseAddress(edge.operator)]);
    await registerNode(operator, {
      role: 'edge',
      libp2pPublicKey: bytesToHex(randomBytes(32)),
      region: 'eu-west',
      endpoints: [pushing.endpoint],
      askWeiPerGiB: RATE_WEI_PER_GIB,
      stakeWei: DEPLOY_PARAMETERS.development.minimumEdgeStakeWei,
    });
    await eventually(() => drawPosition(operator, operator.address));
    await topUp(attacked.publisher, publication.dealId, RATE_WEI_PER_GIB);
    const money = { node: operator.address, amountWei: RATE_WEI_PER_GIB, ratePerGiB: RATE_WEI_PER_GIB };
    await allocate(attacked.publisher, publication.dealId, [money]);
  });
  after(async () => {
    await pushing.close();
    await attacked.stop();
  });

  const verifiedBytes = (): number => result.bytesByNode.get(operator.address) ?? 0;

  it('is left after the first block that is not what was asked for; the viewer gets its content all the same', async () => {
    result = await eventually(async () => {
      const fetched = await fetchContent(
        {
          cid: publication.cid,
          marketplaceUrl: attacked.marketplaceUrl,
          viewerKey: randomBytes(32),
          sink: { write: () => undefined },
        },
        { entryUrl: pushing.origin, preferredNodes: [operator.address] },
      );
      expect(pushing.sentBytes, 'the coordinator has granted it').to.be.above(0);
      return fetched;
    });
    expect(result.badBlocks.map(({ node }) => node)).to.include(operator.address);
    const dropped = result.droppedNodes.find(({ node }) => node === operator.address);
    expect(dropped?.reason).to.equal('corrupt');
    expect(pushing.sentBytes).to.be.above(verifiedBytes());
  });

  it('holds receipts for verified blocks and not one byte more', () => {
    const receipted = [...pushing.receipts.values()].reduce(
      (sum, { receipt }) => sum + Number(receipt.bytesCumulative),
      0,
    );
    expect(receipted).to.equal(verifiedBytes());
  });

  it('is refused every receipt that it makes of them, and paid for what was verified', async () => {
    const honest: ReceiptWithGrant[] = [];
    const inflated: ReceiptWithGrant[] = [];
    for (const signedGrant of pushing.grants) {
      const grantHash = grantHashOf(attacked.domain, signedGrant.grant);
      const best = pushing.receipts.get(grantHash);
      const receipt = { grantHash, bytesCumulative: BigInt(pushing.sentBytes) };
      const own = secp256k1.sign(
        receiptDigest(attacked.domain, receipt),
        hexToBytes(operator.wallet.privateKey, 32),
      );
      inflated.push({ signedGrant, signedReceipt: { receipt, signature: own } });
      if (best === undefined) continue;
      honest.push({ signedGrant, signedReceipt: best });
      inflated.push({ signedGrant, signedReceipt: { receipt, signature: best.signature } });
    }
    const throughEpoch = Math.max(...pushing.grants.map(({ grant }) => grant.epoch));
    const { dealId } = publication;
    const signing = {
      ...{ secp256k1, domain: attacked.domain, clock: systemClock },
      privateKey: hexToBytes(operator.wallet.privateKey, 32),
    };
    const settled = await eventually(async () => {
      const proof = settlementAuthorisation(signing, { dealId, node: operator.address });
      const terms = { dealId, node: operator.address, throughEpoch, ...proof };
      const answer = await attacked.toCoordinator('/v1/settlements', [...inflated, ...honest], terms);
      expect(answer.status, answer.text).to.equal(200);
      return JSON.parse(answer.text) as SettlementAnswer;
    });
    expect(new Set(settled.refused.map(({ code }) => code))).to.deep.equal(
      new Set(['RECEIPT_SIGNATURE_INVALID']),
    );
    expect(settled.refused).to.have.length(inflated.length);
    const worthWei = priceWei(BigInt(verifiedBytes()), RATE_WEI_PER_GIB);
    expect(BigInt(settled.cumulativeWei)).to.equal(worthWei);
    const voucher = decodeSignedVoucher(base64UrlDecode(settled.voucher));
    const { payments } = await redeemVouchers(operator, [voucher], operator.address);
    expect(payments.map(({ paidWei }) => paidWei)).to.deep.equal([worthWei]);
  });
});
