import { expect } from 'chai';
import type { SignedVoucher } from '../../../../sdk/protocol/voucher.ts';
import { parseEpoch, type DealId, type Epoch } from '../../../../sdk/protocol/identifiers.ts';
import type { ReceiptWithGrant } from '../../../../sdk/protocol/receipt.ts';
import { ClaimNetwork, valueOf } from '../../../sdk/chain/claim-network.ts';
import { TOKEN } from '../../../sdk/chain/local-network.ts';
import { SettlingNode } from './settling-node.ts';

describe('settling after a coordinator has failed', function () {
  this.timeout(60_000);
  let net: ClaimNetwork;
  let node: SettlingNode;
  let deals = 0;

  before(async () => {
    net = await ClaimNetwork.start();
  });
  after(() => net.stop());
  beforeEach(async () => {
    node = await SettlingNode.open(net);
  });
  afterEach(() => node.close());

  /** Receipts of an ended epoch; the coordinator was asked once and was silent, so that a claim comes next. */
  async function failed(): Promise<{ dealId: DealId; receipts: ReceiptWithGrant[]; ripe: Epoch }> {
    const dealId = await net.deal(`voucher before claim ${deals++}`, 10_000n * TOKEN);
    const receipts = net.receipts(dealId, await net.epoch(), 3);
    await node.earn(dealId, receipts);
    await net.skipEpochs(2);
    await node.settle();
    expect(node.store.failingSince(dealId)).to.be.a('number');
    return { dealId, receipts, ripe: parseEpoch((await net.epoch()) - 1) };
  }
  const answer = (voucher: SignedVoucher): void => {
    node.answer = { voucher, better: [], refused: [] };
  };
  const steps = () => node.store.gasNotes().map(({ step }) => step);

  it('takes the voucher of one that is back instead of claiming, and counts it as answering', async () => {
    const { dealId, receipts, ripe } = await failed();
    answer(net.voucher(dealId, ripe, valueOf(receipts)));
    const report = await node.settle();
    expect(report.failures).to.deep.equal([]);
    expect(report.paidWei).to.equal(valueOf(receipts));
    expect(steps()).to.deep.equal(['voucher']);
    expect(node.store.failingSince(dealId)).to.equal(undefined);
  });

  it('claims all the same when the voucher is worthless, and goes on taking it for failing', async () => {
    const { dealId, receipts, ripe } = await failed();
    const good = net.voucher(dealId, ripe, valueOf(receipts));
    const other = net.voucher(dealId, ripe, valueOf(receipts) + 1n);
    answer({ ...good, signature: other.signature });
    const report = await node.settle();
    expect(report.failures).to.deep.equal([]);
    expect(report.paidWei).to.equal(valueOf(receipts));
    expect(steps()).to.deep.equal(['direct-claim']);
    expect(node.store.failingSince(dealId)).to.be.a('number');
  });
});
