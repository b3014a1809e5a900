import { expect } from 'chai';

import { claimDirect, redeemVouchers } from '../../../sdk/chain/payments.ts';
import { closeDeal, readAllocation, readDeal, release, withdraw } from '../../../sdk/chain/deals.ts';
import { peerPoolOf, releasePeerPool, thawPeerPool } from '../../../sdk/chain/peer-pool.ts';
import { readTokenBalance } from '../../../sdk/chain/tokens.ts';
import type { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { base64UrlDecode } from '../../../sdk/protocol/bytes.ts';
import { parseEpoch, type DealId } from '../../../sdk/protocol/identifiers.ts';
import type { ReceiptWithGrant } from '../../../sdk/protocol/receipt.ts';
import { decodeSignedVoucher } from '../../../sdk/protocol/voucher.ts';
import { AuditedMarket } from '../../sdk/audit/audited-market.ts';
import { encodePairs, type SettlementAnswer } from '../coordinator/deal-room.ts';

const MIB = 2n ** 20n;
const POOL_WEI = 5_000_003n;
const FEE_BPS = 250;
/** Receipted and never settled; a byte costs a wei. */
const LOST_BYTES = 300_007n;

type Texts = Readonly<Record<string, string>>;
interface Money {
  readonly depositedWei: string;
  readonly freeWei: string;
  readonly withdrawnWei: string;
  readonly allocations: readonly (Texts & { readonly node: string; readonly outstanding: string | null })[];
  readonly peerPool: Texts | null;
  readonly totals: Texts;
  readonly burnWeiPerHour: string;
  readonly runwaySeconds: number | null;
  readonly refund: { availableWei: string; thawingWei: string; availableAt: number | null };
}
interface Earnings {
  readonly deals: readonly (Texts & { readonly dealId: string; readonly bytes: number })[];
}
interface Batches {
  readonly total: number;
  readonly batches: readonly { node: string; epoch: number; bytes: number; receipts: number }[];
}
interface Delivery {
  readonly totalBytes: number;
  readonly viewers: number;
  readonly nodes: readonly { node: string; bytes: number; region: string; role: string }[];
  readonly epochs: readonly { epoch: number; bytes: number; viewers: number }[];
  readonly latest: readonly { bytes: number; region: string | null }[];
}

const wei = (text: string | undefined): bigint => BigInt(text ?? '-1');
const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n);

describe('one ledger: a deal with its money, on a real chain', function () {
  this.timeout(60_000);
  let audited: AuditedMarket;
  let dealId: DealId;
  let publisher: TransactionSender;

  before(async () => {
    audited = await AuditedMarket.open({ protocolFeeBps: FEE_BPS });
    const { room, near, far, market } = audited;
    publisher = await market.sender(1);
    const amounts = new Map([
      [near, 64n * MIB],
      [far, 64n * MIB],
    ]);
    ({ dealId } = await room.openFundedDeal(amounts, POOL_WEI));
  });

  after(() => audited.close());

  const money = (): Promise<Money> =>
    audited.api.ok<Money>(audited.api.get(`/v1/deals/${dealId}/money`, '/v1/deals/{dealId}/money'));

  async function batchesOf(node: string): Promise<{ bytes: bigint; wei: bigint; paid: number }> {
    const { api } = audited;
    const { batches } = await api.ok<Batches>(
      api.get(`/v1/batches?deal=${dealId}&node=${node}`, '/v1/batches'),
    );
    const pages = await Promise.all(
      batches.map(({ epoch }) =>
        api.ok<{ wei: string; payingTransaction: object | null }>(
          api.get(`/v1/batches/${dealId}/${node}/${epoch}`, '/v1/batches/{dealId}/{node}/{epoch}'),
        ),
      ),
    );
    return {
      bytes: sum(batches.map(({ bytes }) => BigInt(bytes))),
      wei: sum(pages.map((page) => wei(page.wei))),
      paid: pages.filter(({ payingTransaction }) => payingTransaction !== null).length,
    };
  }

  /** Every place that shows the money of the deal says the same, and the sums add up. */
  async function expectOneLedger(): Promise<Money> {
    await audited.room.levelWithChain();
    const { api, market } = audited;
    const shown = await money();
    const { totals, allocations, peerPool } = shown;
    expect(wei(shown.depositedWei)).to.equal(
      wei(shown.withdrawnWei) + wei(totals['paidWei']) + wei(totals['remainingWei']),
    );
    expect(wei(totals['paidWei'])).to.equal(
      sum(allocations.map((one) => wei(one['paidWei']))) + wei(peerPool?.['claimedWei']),
    );
    for (const one of allocations) await expectSameEverywhere(one);

    const { provider, deployment } = market;
    const deal = await readDeal(provider, deployment, dealId);
    expect(wei(shown.freeWei)).to.equal(deal?.freeWei);
    const pool = await peerPoolOf(provider, deployment, dealId);
    expect([peerPool?.['fundedWei'], peerPool?.['claimedWei']].map(wei)).to.deep.equal([
      pool.fundedWei,
      pool.claimedWei,
    ]);
    // The market holds what remains and the fees that nobody has collected yet.
    const held = await readTokenBalance(provider, deployment, deployment.market);
    expect(held).to.equal(wei(totals['remainingWei']) + wei(totals['feeWei']));

    const { file } = await audited.download(dealId);
    const report = await audited.audit(file);
    expect(report.agrees).to.equal(true);
    expect(report.paidWei).to.equal(sum(allocations.map((one) => wei(one['paidWei']))));
    for (const bill of report.nodes) {
      const one = allocations.find(({ node }) => node === bill.node);
      expect([bill.billedWei, bill.paidWei, bill.feeWei]).to.deep.equal(
        [one?.['vouchedWei'], one?.['paidWei'], one?.['feeWei']].map(wei),
      );
    }
    const metrics = await (await fetch(`${audited.url}/metrics`)).text();
    const { now } = await api.ok<{ now: Texts & { deliveredBytes: number } }>(api.get('/v1/statistics'));
    for (const [name, value] of [
      ['escrowed_wei', now['escrowedWei']],
      ['paid_wei', now['paidWei']],
      ['delivered_bytes', now.deliveredBytes],
    ])
      expect(metrics).to.contain(`\nbcdn_marketplace_${name} ${value}\n`);
    return shown;
  }

  async function expectSameEverywhere(one: Texts & { readonly node: string }): Promise<void> {
    const { api, market } = audited;
    const parts = ['paidWei', 'balanceWei', 'lockedWei', 'releasedWei'];
    expect(wei(one['allocatedWei'])).to.equal(sum(parts.map((part) => wei(one[part]))));
    const path = '/v1/operators/{address}/earnings';
    const { deals } = await api.ok<Earnings>(api.get(path.replace('{address}', one.node), path));
    const earned = deals.find((deal) => deal.dealId === dealId);
    for (const part of ['meteredWei', 'paidWei', 'feeWei', 'balanceWei', 'lockedWei', 'lostWei'])
      expect(earned?.[part], part).to.equal(one[part]);
    expect(earned?.['settledWei']).to.equal(one['vouchedWei']);
    const onChain = await readAllocation(market.provider, market.deployment, {
      dealId,
      node: one.node as TransactionSender['address'],
    });
    expect([wei(one['paidWei']), wei(one['balanceWei'])]).to.deep.equal([
      onChain?.paidWei,
      onChain?.balanceWei,
    ]);
    const batches = await batchesOf(one.node);
    expect(batches.wei).to.equal(wei(one['meteredWei']));
  }

  async function served(node: TransactionSender, bytes: readonly bigint[], region?: string) {
    const pairs: ReceiptWithGrant[] = [];
    let epoch = 0;
    for (const count of bytes) {
      const viewed = await audited.view(dealId, node, count, region);
      pairs.push(viewed.pair);
      epoch = viewed.epoch;
    }
    return { pairs, epoch };
  }

  async function voucherFor(node: TransactionSender, throughEpoch: number, pairs: ReceiptWithGrant[]) {
    const { api, room } = audited;
    const settled = await api.ok<SettlementAnswer>(room.settle(dealId, node, { throughEpoch, pairs }));
    return decodeSignedVoucher(base64UrlDecode(settled.voucher ?? ''));
  }

  it('agrees before anything is delivered', async () => {
    const shown = await expectOneLedger();
    expect(shown).to.include({ burnWeiPerHour: '0', runwaySeconds: null, freeWei: '0' });
    expect(shown.totals).to.include({ meteredWei: '0', vouchedWei: '0', paidWei: '0' });
  });

  it('agrees while receipts are metered, vouched, paid with a fee, and claimed directly', async () => {
    const { market, room, api, near, far } = audited;
    const first = await served(near, [1_000_001n, 2_000_003n], 'eu-west');
    const silent = await served(far, [500_009n], 'ap-south');
    await api.ok(api.post('/v1/receipts', { receipts: encodePairs([...first.pairs, ...silent.pairs]) }));
    const metered = await expectOneLedger();
    expect(metered.totals).to.include({ meteredWei: '3500013', vouchedWei: '0', paidWei: '0' });
    expect(wei(metered.burnWeiPerHour) > 0n).to.equal(true);
    expect(metered.runwaySeconds).to.be.a('number');

    await market.endEpoch();
    await room.levelWithChain();
    const voucher = await voucherFor(near, first.epoch, first.pairs);
    expect((await expectOneLedger()).totals).to.include({ vouchedWei: '3000004', paidWei: '0' });

    await redeemVouchers(near, [voucher], near.address);
    const toEpoch = parseEpoch(silent.epoch);
    await claimDirect(far, { dealId, toEpoch, receipts: silent.pairs, to: far.address });
    const paid = await expectOneLedger();
    const fee = (3_000_004n * BigInt(FEE_BPS)) / 10_000n + (500_009n * BigInt(FEE_BPS)) / 10_000n;
    expect(paid.totals).to.include({ meteredWei: '3500013', paidWei: '3500013', feeWei: fee.toString() });
    expect((await batchesOf(near.address)).paid).to.equal(1);
    expect((await batchesOf(far.address)).paid).to.equal(1);
  });

  it('shows what was delivered, by node, epoch, minute and region, as the receipts have it', async () => {
    const { api, near, far } = audited;
    const path = '/v1/deals/{dealId}/delivery';
    const delivery = await api.ok<Delivery>(api.get(`${path.replace('{dealId}', dealId)}?epochs=7`, path));
    expect(delivery).to.include({ totalBytes: 3_500_013, viewers: 3 });
    expect(delivery.nodes.map(({ node, bytes, region }) => [node, bytes, region])).to.have.deep.members([
      [near.address, 3_000_004, 'eu-west'],
      [far.address, 500_009, 'us-east'],
    ]);
    expect(delivery.epochs.map(({ bytes, viewers }) => [bytes, viewers])).to.deep.equal([[3_500_013, 3]]);
    expect(new Set(delivery.latest.map(({ region }) => region))).to.deep.equal(
      new Set(['eu-west', 'ap-south']),
    );
    expect(sum(delivery.latest.map(({ bytes }) => BigInt(bytes)))).to.equal(3_500_013n);
    const map = await api.ok<{ links: object[] }>(api.get('/v1/map'));
    expect(map.links).to.have.deep.members([
      { from: 'eu-west', to: 'eu-west', bytesLastHour: 3_000_004 },
      { from: 'ap-south', to: 'us-east', bytesLastHour: 500_009 },
    ]);
  });

  /** What a node has still to do to be paid. */
  async function outstandingOf({ address }: TransactionSender): Promise<string | null | undefined> {
    const { allocations } = await expectOneLedger();
    return allocations.find(({ node }) => node === address)?.outstanding;
  }

  it('says what a node has still to do to be paid: hand in, redeem', async () => {
    const { near, far, api, market, room } = audited;
    expect(await outstandingOf(near)).to.equal(null);
    const more = await served(near, [LOST_BYTES]);
    expect(await outstandingOf(near)).to.equal('receipts');
    await api.ok(api.post('/v1/receipts', { receipts: encodePairs(more.pairs) }));
    expect(await outstandingOf(near)).to.equal('payment');
    expect(await outstandingOf(far), 'viewers were granted it, too').to.equal('receipts');
    await market.endEpoch();
    await room.levelWithChain();
    await voucherFor(far, more.epoch, []);
    expect(await outstandingOf(far), 'it has said that nobody came').to.equal(null);
  });

  it('agrees while the deal closes, thaws and is refunded to the last unit, and names what a node lost', async () => {
    const { market, near, far, room } = audited;
    await closeDeal(publisher, dealId, [near.address, far.address]);
    await thawPeerPool(publisher, dealId);
    const closing = await expectOneLedger();
    expect(closing.refund.availableWei).to.equal('0');
    expect(wei(closing.refund.thawingWei)).to.equal(wei(closing.totals['remainingWei']));
    expect(closing.refund.availableAt).to.be.greaterThan((await market.epoch()) * 600);
    while ((await market.epoch()) * 600 < (closing.refund.availableAt ?? 0)) await market.endEpoch();
    await release(publisher, dealId, [near.address, far.address]);
    await releasePeerPool(publisher, dealId);
    const freed = await expectOneLedger();
    expect(freed.totals).to.include({ lostWei: String(LOST_BYTES), paidWei: '3500013' });
    expect(await outstandingOf(near), 'nothing more can be paid').to.equal(null);
    expect(freed.refund.availableWei).to.equal(freed.totals['remainingWei']);
    const before = await readTokenBalance(market.provider, market.deployment, publisher.address);
    const amountWei = wei(freed.freeWei);
    await withdraw(publisher, dealId, { amountWei, to: publisher.address });
    await room.levelWithChain();
    const ended = await expectOneLedger();
    expect(ended.totals['remainingWei']).to.equal('0');
    const after = await readTokenBalance(market.provider, market.deployment, publisher.address);
    expect(after - before).to.equal(amountWei);
    expect(wei(ended.depositedWei)).to.equal(3_500_013n + amountWei);
  });
});
