import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { StorageError } from '../../../../node/core/storage/storage-error.ts';
import type {
  ClaimNote,
  ClaimNoteState,
  GasNote,
  PaymentNote,
} from '../../../../node/app/settlement/settlement-notes.ts';
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
    expect(store.claimedSpans(dealId)).to.deep.equal([{ afterEpoch: 5, toEpoch: 8 }]);
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
    store.noteFollowedBlock(69, '0x69');
    store.noteNextBlock('31337 0xa', 71);
    expect(store.followedBlocks()).to.deep.equal([{ block: 69, hash: '0x69' }]);
    store.noteNextBlock('31337 0xb', 7);
    expect(store.followedBlocks()).to.deep.equal([]);
  });

  it('lets the metered bytes of an epoch only grow', () => {
    store.noteMetered(dealId, parseEpoch(5), 100n);
    store.noteMetered(dealId, parseEpoch(5), 50n);
    expect(store.metered(dealId)).to.deep.equal(new Map([[5, 100n]]));
  });

  const claim = (toEpoch: number, state: ClaimNoteState): ClaimNote => ({
    dealId,
    fromEpoch: parseEpoch(toEpoch - 2),
    toEpoch: parseEpoch(toEpoch),
    root: `0x${'44'.repeat(24)}`,
    totalBytes: 1n << 63n,
    receipts: 1_000_000,
    lockedWei: 1n << 90n,
    bondWei: 10n ** 18n,
    committedBlock: 10 * toEpoch,
    seedBlock: 10 * toEpoch + 2,
    lastBlock: 10 * toEpoch + 66,
    state,
  });

  it('keeps claims over a restart and tells the one that is open', () => {
    store.noteClaim(claim(4, 'paid'));
    store.noteClaim(claim(8, 'committed'));
    reopen();
    expect(store.claims()).to.deep.equal([claim(4, 'paid'), claim(8, 'committed')]);
    expect(store.openClaim(dealId)).to.deep.equal(claim(8, 'committed'));
    store.noteClaim(claim(8, 'void'));
    expect(store.openClaim(dealId)).to.equal(undefined);
    expect(store.claims()).to.have.length(2);
  });

  it('counts epochs of sampled claims as claimed unless a voucher took their place', () => {
    store.noteClaim(claim(4, 'void'));
    store.noteClaim(claim(8, 'superseded'));
    store.noteClaim(claim(12, 'committed'));
    expect(store.claimedSpans(dealId)).to.deep.equal([
      { afterEpoch: 2, toEpoch: 4 },
      { afterEpoch: 10, toEpoch: 12 },
    ]);
  });

  it('counts the gas of the same transaction once', () => {
    const gas: GasNote = {
      transaction: '0xabc',
      step: 'claim-open',
      dealIds: [dealId, parseDealId(`0x${'33'.repeat(32)}`)],
      gasUsed: 376_958n,
      gasCostWei: 10n ** 20n,
      atSeconds: 7,
    };
    store.noteGas(gas);
    store.noteGas({ ...gas, gasUsed: 1n });
    reopen();
    expect(store.gasNotes()).to.deep.equal([gas]);
  });

  it('forgets payments and claims of blocks that the chain no longer has', () => {
    const payment = (block: number | undefined): PaymentNote => ({
      transaction: `0x${block ?? 'old'}`,
      logIndex: 0,
      dealId,
      route: 'sampled-claim',
      throughEpoch: parseEpoch(5),
      paidWei: 1n,
      feeWei: 0n,
      atSeconds: block ?? 0,
      ...(block === undefined ? {} : { block }),
    });
    for (const block of [undefined, 49, 50]) store.notePayment(payment(block));
    store.noteClaim(claim(4, 'paid'));
    store.noteClaim(claim(5, 'committed'));
    store.noteNextBlock('31337 0xa', 51);
    for (const block of [40, 49, 50]) store.noteFollowedBlock(block, `0x${block}`);
    expect(store.rollBack(50)).to.deep.equal([dealId]);
    expect(store.payments()).to.deep.equal([payment(undefined), payment(49)]);
    expect(store.claims()).to.deep.equal([claim(4, 'paid')]);
    expect(store.followedBlocks()).to.deep.equal([
      { block: 49, hash: '0x49' },
      { block: 40, hash: '0x40' },
    ]);
    expect(store.nextBlock('31337 0xa')).to.equal(50);
  });

  it('keeps the hashes of the newest followed blocks only', () => {
    for (let block = 0; block < 100; block++) store.noteFollowedBlock(block, `0x${block}`);
    expect(store.followedBlocks()).to.have.length(64);
    expect(store.followedBlocks()[0]).to.deep.equal({ block: 99, hash: '0x99' });
  });
});

describe('settlement store of the first version', () => {
  it('is brought to this one with all that it holds', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'bcdn-store-'));
    const path = join(directory, 'settlements.sqlite');
    const old = new DatabaseSync(path);
    old.exec(`CREATE TABLE deals (
        deal_id TEXT PRIMARY KEY, publisher TEXT NOT NULL, content_root TEXT NOT NULL,
        content_codec INTEGER NOT NULL, rate_per_gib TEXT NOT NULL);
      CREATE TABLE payments (
        transaction_hash TEXT NOT NULL, log_index INTEGER NOT NULL, deal_id TEXT NOT NULL, route TEXT NOT NULL,
        through_epoch INTEGER NOT NULL, paid_wei TEXT NOT NULL, fee_wei TEXT NOT NULL, at_seconds INTEGER NOT NULL,
        PRIMARY KEY (transaction_hash, log_index));
      INSERT INTO payments VALUES ('0xabc', 3, '${dealId}', 'direct-claim', 5, '77', '1', 9);
      PRAGMA user_version = 1;`);
    old.close();
    const store = SettlementStore.open(path);
    const [payment] = store.payments();
    expect(payment).to.include({
      transaction: '0xabc',
      route: 'direct-claim',
      throughEpoch: 5,
      paidWei: 77n,
    });
    expect(payment).to.not.have.property('block');
    expect(store.claims()).to.deep.equal([]);
    store.close();
    await rm(directory, { recursive: true });
  });

  it('is refused when it is of a later version', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'bcdn-store-'));
    const path = join(directory, 'settlements.sqlite');
    const later = new DatabaseSync(path);
    later.exec('PRAGMA user_version = 99');
    later.close();
    expect(() => SettlementStore.open(path))
      .to.throw(StorageError)
      .that.deep.includes({ code: 'STORE_VERSION_UNKNOWN', values: { path, version: 99, known: 2 } });
    await rm(directory, { recursive: true });
  });
});
