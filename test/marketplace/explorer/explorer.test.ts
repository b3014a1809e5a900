import { expect } from 'chai';

import { redeemVouchers } from '../../../sdk/chain/payments.ts';
import type { MinedTransaction } from '../../../sdk/chain/transactions.ts';
import { base64UrlDecode } from '../../../sdk/protocol/bytes.ts';
import type { DealId } from '../../../sdk/protocol/identifiers.ts';
import { decodeSignedVoucher } from '../../../sdk/protocol/voucher.ts';
import { AuditedMarket } from '../../sdk/audit/audited-market.ts';
import type { SettlementAnswer } from '../coordinator/deal-room.ts';

interface Event {
  readonly name: string;
  readonly transactionHash: string;
  readonly arguments: Readonly<Record<string, string>>;
}
interface EventPage {
  readonly total: number;
  readonly events: readonly Event[];
}
interface Result {
  readonly kind: string;
  readonly id: string;
  readonly path: string;
}

describe('explorer, on a real chain', function () {
  this.timeout(60_000);
  let audited: AuditedMarket;
  let dealId: DealId;
  let cid: string;
  let epoch: number;
  let payment: MinedTransaction;

  before(async () => {
    audited = await AuditedMarket.open();
    const { room, near, market, api } = audited;
    const opened = await room.openFundedDeal(new Map([[near, 1_000_000n]]));
    dealId = opened.dealId;
    cid = opened.cid.toString();
    const viewed = await audited.view(dealId, near, 777n);
    epoch = viewed.epoch;
    await market.endEpoch();
    await room.levelWithChain();
    const settled = await api.ok<SettlementAnswer>(
      room.settle(dealId, near, { throughEpoch: epoch, pairs: [viewed.pair] }),
    );
    const voucher = decodeSignedVoucher(base64UrlDecode(settled.voucher ?? ''));
    payment = (await redeemVouchers(near, [voucher], near.address)).transaction;
    await room.levelWithChain();
  });

  after(() => audited.close());

  const events = (query: string): Promise<EventPage> =>
    audited.api.ok<EventPage>(audited.api.get(`/v1/events?${query}`, '/v1/events'));
  const search = async (text: string): Promise<readonly Result[]> => {
    const { api } = audited;
    const path = `/v1/search?q=${encodeURIComponent(text)}`;
    return (await api.ok<{ results: Result[] }>(api.get(path, '/v1/search'))).results;
  };

  it('finds the events of a deal, a node and a transaction, the newest first, page by page', async () => {
    const { near } = audited;
    const ofDeal = await events(`deal=${dealId}`);
    expect(ofDeal.events.map(({ name }) => name)).to.deep.equal([
      'VoucherRedeemed',
      'Allocated',
      'DealOpened',
    ]);
    expect(await events(`deal=${dealId}&limit=1&offset=2`)).to.deep.include({
      total: 3,
      events: ofDeal.events.slice(2),
    });
    const ofNode = (await events(`node=${near.address}`)).events.map(({ name }) => name);
    expect(ofNode).to.include.members(['VoucherRedeemed', 'Allocated', 'PositionDrawn', 'NodeRegistered']);
    const both = await events(`deal=${dealId}&node=${near.address}`);
    expect(both.events.map(({ name }) => name)).to.deep.equal(['VoucherRedeemed', 'Allocated']);
    const ofTransaction = await events(`transaction=${payment.hash}`);
    expect(ofTransaction.events[0]?.arguments).to.include({ cumulative: '777', node: near.address });
  });

  it('shows what a transaction did, and knows which it does not know', async () => {
    const { api, market } = audited;
    const route = '/v1/transactions/{hash}';
    const shown = await api.ok<{ at: number; blockNumber: number; events: Event[] }>(
      api.get(`/v1/transactions/${payment.hash}`, route),
    );
    const block = await market.provider.getBlock(payment.blockNumber);
    expect([shown.blockNumber, shown.at]).to.deep.equal([payment.blockNumber, block?.timestamp]);
    expect(shown.events.map(({ name }) => name)).to.deep.equal(['VoucherRedeemed']);
    const unknown = `/v1/transactions/0x${'ee'.repeat(32)}`;
    await api.refused(api.get(unknown, route), 404, 'TRANSACTION_NOT_FOUND');
  });

  it('shows a batch of receipts with its worth, its voucher and the transaction that paid it', async () => {
    const { api, near } = audited;
    const route = '/v1/batches/{dealId}/{node}/{epoch}';
    const batch = await api.ok<object>(api.get(`/v1/batches/${dealId}/${near.address}/${epoch}`, route));
    expect(batch).to.deep.include({
      ...{ dealId, node: near.address, epoch, receipts: 1, bytes: 777, wei: '777' },
      ...{ startsAt: epoch * 600, endsAt: (epoch + 1) * 600 },
      voucher: { throughEpoch: epoch, cumulativeWei: '777' },
    });
    expect((batch as { payingTransaction: object }).payingTransaction).to.include({
      hash: payment.hash,
      route: 'VoucherRedeemed',
    });
    const missing = api.get(`/v1/batches/${dealId}/${near.address}/${epoch + 1}`, route);
    await api.refused(missing, 404, 'BATCH_NOT_FOUND');
    await api.refused(api.get('/v1/batches'), 400, 'INVALID_REQUEST');
  });

  it('finds what an identifier means, whole or by its beginning, and nothing that does not exist', async () => {
    const { near } = audited;
    const publisher = (await audited.market.sender(1)).address;
    const deal = { kind: 'deal', id: dealId, path: `/explore/deals/${dealId}` };
    const node = { kind: 'node', id: near.address, path: `/explore/nodes/${near.address}` };
    expect(await search(dealId)).to.deep.equal([deal]);
    expect(await search(` ${dealId.toUpperCase().replace('0X', '0x')} `)).to.deep.equal([deal]);
    expect(await search(near.address.slice(0, 12))).to.deep.equal([node]);
    expect(await search(publisher)).to.deep.equal([deal]);
    expect(await search(payment.hash)).to.deep.equal([
      { kind: 'transaction', id: payment.hash, path: `/explore/transactions/${payment.hash}` },
    ]);
    const content = { kind: 'content', id: cid, path: `/explore/contents/${cid}` };
    expect(await search(cid)).to.deep.equal([content, deal]);
    const batch = `${dealId}/${near.address}/${epoch}`;
    expect((await search(batch)).map(({ kind, path }) => [kind, path])).to.deep.equal([
      ['batch', `/explore/batches/${batch}`],
    ]);
    for (const nothing of ['0x12', '%', "' OR 1=1 --", 'bafy', `0x${'ee'.repeat(20)}`, `${batch}9`])
      expect(await search(nothing), nothing).to.deep.equal([]);
  });

  it('finds a deal by its content, and by the salt that its publisher opened it with', async () => {
    const { api, market } = audited;
    const publisher = (await market.sender(1)).address;
    const deals = async (query: string): Promise<unknown[]> =>
      (await api.ok<{ deals: { dealId: string }[] }>(api.get(`/v1/deals?${query}`, '/v1/deals'))).deals.map(
        (one) => one.dealId,
      );
    const salt = `0x${'01'.repeat(32)}`;
    expect(await deals(`publisher=${publisher}&salt=${salt}`)).to.deep.equal([dealId]);
    expect(await deals(`publisher=${publisher}&contentRoot=${salt}`)).to.deep.equal([dealId]);
    expect(await deals(`publisher=${publisher}&salt=0x${'09'.repeat(32)}`)).to.deep.equal([]);
    await api.refused(api.get(`/v1/deals?salt=${salt}`, '/v1/deals'), 400, 'INVALID_REQUEST');
  });

  it('shows the nodes of a deal, and whether they answer and hold the content', async () => {
    const { api, near } = audited;
    const path = '/v1/deals/{dealId}/nodes';
    const { nodes } = await api.ok<{ nodes: object[] }>(api.get(path.replace('{dealId}', dealId), path));
    expect(nodes).to.have.length(1);
    // The server behind the endpoint is ready, and answers nothing that tells what it holds.
    expect(nodes[0]).to.include({
      ...{ node: near.address, region: 'eu-west', state: 'ready', allocationState: 'active' },
      ...{ holdsContent: 'unknown', bytes: 777 },
    });
  });
});
