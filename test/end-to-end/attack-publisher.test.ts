import { randomBytes } from 'node:crypto';

import { expect } from 'chai';

import { allocate, closeDeal, readDeal, release, rotateKeys, withdraw } from '../../sdk/chain/deals.ts';
import { drawPosition, registerNode } from '../../sdk/chain/nodes.ts';
import { redeemVouchers } from '../../sdk/chain/payments.ts';
import { readTokenBalance } from '../../sdk/chain/tokens.ts';
import { ChainError } from '../../sdk/chain/chain-errors.ts';
import type { TransactionSender } from '../../sdk/chain/transactions.ts';
import { fetchContent } from '../../sdk/client/fetch-content.ts';
import { bytesToHex } from '../../sdk/protocol/bytes.ts';
import { parseAddress, parseEpoch, type Epoch } from '../../sdk/protocol/identifiers.ts';
import { priceWei } from '../../sdk/protocol/price.ts';
import { voucherDigest } from '../../sdk/protocol/voucher.ts';
import type { Publication } from '../../sdk/publish/publish.ts';
import { DEPLOY_PARAMETERS } from '../../scripts/deploy/parameters.ts';
import { nativeSecp256k1 as secp256k1 } from '../../sdk/signing/native-secp256k1.ts';
import { eventually } from '../node/cli/eventually.ts';
import type { InitialisedNode } from '../node/cli/test-network.ts';
import { AttackedNetwork } from './attacked-network.ts';
import { topUp } from '../sdk/chain/top-up.ts';

const CONTENT_BYTES = 1_500_000;
const OWN_NODE = 7;
const OWN_ALLOCATION_WEI = 5n * 10n ** 18n;

describe('a publisher that cheats a real edge', function () {
  this.timeout(150_000);
  let attacked: AttackedNetwork;
  let publication: Publication;
  let edge: InitialisedNode;
  let ownNode: TransactionSender;
  let servedBytes: number;
  let depositedWei: bigint;
  const collector = randomBytes(32);

  before(async () => {
    attacked = await AttackedNetwork.start(1);
    const [first] = attacked.edges;
    if (first === undefined) expect.fail('there is an edge');
    edge = first;
    publication = await attacked.publish(CONTENT_BYTES, 1 << 18);
    ownNode = attacked.sender(OWN_NODE);
    await attacked.network.fund(ownNode.address);
    await registerNode(ownNode, {
      role: 'edge',
      libp2pPublicKey: bytesToHex(randomBytes(32)),
      region: 'eu-west',
      endpoints: [],
      askWeiPerGiB: 1n,
      stakeWei: DEPLOY_PARAMETERS.development.minimumEdgeStakeWei,
    });
    await eventually(() => drawPosition(ownNode, ownNode.address));
    const { publisher } = attacked;
    const { dealId } = publication;
    await topUp(publisher, dealId, OWN_ALLOCATION_WEI);
    const own = { node: ownNode.address, amountWei: OWN_ALLOCATION_WEI, ratePerGiB: 10n ** 18n };
    await allocate(publisher, dealId, [own]);
    depositedWei = publication.escrowedWei + OWN_ALLOCATION_WEI;
  });
  after(() => attacked.stop());

  const currentEpoch = async (): Promise<Epoch> => {
    const block = await attacked.provider.getBlock('latest');
    const { epochSeconds } = DEPLOY_PARAMETERS.development;
    return parseEpoch(Math.floor((block?.timestamp ?? 0) / epochSeconds));
  };
  const refusalOf = async (step: Promise<unknown>): Promise<unknown> => {
    const failure = await step.then(
      () => undefined,
      (error: unknown) => error,
    );
    return failure instanceof ChainError ? failure.values['error'] : failure;
  };

  it('while a viewer is served: it takes the keys away, drains the deal by a node of its own, and closes it', async () => {
    const { publisher } = attacked;
    const { dealId } = publication;
    const result = await fetchContent({
      cid: publication.cid,
      marketplaceUrl: attacked.marketplaceUrl,
      viewerKey: randomBytes(32),
      sink: { write: () => undefined },
    });
    servedBytes = result.bytesByNode.get(parseAddress(edge.operator)) ?? 0;
    expect(servedBytes).to.be.at.least(CONTENT_BYTES);

    const own = secp256k1.addressOf(collector);
    await rotateKeys(publisher, dealId, { grantKey: own, collector: own });
    const balanceBefore = (await attacked.allocation(publication, edge.operator)).balanceWei;
    const drained = await eventually(async () => {
      const throughEpoch = parseEpoch((await currentEpoch()) - 1);
      const voucher = { dealId, node: ownNode.address, throughEpoch, cumulative: 10n ** 24n };
      const signature = secp256k1.sign(voucherDigest(attacked.domain, voucher), collector);
      return redeemVouchers(ownNode, [{ voucher, signature }], ownNode.address);
    });
    expect(drained.payments[0]?.paidWei).to.equal(OWN_ALLOCATION_WEI);
    const { balanceWei, paidWei } = await attacked.allocation(publication, edge.operator);
    expect(balanceWei + paidWei, "the edge's allocation is its own").to.equal(balanceBefore);

    const nodes = [parseAddress(edge.operator), ownNode.address];
    await closeDeal(publisher, dealId, nodes);
    expect(await refusalOf(release(publisher, dealId, nodes))).to.equal('ThawNotEnded');
    const more = { amountWei: depositedWei, to: publisher.address };
    expect(await refusalOf(withdraw(publisher, dealId, more))).to.equal('InsufficientFree');
  });

  it('the edge is paid for all that it served before the money can be taken back', async () => {
    await eventually(async () => {
      const { paidWei, ratePerGiB } = await attacked.allocation(publication, edge.operator);
      expect(paidWei).to.equal(priceWei(BigInt(servedBytes), ratePerGiB));
    });
  });

  it('gets back what nobody has earned, to the last wei', async () => {
    const { publisher, provider, network } = attacked;
    const { dealId } = publication;
    const nodes = [parseAddress(edge.operator), ownNode.address];
    const before = await readTokenBalance(provider, network.deployment, publisher.address);
    await eventually(() => release(publisher, dealId, nodes));
    const deal = await readDeal(provider, network.deployment, dealId);
    await withdraw(publisher, dealId, { amountWei: deal?.freeWei ?? 0n, to: publisher.address });
    const refundedWei = (await readTokenBalance(provider, network.deployment, publisher.address)) - before;
    const { paidWei } = await attacked.allocation(publication, edge.operator);
    expect(refundedWei + paidWei + OWN_ALLOCATION_WEI).to.equal(depositedWei);
  });
});
