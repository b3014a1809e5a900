import { expect } from 'chai';
import type { SettlementReport } from '../../../../node/app/settlement/settlement-round.ts';
import { claimOf } from '../../../../sdk/chain/claims.ts';
import type { DealId, Epoch } from '../../../../sdk/protocol/identifiers.ts';
import type { ReceiptWithGrant } from '../../../../sdk/protocol/receipt.ts';
import { ClaimNetwork, valueOf } from '../../../sdk/chain/claim-network.ts';
import { TOKEN } from '../../../sdk/chain/local-network.ts';
import { SettlingNode } from './settling-node.ts';

/** Blocks after a commitment until the seed is known and no salt can change it. */
const SEED_BLOCKS = 3;

describe('settling without a coordinator', function () {
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

  /** Receipts of three ended epochs, journaled; the coordinator has been asked once and was silent. */
  async function earned(
    perEpoch: number,
  ): Promise<{ dealId: DealId; receipts: ReceiptWithGrant[]; last: Epoch }> {
    const dealId = await net.deal(`deal ${deals++}`, 10_000n * TOKEN);
    const first = await net.epoch();
    const receipts = [0, 1, 2].flatMap((later) => net.receipts(dealId, first + later, perEpoch));
    await node.earn(dealId, receipts);
    await net.skipEpochs(4);
    const { failures } = await node.settle();
    expect(failures.map(({ code }) => code)).to.deep.equal(['COORDINATOR_UNREACHABLE']);
    return { dealId, receipts, last: (first + 2) as Epoch };
  }
  const claim = async (dealId: DealId) =>
    (await claimOf(net.provider, net.network.deployment, { dealId, node: net.node.address })) ??
    expect.fail('no claim');
  const expectClean = ({ failures }: SettlementReport): void => {
    expect(failures).to.deep.equal([]);
  };
  const steps = () => node.store.gasNotes().map(({ step }) => step);

  it('claims few receipts one by one, to the last wei', async () => {
    const { dealId, receipts, last } = await earned(3);
    const before = await net.balance();
    const report = await node.settle();
    expectClean(report);
    expect(report.paidWei).to.equal(valueOf(receipts));
    expect(await net.balance()).to.equal(before + valueOf(receipts));
    expect((await net.allocation(dealId))?.throughEpoch).to.equal(last);
    expect(steps()).to.deep.equal(['direct-claim']);
    expect(node.store.gasNotes()[0]).to.deep.include({ dealIds: [dealId], gasCostWei: report.gasCostWei });
  });

  it('claims many receipts by samples, to the last wei', async () => {
    const { dealId, receipts, last } = await earned(30);
    const before = await net.balance();
    expectClean(await node.settle());
    expect(await claim(dealId)).to.include({
      state: 'committed',
      toEpoch: last,
      lockedWei: valueOf(receipts),
    });
    expect(node.store.openClaim(dealId)).to.deep.include({ receipts: 90, lockedWei: valueOf(receipts) });
    const { waiting } = await node.settle();
    expect(waiting.map(({ reason }) => reason)).to.deep.equal(['CLAIM_OPEN']);
    await net.mine(SEED_BLOCKS);
    const report = await node.settle();
    expectClean(report);
    expect(report.paidWei).to.equal(valueOf(receipts));
    expect(await net.balance()).to.equal(before + valueOf(receipts));
    expect(node.store.claims().map(({ state, receipts: count }) => [state, count])).to.deep.equal([
      ['paid', 90],
    ]);
    expect(steps()).to.deep.equal(['bond-approval', 'claim-commit', 'claim-open']);
    await net.mine(80);
    expectClean(await node.settle());
    expect(await node.snapshots.deals()).to.deep.equal([]);
  });

  it('goes on after a restart between commitment and opening, whatever receipts came since', async () => {
    const { dealId, receipts } = await earned(30);
    expectClean(await node.settle());
    const better = receipts.slice(0, 5).map(({ signedGrant, signedReceipt }) => ({
      signedGrant,
      signedReceipt: {
        ...signedReceipt,
        receipt: { ...signedReceipt.receipt, bytesCumulative: signedReceipt.receipt.bytesCumulative + 1n },
      },
    }));
    await node.earn(dealId, better);
    await node.restart();
    await node.directory.refresh(dealId);
    await net.mine(SEED_BLOCKS);
    expect((await node.settle()).paidWei).to.equal(valueOf(receipts));
    expect((await claim(dealId)).state).to.equal('paid');
  });

  it('finds the commitment of a run that was killed before it saw it mined, and opens it', async () => {
    const { dealId, receipts } = await earned(30);
    await net.provider.send('evm_setAutomine', [false]);
    const killed = new AbortController();
    try {
      const round = node.settle(killed.signal).catch(() => undefined);
      for (;;) {
        const block = (await net.provider.send('eth_getBlockByNumber', ['pending', false])) as {
          transactions: unknown[];
        };
        if (block.transactions.length > 0) break;
      }
      killed.abort();
      await round;
      await node.restart();
      expect(await node.snapshots.deals()).to.deep.equal([dealId]);
      expect(node.store.openClaims()).to.deep.equal([]);
    } finally {
      await net.provider.send('evm_setAutomine', [true]);
    }
    await net.mine(1 + SEED_BLOCKS);
    await node.directory.refresh(dealId);
    expectClean(await node.settle());
    expect((await claim(dealId)).state).to.equal('paid');
    expect((await net.allocation(dealId))?.paidWei).to.equal(valueOf(receipts));
  });

  it('takes a voucher that comes late instead of opening, and the bond returns', async () => {
    const { dealId, receipts, last } = await earned(30);
    const before = await net.balance();
    expectClean(await node.settle());
    const worth = valueOf(receipts) + TOKEN;
    node.answer = { voucher: net.voucher(dealId, last, worth), better: [], refused: [] };
    const report = await node.settle();
    expectClean(report);
    expect(report.paidWei).to.equal(worth);
    expect((await claim(dealId)).state).to.equal('superseded');
    expect(await net.balance()).to.equal(before + worth);
    expect(steps()).to.include('claim-supersede');
  });

  it('does not take a late voucher that is worth less', async () => {
    const { dealId, receipts, last } = await earned(30);
    expectClean(await node.settle());
    node.answer = { voucher: net.voucher(dealId, last, valueOf(receipts) - 1n), better: [], refused: [] };
    expectClean(await node.settle());
    expect((await claim(dealId)).state).to.equal('committed');
    await net.mine(SEED_BLOCKS);
    expect((await node.settle()).paidWei).to.equal(valueOf(receipts));
  });

  it('ends a claim whose window it slept through, and claims what came after it', async () => {
    const { dealId } = await earned(30);
    expectClean(await node.settle());
    await net.mine(80);
    expectClean(await node.settle());
    expect((await claim(dealId)).state).to.equal('void');
    expect(node.store.claims().map(({ state }) => state)).to.deep.equal(['void']);
    const later = net.receipts(dealId, await net.epoch(), 3);
    await node.earn(dealId, later);
    await net.skipEpochs(2);
    const report = await node.settle();
    expectClean(report);
    expect(report.paidWei).to.equal(valueOf(later));
  });

  it('sends nothing while gas is above the ceiling, until the window of its claim is near its end', async () => {
    const { dealId, receipts } = await earned(30);
    expectClean(await node.settle());
    await node.restart({ maxGasPriceWei: 1n });
    await node.directory.refresh(dealId);
    await net.mine(SEED_BLOCKS);
    expectClean(await node.settle());
    expect((await claim(dealId)).state).to.equal('committed');
    await net.mine(40);
    expect((await node.settle()).paidWei).to.equal(valueOf(receipts));
  });
});
