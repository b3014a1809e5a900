import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { ReceiptJournal } from '../../node/adapters/disk/receipt-journal.ts';
import { dataDirAt } from '../../node/app/config/data-dir.ts';
import { nodeEarnings } from '../../node/app/earnings/node-earnings.ts';
import { SettlementStore } from '../../node/app/settlement/settlement-store.ts';
import { parseEpoch, type DealId, type GrantHash } from '../../sdk/protocol/identifiers.ts';
import { MAX_UINT32 } from '../../sdk/protocol/limits.ts';
import type { RecordedReceipts } from './receipt-book.ts';

/**
 * Reads what a node that is not running has on disk, from a copy: opening a journal cuts off an unfinished batch, and
 * the node itself must find the file as it was left.
 */
export async function booksOnDisk(dataDirPath: string, dealId: DealId): Promise<RecordedReceipts> {
  const dataDir = dataDirAt(dataDirPath);
  const folder = await mkdtemp(join(dirname(dataDir.root), 'books-'));
  try {
    const journalPath = await copyOf(dataDir.journal, folder);
    const storePath = await copyOf(dataDir.settlements, folder);
    return await readBooks({ journalPath, storePath }, dealId);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readBooks(
  paths: { readonly journalPath: string; readonly storePath: string },
  dealId: DealId,
): Promise<RecordedReceipts> {
  const store = SettlementStore.open(paths.storePath);
  const journal = new ReceiptJournal({ path: paths.journalPath });
  try {
    await journal.open();
    const byGrant = new Map<GrantHash, number>();
    for (const { signedReceipt } of journal.receipts({ dealId, throughEpoch: parseEpoch(MAX_UINT32) })) {
      const { grantHash, bytesCumulative } = signedReceipt.receipt;
      byGrant.set(grantHash, Number(bytesCumulative));
    }
    const books = nodeEarnings({ journal, store, allocation: () => undefined, ripeEpoch: undefined });
    const own = books.deals.find(({ deal }) => deal.dealId === dealId);
    return { byGrant, byEpoch: own?.deal.bytesByEpoch ?? new Map<never, bigint>() };
  } finally {
    await journal.close();
    store.close();
  }
}

/** Copies a file with those that belong to it, such as the log of a database. */
async function copyOf(path: string, folder: string): Promise<string> {
  for (const name of await readdir(dirname(path))) {
    if (name.startsWith(basename(path))) await cp(join(dirname(path), name), join(folder, name));
  }
  return join(folder, basename(path));
}
