import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { SettlementStore } from '../../../../node/app/settlement/settlement-store.ts';
import { parseAddress, parseDealId, parseEpoch } from '../../../../sdk/protocol/identifiers.ts';

const dealId = parseDealId(`0x${'11'.repeat(32)}`);
const node = parseAddress(`0x${'22'.repeat(20)}`);

describe('settlement store', () => {
  let directory: string;
  let store: SettlementStore;
  const reopen = (): void => {
    store.close();
    store = SettlementStore.open(join(directory, 'settlements.sqlite'));
  };
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-store-'));
    store = SettlementStore.open(join(directory, 'settlements.sqlite'));
  });
  afterEach(async () => {
    store.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('keeps the best voucher over a restart and never trades it for a lesser one', () => {
    const signed = (cumulative: bigint, throughEpoch: number) => ({
      voucher: { dealId, node, throughEpoch: parseEpoch(throughEpoch), cumulative },
      signature: new Uint8Array(64).fill(7),
    });
    store.keepVoucher(signed(100n, 5));
    store.keepVoucher(signed(90n, 6));
    store.keepVoucher(signed(200n, 4));
    reopen();
    expect(store.voucher(dealId)?.voucher).to.deep.equal(signed(100n, 5).voucher);
    store.keepVoucher(signed(1n << 100n, 6));
    expect(store.voucher(dealId)?.voucher.cumulative).to.equal(1n << 100n);
  });

  it('counts the same payment once', () => {
    const payment = {
      transaction: '0xabc',
      logIndex: 3,
      dealId,
      route: 'voucher' as const,
      throughEpoch: parseEpoch(5),
      paidWei: 10n ** 20n,
      feeWei: 1n,
      atSeconds: 1_795_000_000,
    };
    store.notePayment(payment);
    store.notePayment(payment);
    reopen();
    expect(store.payments()).to.deep.equal([payment]);
  });

  it('tells which epochs of a deal were claimed on chain', () => {
    const payment = (route: 'voucher' | 'direct-claim', throughEpoch: number, of = dealId) => ({
      transaction: `0x${throughEpoch}`,
      logIndex: 0,
      dealId: of,
      route,
      throughEpoch: parseEpoch(throughEpoch),
      paidWei: 1n,
      feeWei: 0n,
      atSeconds: throughEpoch,
    });
    for (const note of [payment('voucher', 5), payment('direct-claim', 8), payment('voucher', 9)]) {
      store.notePayment(note);
    }
    store.notePayment(payment('direct-claim', 7, parseDealId(`0x${'33'.repeat(32)}`)));
    expect(store.directClaims(dealId)).to.deep.equal([{ afterEpoch: 5, toEpoch: 8 }]);
  });

  it('remembers since when a coordinator fails until it answers', () => {
    store.noteFailing(dealId, parseEpoch(5));
    store.noteFailing(dealId, parseEpoch(9));
    expect(store.failingSince(dealId)).to.equal(5);
    store.noteAnswering(dealId);
    expect(store.failingSince(dealId)).to.equal(undefined);
  });

  it('forgets how far the chain was followed on another network', () => {
    store.noteNextBlock('31337 0xa', 70);
    reopen();
    expect(store.nextBlock('31337 0xa')).to.equal(70);
    expect(store.nextBlock('31337 0xb')).to.equal(undefined);
  });

  it('lets the metered bytes of an epoch only grow', () => {
    store.noteMetered(dealId, parseEpoch(5), 100n);
    store.noteMetered(dealId, parseEpoch(5), 50n);
    expect(store.metered(dealId)).to.deep.equal(new Map([[5, 100n]]));
  });
});
