import { Worker } from 'node:worker_threads';

import { siblingProgram } from '../processes/sibling-program.ts';
import { AuditError } from './audit-error.ts';
import { MAX_PAGES_PER_WORKER } from './audit-limits.ts';
import type { CheckedReceipt, ReceiptRules } from './receipt-check.ts';
import type { VerifyPages } from './verify-pages.ts';

/**
 * Verifies in threads, each with the native implementation of its own, a few pages at a time. The threads end when the
 * last page has been verified, or the reader stops.
 * @param workers threads, 1 to MAX_WORKERS
 */
export function verifyPagesInWorkers(workers: number): VerifyPages {
  return async function* (pages, rules) {
    const threads = Array.from({ length: workers }, () => new VerifyingThread(rules));
    const underWay: Promise<readonly CheckedReceipt[]>[] = [];
    try {
      let next = 0;
      for await (const page of pages) {
        const thread = threads[next++ % workers];
        if (thread !== undefined) underWay.push(thread.verify(page));
        const oldest = underWay.length > workers * MAX_PAGES_PER_WORKER ? underWay.shift() : undefined;
        if (oldest !== undefined) yield await oldest;
      }
      for (const page of underWay.splice(0)) yield await page;
    } finally {
      // Pages that nobody waits for any more are refused when their thread ends.
      for (const page of underWay) page.catch(() => undefined);
      await Promise.all(threads.map((thread) => thread.end()));
    }
  };
}

interface Waiting {
  readonly resolve: (checked: readonly CheckedReceipt[]) => void;
  readonly reject: (failure: AuditError) => void;
}

/** One thread; it answers in the order in which it was asked. */
class VerifyingThread {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  #failure: AuditError | undefined;

  constructor(rules: ReceiptRules) {
    this.#worker = new Worker(siblingProgram('verify-worker', import.meta.url), { workerData: rules });
    this.#worker.on('message', (checked: readonly CheckedReceipt[]) =>
      this.#waiting.shift()?.resolve(checked),
    );
    this.#worker.on('error', (cause) => {
      this.#fail(workerFailed(cause));
    });
    this.#worker.on('exit', () => {
      this.#fail(workerFailed(undefined));
    });
  }

  verify(page: Uint8Array): Promise<readonly CheckedReceipt[]> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(page);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(failure: AuditError): void {
    this.#failure ??= failure;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}

function workerFailed(cause: unknown): AuditError {
  return new AuditError(
    'AUDIT_WORKER_FAILED',
    'A thread that verified receipts ended before its work was done.',
    {
      remedy: 'Run the audit again with --workers 0.',
      cause,
    },
  );
}
