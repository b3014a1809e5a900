import type { SignedGrant } from '../../../sdk/protocol/grant.ts';
import type { GrantHash } from '../../../sdk/protocol/identifiers.ts';
import type { StorageError } from '../../core/storage/storage-error.ts';
import type { JournalRecord } from './receipt-journal-format.ts';

interface Waiting {
  resolve(): void;
  reject(error: StorageError): void;
}

/** The next batch of a journal. Of several receipts of one grant only the best is written. */
export class PendingRecords {
  readonly #records = new Map<string, JournalRecord>();
  #waiting: Waiting[] = [];
  #grants = 0;

  get size(): number {
    return this.#records.size;
  }

  /** New grants among the records. */
  get grants(): number {
    return this.#grants;
  }

  hasGrant(grantHash: GrantHash): boolean {
    return this.#records.has(`grant ${grantHash}`);
  }

  signedGrant(grantHash: GrantHash): SignedGrant | undefined {
    const record = this.#records.get(`grant ${grantHash}`);
    return record?.kind === 'grant' ? record.signedGrant : undefined;
  }

  /** @returns a promise that settles with the batch */
  add(key: string, record: JournalRecord): Promise<void> {
    this.#put(key, record);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  /** Takes over the records of a batch that could not be written, where no better ones came since. */
  addMissing(failed: PendingRecords): void {
    const newer = [...this.#records];
    this.#records.clear();
    this.#grants = 0;
    for (const [key, record] of failed.#records) this.#put(key, record);
    for (const [key, record] of newer) this.#put(key, record);
  }

  /** In the order in which they came, so that a grant stands before its receipts. */
  records(): Iterable<JournalRecord> {
    return this.#records.values();
  }

  resolve(): void {
    for (const waiting of this.#waiting) waiting.resolve();
    this.#waiting = [];
  }

  reject(error: StorageError): void {
    for (const waiting of this.#waiting) waiting.reject(error);
    this.#waiting = [];
  }

  #put(key: string, record: JournalRecord): void {
    const known = this.#records.get(key);
    if (known?.kind === 'receipt' && record.kind === 'receipt') {
      if (record.signedReceipt.receipt.bytesCumulative <= known.signedReceipt.receipt.bytesCumulative) return;
    }
    // A later epoch takes the earlier ones with it, and so does the sum of bytes that it forgets.
    if (known?.kind === 'paid' && record.kind === 'paid' && record.throughEpoch < known.throughEpoch) return;
    if (known === undefined && record.kind === 'grant') this.#grants += 1;
    this.#records.set(key, record);
  }
}
