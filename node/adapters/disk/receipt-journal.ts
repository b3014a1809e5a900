import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { SignedGrant } from '../../../sdk/protocol/grant.ts';
import type { DealId, Epoch, GrantHash } from '../../../sdk/protocol/identifiers.ts';
import { JOURNAL_MAX_BATCH_RECEIPTS, JOURNAL_MAX_DELAY_MS } from '../../../sdk/protocol/limits.ts';
import type { ReceiptWithGrant, SignedReceipt } from '../../../sdk/protocol/receipt.ts';
import { StorageError } from '../../core/storage/storage-error.ts';
import type { RestoredGrant } from '../../core/delivery/delivery-ledger.ts';
import { diskError } from './disk-error.ts';
import { encodeHeader, HEADER_BYTES, type JournalRecord } from './receipt-journal-format.ts';
import { framesOf, replaceJournal, replayJournal, syncDirectory, writeAt } from './receipt-journal-file.ts';
import { JournalIndex, type JournalTotals, type ReceiptQuery } from './receipt-journal-index.ts';
import { PendingRecords } from './receipt-journal-pending.ts';

/**
 * Grants that the journal keeps at once, about 500 bytes of memory each: those not paid, and those paid whose epochs may
 * still get late receipts (ten minutes, at least an epoch). Past half of it, `isCrowded` asks to let go of the paid ones.
 */
export const MAX_JOURNALED_GRANTS = 100_000;
/** Share of the grants beyond which room is kept for those that are not paid. */
const CROWDED_SHARE = 0.5;
/** A journal smaller than this is never rewritten. */
const MIN_COMPACTION_BYTES = 1024 * 1024;
/** Rewritten when it is this many times as long as what it says. */
const COMPACTION_RATIO = 4;
/** About what one grant and its receipt take in a compacted file. */
const GRANT_AND_RECEIPT_BYTES = 320;
/** Least time between two batches while somebody waits for one: those who come meanwhile share it. */
const AWAITED_DELAY_MS = 5;
/** Time between attempts to write again after the disk refused. */
const RETRY_DELAY_MS = 1_000;

export interface ReceiptJournalOptions {
  readonly path: string;
  /** Longest time a receipt waits for its batch. @default 250 ms */
  readonly maxDelayMs?: number;
  /** Records that make a batch full. @default 256 */
  readonly maxBatchRecords?: number;
  /** @default 100,000 */
  readonly maxGrants?: number;
}

/** What opening found. */
export interface JournalRecovery {
  readonly grants: number;
  readonly receipts: number;
  /** Bytes of an unfinished batch that were dropped; nobody had been told that they were safe. */
  readonly tornBytes: number;
}

/**
 * Append-only journal of grants and best receipts: what a node has earned and not been paid for, and what it was paid
 * for of late.
 *
 * Appends are collected and written with one fdatasync; an append resolves when it would survive a power
 * cut (PAYMENT.md, off-chain credit). Opening replays the file, drops an unfinished last batch, and refuses a
 * file that is damaged anywhere else.
 */
export class ReceiptJournal {
  readonly #path: string;
  readonly #maxDelayMs: number;
  readonly #maxBatchRecords: number;
  readonly #maxGrants: number;
  #index = new JournalIndex();
  #pending = new PendingRecords();
  #file: FileHandle | undefined;
  #endOffset = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #lastWriteMs = -Infinity;
  /** Somebody waits for the next batch. */
  #awaited = false;
  #failure: StorageError | undefined;

  constructor(options: ReceiptJournalOptions) {
    this.#path = options.path;
    this.#maxDelayMs = options.maxDelayMs ?? JOURNAL_MAX_DELAY_MS;
    this.#maxBatchRecords = options.maxBatchRecords ?? JOURNAL_MAX_BATCH_RECEIPTS;
    this.#maxGrants = options.maxGrants ?? MAX_JOURNALED_GRANTS;
  }

  /** @throws StorageError JOURNAL_CORRUPT, JOURNAL_VERSION_UNKNOWN, DISK_FULL, DISK_FAILED */
  async open(): Promise<JournalRecovery> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    await rm(`${this.#path}.new`, { force: true });
    const file = await openOrCreate(this.#path);
    try {
      this.#index = new JournalIndex();
      const replay = await replayJournal(file, this.#path, (record) => this.#index.apply(record));
      if (replay.tornBytes > 0) await file.truncate(replay.endOffset);
      if (replay.endOffset === 0) await writeAt(file, 0, encodeHeader());
      await file.datasync();
      await syncDirectory(dirname(this.#path));
      this.#file = file;
      this.#endOffset = Math.max(HEADER_BYTES, replay.endOffset);
      return { grants: this.#index.grants, receipts: this.#index.receipts, tornBytes: replay.tornBytes };
    } catch (error) {
      await file.close();
      throw error instanceof StorageError ? error : diskError(error, this.#path);
    }
  }

  /** Remembers a grant before its first byte is served. Again for a known grant: nothing is written. */
  appendGrant(grantHash: GrantHash, signedGrant: SignedGrant): Promise<void> {
    if (this.#index.has(grantHash)) return Promise.resolve();
    if (!this.#pending.hasGrant(grantHash) && this.#grants >= this.#maxGrants) {
      return Promise.reject(this.#full());
    }
    return this.#append(`grant ${grantHash}`, { kind: 'grant', grantHash, signedGrant });
  }

  /**
   * Records a verified receipt of a grant that was appended. Resolves when it is durable.
   * @param options `awaited`: somebody is waiting, so the batch is written soon instead of when its time has come
   * @throws StorageError JOURNAL_FAILED, JOURNAL_CLOSED, DISK_FULL
   */
  appendReceipt(
    signedReceipt: SignedReceipt,
    { awaited = false }: { readonly awaited?: boolean } = {},
  ): Promise<void> {
    const { grantHash, bytesCumulative } = signedReceipt.receipt;
    if (bytesCumulative <= this.#index.receiptedBytes(grantHash)) return Promise.resolve();
    const durable = this.#append(`receipt ${grantHash}`, { kind: 'receipt', signedReceipt });
    if (awaited) this.#hasten();
    return durable;
  }

  /** Records a verified receipt together with its grant, for receipts that came by another way. */
  async appendPair({ signedGrant, signedReceipt }: ReceiptWithGrant): Promise<void> {
    const grant = this.appendGrant(signedReceipt.receipt.grantHash, signedGrant);
    await Promise.all([grant, this.appendReceipt(signedReceipt)]);
  }

  /** Writes down that the epochs of a deal up to one take no more receipts from viewers. */
  closeEpochs(dealId: DealId, throughEpoch: Epoch): Promise<void> {
    return this.#append(`closed ${dealId}`, { kind: 'closed', dealId, throughEpoch });
  }

  /** Writes down that the epochs of a deal up to one are over and paid: their receipts are no longer kept. */
  async markPaid(dealId: DealId, throughEpoch: Epoch): Promise<void> {
    await this.flush();
    const forgottenBytes = this.#index.bytesThrough(dealId, throughEpoch);
    await this.#append(`paid ${dealId}`, { kind: 'paid', dealId, throughEpoch, forgottenBytes });
  }

  /** Durable best receipts of a deal with their grants, by ascending grant hash. */
  receipts(query: ReceiptQuery): ReceiptWithGrant[] {
    return this.#index.receiptsOf(query);
  }

  /** Durable sums of a deal, or undefined when the journal knows nothing of it. */
  totals(dealId: DealId): JournalTotals | undefined {
    return this.#index.totalsOf(dealId);
  }

  /** Deals that the journal knows. */
  deals(): readonly DealId[] {
    return this.#index.deals;
  }

  signedGrant(grantHash: GrantHash): SignedGrant | undefined {
    return this.#index.signedGrant(grantHash) ?? this.#pending.signedGrant(grantHash);
  }

  /** Every grant kept, for the ledger of a node that starts. */
  *restorable(): Generator<RestoredGrant> {
    for (const { grantHash, signedGrant, bytesCumulative } of this.#index.restorable()) {
      yield { grantHash, grant: signedGrant.grant, receiptedBytes: Number(bytesCumulative) };
    }
  }

  /** Why no new grants can be taken now, or undefined. */
  get refusal(): StorageError | undefined {
    if (this.#failure !== undefined) return this.#failure;
    if (this.#file === undefined) return journalClosed();
    return this.#grants >= this.#maxGrants ? this.#full() : undefined;
  }

  /** Whether more than half of the room for grants is taken. */
  get isCrowded(): boolean {
    return this.#grants > this.#maxGrants * CROWDED_SHARE;
  }

  get sizeBytes(): number {
    return this.#endOffset;
  }

  /** Writes what waits, at once. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    await this.#write();
  }

  /** Rewrites the file with what still counts. Happens by itself when the file has grown. */
  async compact(): Promise<void> {
    await this.flush();
    await this.#exclusively(() => this.#rewrite());
  }

  /** Writes what waits and closes the file. @throws StorageError when it could not be written */
  async close(): Promise<void> {
    if (this.#file === undefined) return;
    try {
      await this.flush();
      if (this.#failure !== undefined) throw this.#failure;
    } finally {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      const file = this.#file;
      this.#file = undefined;
      await file.close();
    }
  }

  get #grants(): number {
    return this.#index.grants + this.#pending.grants;
  }

  #append(key: string, record: JournalRecord): Promise<void> {
    if (this.#file === undefined) return Promise.reject(journalClosed());
    const durable = this.#pending.add(key, record);
    this.#schedule();
    return durable;
  }

  #hasten(): void {
    if (this.#awaited || this.#pending.size === 0) return;
    this.#awaited = true;
    if (this.#failure !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#schedule();
  }

  /** At once if the last write is long enough ago or the batch is full, else when it will be. */
  #schedule(): void {
    if (this.#writing !== undefined || this.#pending.size === 0) return;
    const full = this.#pending.size >= this.#maxBatchRecords && this.#failure === undefined;
    if (this.#timer !== undefined && !full) return;
    clearTimeout(this.#timer);
    const delayMs = this.#awaited ? Math.min(AWAITED_DELAY_MS, this.#maxDelayMs) : this.#maxDelayMs;
    const pauseMs = this.#failure === undefined ? delayMs : RETRY_DELAY_MS;
    const waitMs = full ? 0 : Math.max(0, this.#lastWriteMs + pauseMs - performance.now());
    this.#timer = setTimeout(() => void this.#write(), waitMs);
  }

  /** One batch: never rejects, failures are kept and the batch is tried again. */
  async #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending.size > 0) await this.#exclusively(() => this.#writeBatch());
    this.#schedule();
  }

  async #exclusively(task: () => Promise<void>): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    this.#writing = task();
    try {
      await this.#writing;
    } finally {
      this.#writing = undefined;
      this.#lastWriteMs = performance.now();
    }
  }

  async #writeBatch(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    const batch = this.#pending;
    this.#pending = new PendingRecords();
    this.#awaited = false;
    try {
      let offset = this.#endOffset;
      for (const frame of framesOf(batch.records())) offset += await writeAt(file, offset, frame);
      await file.datasync();
      this.#endOffset = offset;
      for (const record of batch.records()) this.#index.apply(record);
      this.#failure = undefined;
      batch.resolve();
    } catch (error) {
      this.#failure = journalFailed(error, this.#path);
      this.#pending.addMissing(batch);
      batch.reject(this.#failure);
      return;
    }
    if (this.#hasGrown) await this.#rewrite();
  }

  get #hasGrown(): boolean {
    const usefulBytes = this.#index.grants * GRANT_AND_RECEIPT_BYTES;
    return this.#endOffset > MIN_COMPACTION_BYTES && this.#endOffset > COMPACTION_RATIO * usefulBytes;
  }

  /** A rewrite that fails leaves the old file in use: it is whole, only longer than it need be. */
  async #rewrite(): Promise<void> {
    const old = this.#file;
    if (old === undefined) return;
    try {
      const file = await replaceJournal(this.#path, this.#index.snapshot());
      this.#file = file;
      this.#endOffset = (await file.stat()).size;
      this.#failure = undefined;
      await old.close();
    } catch (error) {
      this.#failure = journalFailed(error, this.#path);
    }
  }

  #full(): StorageError {
    return new StorageError('JOURNAL_FULL', 'The receipt journal holds as many grants as it can.', {
      values: { grants: this.#grants, maxGrants: this.#maxGrants },
      remedy: 'Settle: receipts that are paid leave the journal.',
    });
  }
}

async function openOrCreate(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw diskError(error, path);
    return open(path, 'wx+', 0o600);
  }
}

function journalFailed(cause: unknown, path: string): StorageError {
  const disk = diskError(cause, path);
  return new StorageError('JOURNAL_FAILED', `Receipts cannot be written: ${disk.message}`, {
    values: disk.values,
    remedy: disk.remedy,
    cause: disk,
  });
}

function journalClosed(): StorageError {
  return new StorageError('JOURNAL_CLOSED', 'The receipt journal is not open.', {
    remedy: 'The node is starting or stopping: try again in a moment.',
  });
}
