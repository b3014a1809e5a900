import { expect } from 'chai';

import {
  batchStory,
  dealStory,
  earningsStory,
  eventText,
  nodeStory,
} from '../../../../marketplace/web/explorer/sentences.ts';
import { pathOfResult } from '../../../../marketplace/web/explorer/search-path.ts';

const WEI = 10n ** 18n;
const NODE = `0x${'3c'.repeat(20)}`;
const DEAL = `0x${'ab'.repeat(32)}`;
const node = {
  address: NODE,
  role: 'edge',
  region: 'eu-west',
  active: true,
  health: 'up',
  endpoints: [],
  askWeiPerGiB: WEI / 2n,
  stakeWei: 1_000n * WEI,
  unbondingWei: 0n,
  unbondingEndsAt: 0,
} as const;
const allocation = {
  node: NODE,
  state: 'active',
  ratePerGiB: WEI,
  allocatedWei: 30n,
  balanceWei: 20n,
  lockedWei: 3n,
  paidWei: 7n,
  feeWei: 1n,
  releasedWei: 0n,
  throughEpoch: 0,
  thawEndEpoch: 0,
} as const;
const deal = {
  dealId: DEAL,
  publisher: NODE,
  state: 'open',
  cid: null,
  contentRoot: DEAL,
  serviceLevel: 0,
  freeWei: 5n,
  depositedWei: 100n,
  withdrawnWei: 15n,
  allocations: [allocation],
  peerPool: { fundedWei: 50n, claimedWei: 10n },
  audienceKey: null,
} as const;

describe('sentences of the explorer', () => {
  it('say what a node is', () => {
    expect(nodeStory(node)).to.deep.equal([
      'Edge 0x3c3c…3c3c in eu-west asks 0.5 BCDN for each GiB it delivers and has staked 1,000 BCDN.',
      'It answered when it was last asked.',
    ]);
    expect(nodeStory({ ...node, active: false, unbondingWei: WEI })).to.have.length(3);
  });

  it('say who may see a deal, if not everybody may', () => {
    expect(dealStory(deal)).to.have.length(3);
    expect(dealStory({ ...deal, audienceKey: NODE })).to.have.length(4);
  });

  it('say earnings as metered, settled, paid and on their way', () => {
    const total = {
      meteredWei: 3n * WEI,
      settledWei: 2n * WEI,
      paidWei: WEI,
      feeWei: 0n,
      receivedWei: WEI,
      unsettledWei: WEI,
      unpaidWei: WEI,
      lostWei: 0n,
    };
    expect(earningsStory({ address: NODE, total, dealCount: 1, offset: 0, deals: [] })).to.equal(
      'In 1 deal it has metered 3 BCDN, settled 2 BCDN and been paid 1 BCDN; 2 BCDN is still on its way.',
    );
    const unlucky = { ...total, lostWei: 2n * WEI };
    expect(earningsStory({ address: NODE, total: unlucky, dealCount: 1, offset: 0, deals: [] })).to.match(
      /paid 1 BCDN; 2 BCDN is lost, because an allocation never pays more than its balance, and what was not/,
    );
    expect(earningsStory({ address: NODE, total, dealCount: 0, offset: 0, deals: [] })).to.match(/^No deal/);
  });

  it('count receipts and their worth to the last unit', () => {
    expect(batchStory({ node: NODE, epoch: 9, receipts: 2, bytes: 2_048n, wei: 1n })).to.equal(
      'In epoch 9 viewers signed 2 receipts for 2.00 KiB that node 0x3c3c…3c3c delivered, worth 0.000000000000000001 BCDN.',
    );
  });

  it('have words for events, and take unknown ones apart', () => {
    expect(eventText('VoucherRedeemed')).to.equal('A node was paid by a voucher');
    expect(eventText('SomethingElseHappened')).to.equal('Something else happened');
  });
});

describe('pages of what was found', () => {
  it('are made here, not taken from the answer', () => {
    expect(pathOfResult({ kind: 'deal', id: DEAL, path: 'javascript:alert(1)' })).to.equal(
      `/explore/deals/${DEAL}`,
    );
    expect(pathOfResult({ kind: 'node', id: '../x', path: '' })).to.equal('/explore/nodes/..%2Fx');
    expect(pathOfResult({ kind: 'batch', id: '', path: '//evil.example' })).to.equal(undefined);
    const path = `/explore/batches/${DEAL}/${NODE}/12`;
    expect(pathOfResult({ kind: 'batch', id: '', path })).to.equal(path);
  });
});
