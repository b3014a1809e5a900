import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

import { AuditError } from './audit-error.ts';
import { encodeLine, type AuditHeader, type AuditLine, type AuditTotals } from './audit-file.ts';
import { MAX_EVENTS_PER_PAGE } from './audit-limits.ts';
import type { DealEvent } from './deal-event.ts';
import { addedTo } from './line-contents.ts';
import type { MarketplaceBooks, PeersPage } from './marketplace-books.ts';
import { readProgress, type FileProgress } from './resume.ts';

export interface DownloadOptions {
  /** Reads the events from a chain in the place of those that the marketplace gives. */
  readonly trustedEvents?: (header: AuditHeader, first: DealEvent) => Promise<readonly DealEvent[]>;
  readonly onProgress?: (totals: AuditTotals) => void;
  readonly signal?: AbortSignal;
}

/** What a download has written. */
export interface Downloaded {
  readonly totals: AuditTotals;
  /** Receipts that an interrupted download had left in the file. */
  readonly resumedReceipts: number;
}

/**
 * Writes the books of a deal to a file, or goes on where an earlier download of it stopped. Events come first, then
 * vouchers and what is counted for peers, then receipts: whatever was paid or signed was receipted before, so later receipts can only add.
 *
 * @throws AuditError AUDIT_FILE_OTHER, AUDIT_FILE_UNREADABLE, AUDIT_DOWNLOAD_INCONSISTENT; ClientError
 */
export async function downloadBooks(
  books: MarketplaceBooks,
  file: string,
  options: DownloadOptions = {},
): Promise<Downloaded> {
  const handle = await opened(file);
  try {
    const before = await readProgress(handle, { file, dealId: books.dealId });
    const writer = new BooksWriter(handle, before, options);
    // What stands before the receipts is read again unless all of it is there: it is little beside them.
    if (before.lastGrant === undefined) {
      await writer.restart();
      await copyEvents(books, writer, options);
      await copyVouchers(books, writer, options);
      await copyPeers(books, writer, options);
    }
    await copyReceipts(books, writer, { after: before.lastGrant, ...options });
    await writer.end();
    return { totals: writer.totals, resumedReceipts: before.totals.receipts };
  } finally {
    await handle.close();
  }
}

async function copyEvents(
  books: MarketplaceBooks,
  writer: BooksWriter,
  { signal, trustedEvents }: DownloadOptions,
): Promise<void> {
  const first = await books.events({}, signal);
  const { chainId, market, epochSeconds, block } = first;
  const source = trustedEvents === undefined ? 'marketplace' : 'chain';
  const header: AuditHeader = { dealId: books.dealId, chainId, market, epochSeconds, source, block };
  await writer.write({ kind: 'header', header });
  const [opening] = first.events;
  if (trustedEvents !== undefined && opening !== undefined) {
    await writer.writeEvents(await trustedEvents(header, opening));
    return;
  }
  await writer.writeEvents(first.events);
  for (let after = first.next; after !== null;) {
    const page = await books.events({ after, throughBlock: block.number }, signal);
    if (page.block.hash !== block.hash) throw reorganised(header);
    await writer.writeEvents(page.events);
    after = page.next;
  }
}

async function copyVouchers(
  books: MarketplaceBooks,
  writer: BooksWriter,
  { signal }: DownloadOptions,
): Promise<void> {
  for (let after: string | undefined; ;) {
    const { records, next } = await books.vouchers(after, signal);
    if (records.length > 0) await writer.write({ kind: 'vouchers', records });
    if (next === null) return;
    after = next;
  }
}

async function copyPeers(
  books: MarketplaceBooks,
  writer: BooksWriter,
  { signal }: DownloadOptions,
): Promise<void> {
  for (let after: PeersPage['next'] = null; ;) {
    const { peers, next } = await books.peers(after, signal);
    if (peers.length > 0) await writer.write({ kind: 'peers', meters: peers });
    if (next === null) return;
    after = next;
  }
}

async function copyReceipts(
  books: MarketplaceBooks,
  writer: BooksWriter,
  { after: resumeAfter, signal }: DownloadOptions & { readonly after: string | undefined },
): Promise<void> {
  for (let after = resumeAfter; ;) {
    signal?.throwIfAborted();
    const { records, next } = await books.receipts(after, signal);
    if (records.length > 0) await writer.write({ kind: 'receipts', records });
    if (next === null) return;
    after = next;
  }
}

class BooksWriter {
  readonly #handle: FileHandle;
  readonly #onProgress: (totals: AuditTotals) => void;
  #offset: number;
  #totals: AuditTotals;

  constructor(handle: FileHandle, before: FileProgress, options: DownloadOptions) {
    this.#handle = handle;
    this.#offset = before.bytes;
    this.#totals = before.totals;
    this.#onProgress = options.onProgress ?? (() => undefined);
  }

  get totals(): AuditTotals {
    return this.#totals;
  }

  async restart(): Promise<void> {
    this.#offset = 0;
    this.#totals = { events: 0, vouchers: 0, receipts: 0 };
    await this.#handle.truncate(0);
  }

  async writeEvents(events: readonly DealEvent[]): Promise<void> {
    for (let start = 0; start < events.length; start += MAX_EVENTS_PER_PAGE)
      await this.write({ kind: 'events', events: events.slice(start, start + MAX_EVENTS_PER_PAGE) });
  }

  async write(line: AuditLine): Promise<void> {
    // What an interrupted download left of a line is overwritten.
    const bytes = Buffer.from(encodeLine(line));
    await this.#handle.write(bytes, 0, bytes.length, this.#offset);
    this.#offset += bytes.length;
    this.#totals = addedTo(this.#totals, line);
    this.#onProgress(this.#totals);
  }

  async end(): Promise<void> {
    await this.write({ kind: 'end', totals: this.#totals });
    await this.#handle.truncate(this.#offset);
    await this.#handle.sync();
  }
}

async function opened(file: string): Promise<FileHandle> {
  try {
    // Read and write, made if missing, kept if there.
    return await open(file, constants.O_RDWR | constants.O_CREAT, 0o600);
  } catch (cause) {
    throw new AuditError('AUDIT_FILE_UNREADABLE', `${file} cannot be written.`, {
      values: { file },
      remedy: 'Give --out a file in a directory that you may write to.',
      cause,
    });
  }
}

function reorganised({ block }: AuditHeader): AuditError {
  return new AuditError('AUDIT_DOWNLOAD_INCONSISTENT', 'The chain was reorganised during the download.', {
    values: { block: block.number, hash: block.hash },
    remedy: 'Run the same command again.',
  });
}
