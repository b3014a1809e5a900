import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { parseEpoch } from '../../../../sdk/protocol/identifiers.ts';
import { ReceiptJournal } from '../../../../node/adapters/disk/receipt-journal.ts';
import { StorageError } from '../../../../node/core/storage/storage-error.ts';
import { DEAL, grantNumber, OTHER_DEAL, receiptFor } from './journal-fixture.ts';

const ALL = parseEpoch(1000);

async function refusalOf(action: Promise<unknown>): Promise<StorageError> {
  try {
    await action;
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  }
  throw new RangeError('expected a refusal');
}

describe('ReceiptJournal', () => {
  let directory: string;
  let path: string;
  const opened: ReceiptJournal[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-journal-'));
    path = join(directory, 'receipts.journal');
  });

  afterEach(async () => {
    for (const journal of opened.splice(0)) await journal.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function open(options: { maxGrants?: number; maxDelayMs?: number } = {}): Promise<ReceiptJournal> {
    const journal = new ReceiptJournal({ path, maxDelayMs: 2, ...options });
    await journal.open();
    opened.push(journal);
    return journal;
  }

  async function reopen(journal: ReceiptJournal): Promise<ReceiptJournal> {
    await journal.close();
    opened.splice(opened.indexOf(journal), 1);
    return open();
  }

  async function bytesOf(journal: ReceiptJournal): Promise<bigint[]> {
    return journal
      .receipts({ dealId: DEAL, throughEpoch: ALL })
      .map(({ signedReceipt }) => signedReceipt.receipt.bytesCumulative);
  }

  it('keeps the best receipt of each grant, with the grant, over a restart', async () => {
    const journal = await open();
    const [one, two] = [grantNumber(1), grantNumber(2)];
    await journal.appendGrant(one.grantHash, one.signedGrant);
    await journal.appendGrant(two.grantHash, two.signedGrant);
    await Promise.all([100, 300, 200].map((bytes) => journal.appendReceipt(receiptFor(one, bytes))));
    const again = await reopen(journal);
    expect(again.receipts({ dealId: DEAL, throughEpoch: ALL })).to.deep.equal([
      { signedGrant: one.signedGrant, signedReceipt: receiptFor(one, 300) },
    ]);
    expect([...again.restorable()]).to.have.deep.members([
      { grantHash: one.grantHash, grant: one.signedGrant.grant, receiptedBytes: 300 },
      { grantHash: two.grantHash, grant: two.signedGrant.grant, receiptedBytes: 0 },
    ]);
  });

  it('answers only what is durable, by epochs and in pages of ascending grant hash', async () => {
    const journal = await open();
    const grants = Array.from({ length: 7 }, (_, i) => grantNumber(i, { epoch: 10 + (i % 2) }));
    await Promise.all(
      grants.map((grant, i) =>
        journal.appendPair({ signedGrant: grant.signedGrant, signedReceipt: receiptFor(grant, i + 1) }),
      ),
    );
    const hashes = (query: {
      fromEpoch?: number;
      throughEpoch: number;
      limit?: number;
      after?: string;
    }): string[] =>
      journal
        .receipts({
          dealId: DEAL,
          fromEpoch: parseEpoch(query.fromEpoch ?? 0),
          throughEpoch: parseEpoch(query.throughEpoch),
          ...(query.limit === undefined ? {} : { limit: query.limit }),
          ...(query.after === undefined
            ? {}
            : { afterGrantHash: query.after as (typeof grants)[0]['grantHash'] }),
        })
        .map(({ signedReceipt }) => signedReceipt.receipt.grantHash);
    const sorted = grants.map(({ grantHash }) => grantHash).sort();
    expect(hashes({ throughEpoch: 11 })).to.deep.equal(sorted);
    expect(hashes({ throughEpoch: 10 })).to.have.length(4);
    expect(hashes({ fromEpoch: 11, throughEpoch: 11 })).to.have.length(3);
    expect(hashes({ throughEpoch: 11, limit: 3 })).to.deep.equal(sorted.slice(0, 3));
    expect(hashes({ throughEpoch: 11, limit: 3, after: sorted[2] ?? '' })).to.deep.equal(sorted.slice(3, 6));
    const waiting = grantNumber(99);
    void journal.appendGrant(waiting.grantHash, waiting.signedGrant);
    expect(journal.receipts({ dealId: OTHER_DEAL, throughEpoch: ALL })).to.deep.equal([]);
    expect(journal.totals(DEAL)?.keptBytes).to.equal(28n);
  });

  it('forgets paid epochs and keeps their sum, and the closed ones, over restarts and rewriting', async () => {
    const journal = await open();
    const [old, young] = [grantNumber(1, { epoch: 10 }), grantNumber(2, { epoch: 11 })];
    for (const grant of [old, young]) {
      await journal.appendPair({ signedGrant: grant.signedGrant, signedReceipt: receiptFor(grant, 500) });
    }
    await journal.closeEpochs(DEAL, parseEpoch(11));
    await journal.markPaid(DEAL, parseEpoch(10));
    await journal.appendPair({ signedGrant: old.signedGrant, signedReceipt: receiptFor(old, 900) });
    for (const state of [journal, await reopen(journal)]) {
      expect(state.totals(DEAL)).to.deep.equal({
        dealId: DEAL,
        keptBytes: 500n,
        paidBytes: 500n,
        receiptedByEpoch: new Map([[parseEpoch(11), 500n]]),
        closedThrough: parseEpoch(11),
        paidThrough: parseEpoch(10),
      });
    }
    const again = opened.at(-1) ?? journal;
    await again.compact();
    await again.markPaid(DEAL, parseEpoch(11));
    const last = await reopen(again);
    expect(last.totals(DEAL)).to.include({ keptBytes: 0n, paidBytes: 1000n });
    expect([...last.restorable()]).to.deep.equal([]);
  });

  it('rewrites itself when it has grown to several times what it says', async () => {
    const journal = await open({ maxDelayMs: 0 });
    const grant = grantNumber(1);
    await journal.appendGrant(grant.grantHash, grant.signedGrant);
    const dense = Array.from({ length: 400 }, (_, i) => grantNumber(1000 + i));
    for (const { grantHash, signedGrant } of dense) void journal.appendGrant(grantHash, signedGrant);
    for (let round = 1; round <= 40; round++) {
      await Promise.all(dense.map((each) => journal.appendReceipt(receiptFor(each, round * 10))));
    }
    expect(journal.sizeBytes).to.be.lessThan(1_100_000);
    const { size } = await stat(path);
    expect(size).to.equal(journal.sizeBytes);
    const again = await reopen(journal);
    const kept = await bytesOf(again);
    expect(kept).to.have.length(400);
    expect(new Set(kept)).to.deep.equal(new Set([400n]));
  });

  it('drops a batch that was cut off anywhere, and nothing before it', async () => {
    const journal = await open();
    const grant = grantNumber(1);
    await journal.appendPair({ signedGrant: grant.signedGrant, signedReceipt: receiptFor(grant, 100) });
    await journal.flush();
    const whole = journal.sizeBytes;
    await journal.appendReceipt(receiptFor(grant, 200));
    await journal.close();
    opened.splice(0);
    const full = await readFile(path);
    for (let length = whole + 1; length < full.length; length += 13) {
      await writeFile(path, full);
      await truncate(path, length);
      const torn = new ReceiptJournal({ path });
      expect(await torn.open()).to.deep.equal({ grants: 1, receipts: 1, tornBytes: length - whole });
      expect(await bytesOf(torn)).to.deep.equal([100n]);
      await torn.close();
      expect((await stat(path)).size).to.equal(whole);
    }
  });

  it('goes on after a cut-off header of a file that was just being made', async () => {
    await writeFile(path, 'BCDNJ');
    const journal = await open();
    const grant = grantNumber(1);
    await journal.appendPair({ signedGrant: grant.signedGrant, signedReceipt: receiptFor(grant, 7) });
    expect(await bytesOf(await reopen(journal))).to.deep.equal([7n]);
  });

  it('refuses a file that is damaged in the middle, says where and what to do, and leaves it as it is', async () => {
    const journal = await open();
    const grant = grantNumber(1);
    await journal.appendPair({ signedGrant: grant.signedGrant, signedReceipt: receiptFor(grant, 100) });
    const damagedAt = journal.sizeBytes;
    await journal.appendReceipt(receiptFor(grant, 200));
    const next = journal.sizeBytes;
    await journal.appendReceipt(receiptFor(grant, 300));
    await journal.close();
    opened.splice(0);
    const bytes = await readFile(path);
    bytes[damagedAt + 30] = (bytes[damagedAt + 30] ?? 0) ^ 1;
    await writeFile(path, bytes);
    const error = await refusalOf(new ReceiptJournal({ path }).open());
    expect(error.code).to.equal('JOURNAL_CORRUPT');
    expect(error.values).to.deep.equal({ path, offset: damagedAt, nextFrameAt: next, size: bytes.length });
    expect(error.remedy).to.contain('move it aside');
    expect(Buffer.compare(await readFile(path), bytes)).to.equal(0);
  });

  it('refuses a file of a newer version, and one that is no journal', async () => {
    const newer = Buffer.from('BCDNJRNL\0\0\0\x02');
    await writeFile(path, newer);
    const error = await refusalOf(new ReceiptJournal({ path }).open());
    expect(error.code).to.equal('JOURNAL_VERSION_UNKNOWN');
    expect(error.values).to.deep.equal({ path, version: 2, known: 1 });
    await writeFile(path, 'something else entirely');
    expect((await refusalOf(new ReceiptJournal({ path }).open())).code).to.equal('JOURNAL_CORRUPT');
  });

  it('keeps a bounded number of grants and says what makes room', async () => {
    const journal = await open({ maxGrants: 2 });
    for (const number of [1, 2]) {
      const { grantHash, signedGrant } = grantNumber(number);
      await journal.appendGrant(grantHash, signedGrant);
    }
    const third = grantNumber(3);
    const error = await refusalOf(journal.appendGrant(third.grantHash, third.signedGrant));
    expect(error.code).to.equal('JOURNAL_FULL');
    expect(error.values).to.deep.equal({ grants: 2, maxGrants: 2 });
    expect(journal.refusal?.code).to.equal('JOURNAL_FULL');
    await journal.markPaid(DEAL, parseEpoch(10));
    expect(journal.refusal).to.equal(undefined);
  });

  it('refuses appends when it is closed', async () => {
    const journal = await open();
    await journal.close();
    const grant = grantNumber(1);
    expect((await refusalOf(journal.appendGrant(grant.grantHash, grant.signedGrant))).code).to.equal(
      'JOURNAL_CLOSED',
    );
    expect(journal.refusal?.code).to.equal('JOURNAL_CLOSED');
  });

  it('writes a batch at once when it is full', async () => {
    const journal = new ReceiptJournal({ path, maxDelayMs: 3_600_000, maxBatchRecords: 4 });
    await journal.open();
    opened.push(journal);
    const first = grantNumber(0);
    await journal.appendGrant(first.grantHash, first.signedGrant);
    const grants = [1, 2, 3, 4].map((number) => grantNumber(number));
    await Promise.all(
      grants.map(({ grantHash, signedGrant }) => journal.appendGrant(grantHash, signedGrant)),
    );
    expect([...journal.restorable()]).to.have.length(5);
  });

  it('writes soon what somebody waits for, and with it what came before', async () => {
    const journal = new ReceiptJournal({ path, maxDelayMs: 3_600_000 });
    await journal.open();
    opened.push(journal);
    // The first batch is written at once: from then on an hour would have to pass.
    const [first, second] = [grantNumber(0), grantNumber(1)];
    await journal.appendGrant(first.grantHash, first.signedGrant);
    const durable: string[] = [];
    const grant = journal
      .appendGrant(second.grantHash, second.signedGrant)
      .then(() => durable.push('the grant that nobody waited for'));
    await journal.appendReceipt(receiptFor(second, 64), { awaited: true });
    await grant;
    expect(durable).to.have.length(1);
    expect([...journal.restorable()].map(({ receiptedBytes }) => receiptedBytes)).to.include(64);
  });
});
