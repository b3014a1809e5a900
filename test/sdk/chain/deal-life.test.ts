import { expect } from 'chai';
import { id } from 'ethers';

import { ChainError } from '../../../sdk/chain/chain-errors.ts';
import {
  allocate,
  closeDeal,
  dealIdOf,
  openDeal,
  readAllocation,
  readChainTime,
  readDeal,
  readMarketTerms,
  release,
  rotateKeys,
  thaw,
  withdraw,
} from '../../../sdk/chain/deals.ts';
import { domainOf } from '../../../sdk/chain/deployment.ts';
import {
  addStake,
  drawPosition,
  readNode,
  readNodes,
  readOperatorOfKey,
  regionFromBytes8,
  regionToBytes8,
  registerNode,
  requestUnstake,
  updateAsk,
  updateEndpoints,
  withdrawStake,
} from '../../../sdk/chain/nodes.ts';
import { claimDirect, redeemVouchers } from '../../../sdk/chain/payments.ts';
import { readTokenBalance } from '../../../sdk/chain/tokens.ts';
import type { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { hexToBytes, type Hex } from '../../../sdk/protocol/bytes.ts';
import { epochAt } from '../../../sdk/protocol/epoch.ts';
import { grantDigest, grantHashOf } from '../../../sdk/protocol/grant.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
  type DealId,
  type Epoch,
} from '../../../sdk/protocol/identifiers.ts';
import { receiptDigest } from '../../../sdk/protocol/receipt.ts';
import { pureSecp256k1 } from '../../../sdk/protocol/signature.ts';
import { voucherDigest } from '../../../sdk/protocol/voucher.ts';
import { TOKEN, startLocalNetwork, type LocalNetwork } from './local-network.ts';
import { topUp } from './top-up.ts';

const MIB = 1_048_576n;
const GIB = 1_024n * MIB;
const STAKE_WEI = 100n * TOKEN;
const contentRoot = parseContentRoot(id('content'));

describe('a deal from opening to closing, through the SDK', function () {
  this.timeout(60_000);
  let network: LocalNetwork;
  let publisher: TransactionSender;
  let node: TransactionSender;
  const collectorKey = hexToBytes(id('collector'));
  const grantKey = hexToBytes(id('grant key'));
  const viewerKey = hexToBytes(id('viewer'));
  const libp2pPublicKey = id('libp2p') as Hex;

  before(async () => {
    network = await startLocalNetwork();
    publisher = network.sender(1);
    node = network.sender(2);
    await network.fund(1, 1_000n * TOKEN);
    await network.fund(2, 1_000n * TOKEN);
  });
  after(() => network.stop());

  const currentEpoch = async (): Promise<Epoch> => epochAt(await readChainTime(network.provider), 5);
  const skipEpochs = async (count: number): Promise<void> => {
    await network.provider.send('evm_increaseTime', [5 * count]);
    await network.provider.send('evm_mine', []);
  };
  const readHere = (dealId: DealId) =>
    readAllocation(network.provider, network.deployment, { dealId, node: node.address });
  const request = (salt: string, depositWei: bigint) => ({
    salt: id(salt) as Hex,
    collector: pureSecp256k1.addressOf(collectorKey),
    grantKey: pureSecp256k1.addressOf(grantKey),
    contentRoot,
    contentCodec: 0x70,
    serviceLevel: 2,
    depositWei,
  });
  const signedVoucher = (dealId: DealId, throughEpoch: Epoch, cumulative: bigint) => {
    const voucher = { dealId, node: node.address, throughEpoch, cumulative };
    const signature = pureSecp256k1.sign(voucherDigest(domainOf(network.deployment), voucher), collectorKey);
    return { voucher, signature };
  };

  it('registers an edge, draws its position and reads it back', async () => {
    await registerNode(node, {
      role: 'edge',
      libp2pPublicKey,
      region: 'eu-west',
      endpoints: ['/ip4/127.0.0.1/tcp/4001'],
      askWeiPerGiB: TOKEN,
      stakeWei: STAKE_WEI,
    });
    expect(await readTokenBalance(network.provider, network.deployment, node.address)).to.equal(900n * TOKEN);
    const drawn = await Promise.all([
      drawPosition(publisher, node.address),
      drawPosition(node, node.address),
    ]);
    expect(drawn[0]).to.equal(drawn[1]);
    await updateEndpoints(node, ['/ip4/127.0.0.1/tcp/4002']);
    await updateAsk(node, 2n * TOKEN);
    await addStake(node, TOKEN);
    const record = await readNode(network.provider, network.deployment, node.address);
    expect(record).to.deep.include({
      operator: node.address,
      role: 'edge',
      active: true,
      region: 'eu-west',
      libp2pPublicKey,
      nid: drawn[0],
      askWeiPerGiB: 2n * TOKEN,
      stakeWei: STAKE_WEI + TOKEN,
      unbondingWei: 0n,
      endpoints: ['/ip4/127.0.0.1/tcp/4002'],
    });
    expect(await readNodes(network.provider, network.deployment)).to.deep.equal([record]);
    expect(await readOperatorOfKey(network.provider, network.deployment, libp2pPublicKey)).to.equal(
      node.address,
    );
    expect(await readOperatorOfKey(network.provider, network.deployment, id('none') as Hex)).to.equal(
      undefined,
    );
    expect(await readNode(network.provider, network.deployment, publisher.address)).to.equal(undefined);
  });

  it('registers a peer without stake and lets it leave', async () => {
    const peer = network.sender(3);
    await registerNode(peer, {
      role: 'peer',
      libp2pPublicKey: id('peer') as Hex,
      region: 'us',
      endpoints: [],
      askWeiPerGiB: 0n,
      stakeWei: 0n,
    });
    expect((await readNode(network.provider, network.deployment, peer.address))?.role).to.equal('peer');
    await requestUnstake(peer, 0n);
    await network.provider.send('evm_increaseTime', [10]);
    await withdrawStake(peer);
    expect(await readNode(network.provider, network.deployment, peer.address)).to.equal(undefined);
  });

  it('opens, funds, pays by voucher and by receipts, closes, and returns the rest to the last unit', async () => {
    const { provider, deployment } = network;
    const terms = await readMarketTerms(provider, deployment);
    expect(terms).to.deep.equal({
      epochSeconds: 5,
      claimWindowEpochs: 1,
      thawEpochs: 2,
      protocolFeeBps: 0,
      feeRecipient: network.sender(0).address,
      claimSamples: 16,
      saltWindowBlocks: 1,
      openingWindowBlocks: 64,
      claimBondFloorWei: TOKEN,
    });
    const { dealId, transaction } = await openDeal(publisher, request('life', 100n * TOKEN));
    expect(dealId).to.equal(dealIdOf(deployment, publisher.address, id('life') as Hex));
    expect(transaction.logs.length).to.be.greaterThan(1);
    await topUp(publisher, dealId, 5n * TOKEN);
    await allocate(publisher, dealId, [{ node: node.address, amountWei: 20n * TOKEN, ratePerGiB: TOKEN }]);
    expect(await readDeal(provider, deployment, dealId)).to.deep.equal({
      dealId,
      state: 'open',
      publisher: publisher.address,
      collector: pureSecp256k1.addressOf(collectorKey),
      grantKey: pureSecp256k1.addressOf(grantKey),
      previousKeys: undefined,
      contentRoot,
      contentCodec: 0x70,
      serviceLevel: 2,
      freeWei: 85n * TOKEN,
      openAllocations: 1,
    });

    const earned = await currentEpoch();
    await skipEpochs(1);
    const before = await readTokenBalance(provider, deployment, node.address);
    const voucher = signedVoucher(dealId, earned, 7n * TOKEN);
    const paid = await redeemVouchers(node, [voucher], node.address);
    expect(paid.payments).to.deep.equal([{ dealId, node: node.address, paidWei: 7n * TOKEN, feeWei: 0n }]);

    const delivered = await currentEpoch();
    await skipEpochs(1);
    const claimed = await claimDirect(node, {
      dealId,
      toEpoch: delivered,
      receipts: [1n, 2n, 3n].map((share) => receiptOf(dealId, delivered, share * GIB)),
      to: node.address,
    });
    expect(claimed.payments).to.deep.equal([{ dealId, node: node.address, paidWei: 6n * TOKEN, feeWei: 0n }]);
    expect(await readTokenBalance(provider, deployment, node.address)).to.equal(before + 13n * TOKEN);

    await closeDeal(publisher, dealId, [node.address]);
    const thawing = await readHere(dealId);
    expect(thawing).to.deep.include({
      state: 'thawing',
      balanceWei: 7n * TOKEN,
      paidWei: 13n * TOKEN,
      throughEpoch: delivered,
    });
    const early = await release(publisher, dealId, [node.address]).catch((error: unknown) => error);
    expect(early).to.be.instanceOf(ChainError);
    expect((early as ChainError).values['error']).to.equal('ThawNotEnded');
    await skipEpochs(2);
    await release(publisher, dealId, [node.address]);
    expect((await readDeal(provider, deployment, dealId))?.state).to.equal('closed');
    expect((await readHere(dealId))?.state).to.equal('released');
    await withdraw(publisher, dealId, { amountWei: 92n * TOKEN, to: publisher.address });
    expect(await readTokenBalance(provider, deployment, publisher.address)).to.equal(987n * TOKEN);
    expect(await readTokenBalance(provider, deployment, deployment.market)).to.equal(0n);
  });

  it('redeems many vouchers in one transaction and reports those that paid', async () => {
    const deals: DealId[] = [];
    for (const salt of ['a', 'b', 'c']) {
      const { dealId } = await openDeal(publisher, request(salt, TOKEN));
      await allocate(publisher, dealId, [{ node: node.address, amountWei: TOKEN, ratePerGiB: TOKEN }]);
      deals.push(dealId);
    }
    const epoch = await currentEpoch();
    await skipEpochs(1);
    const vouchers = deals.map((dealId, i) => signedVoucher(dealId, epoch, BigInt(i) * 10n));
    const { payments } = await redeemVouchers(node, vouchers, node.address);
    expect(payments.map(({ paidWei }) => paidWei)).to.deep.equal([10n, 20n]);
    const again = await redeemVouchers(node, vouchers, node.address).catch((error: unknown) => error);
    expect((again as ChainError).values['error']).to.equal('NothingDue');
  });

  it('opens without a deposit, thaws and rotates keys', async () => {
    const { dealId } = await openDeal(publisher, request('keys', 0n));
    await topUp(publisher, dealId, 10n);
    await allocate(publisher, dealId, [{ node: node.address, amountWei: 10n, ratePerGiB: 1n }]);
    await thaw(publisher, dealId, [node.address]);
    expect((await readHere(dealId))?.state).to.equal('thawing');
    const keys = {
      grantKey: parseAddress(`0x${'0a'.repeat(20)}`),
      collector: parseAddress(`0x${'0b'.repeat(20)}`),
    };
    const epoch = await currentEpoch();
    await rotateKeys(publisher, dealId, keys);
    const deal = await readDeal(network.provider, network.deployment, dealId);
    expect(deal).to.deep.include(keys);
    expect(deal?.previousKeys?.collector).to.equal(pureSecp256k1.addressOf(collectorKey));
    expect(deal?.previousKeys?.keyLastEpoch).to.be.within(epoch + 1, epoch + 2);
  });

  it('knows no deal and no allocation that is not there', async () => {
    const dealId = parseDealId(id('none'));
    expect(await readDeal(network.provider, network.deployment, dealId)).to.equal(undefined);
    expect(await readHere(dealId)).to.equal(undefined);
  });

  it('writes regions as the registry stores them and refuses long ones', () => {
    expect(regionToBytes8('eu-west')).to.equal('0x65752d7765737400');
    expect(regionFromBytes8('0x65752d7765737400')).to.equal('eu-west');
    expect(regionFromBytes8(regionToBytes8('asia-se1'))).to.equal('asia-se1');
    for (const region of ['', 'too-long-'])
      expect(() => regionToBytes8(region)).to.throw(ChainError, '1 to 8 characters');
  });

  function receiptOf(dealId: DealId, epoch: Epoch, bytes: bigint) {
    const domain = domainOf(network.deployment);
    const grant = {
      dealId,
      node: node.address,
      viewerKey: pureSecp256k1.addressOf(viewerKey),
      epoch: parseEpoch(epoch),
      // Different caps make different grants of one viewer.
      capBytes: bytes + MIB,
      contentRoot,
    };
    const receipt = { grantHash: grantHashOf(domain, grant), bytesCumulative: bytes };
    return {
      signedGrant: { grant, signature: pureSecp256k1.sign(grantDigest(domain, grant), grantKey) },
      signedReceipt: { receipt, signature: pureSecp256k1.sign(receiptDigest(domain, receipt), viewerKey) },
    };
  }
});
