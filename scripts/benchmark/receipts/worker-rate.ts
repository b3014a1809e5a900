import type { ReceiptRules } from '../../../sdk/audit/receipt-check.ts';
import { verifyPagesInWorkers } from '../../../sdk/audit/verify-pages-in-workers.ts';
import { concatBytes } from '../../../sdk/protocol/bytes.ts';
import type { Secp256k1 } from '../../../sdk/protocol/signature.ts';
import { BenchError } from '../bench-error.ts';
import type { SignedSample } from './signed-sample.ts';

/** Receipts of one page, as in an audit file. */
const PAGE_RECEIPTS = 512;

/**
 * Receipts a second, each with a grant never seen, that an audit verifies in so many threads: time of the wall, from
 * the first page that comes back (the threads have started then) to the last.
 * @throws BenchError BENCH_RESULT_WRONG
 */
export async function pairsPerSecondInWorkers(
  sample: SignedSample,
  secp256k1: Secp256k1,
  plan: { readonly workers: number; readonly receipts: number },
): Promise<number> {
  const pages = pagesOf(sample);
  async function* repeated(): AsyncGenerator<Uint8Array> {
    for (let sent = 0; sent < plan.receipts; sent += PAGE_RECEIPTS) {
      const page = pages[(sent / PAGE_RECEIPTS) % pages.length];
      if (page !== undefined) yield page;
    }
  }
  let startedNs = 0n;
  let verified = 0;
  for await (const page of verifyPagesInWorkers(plan.workers)(repeated(), rulesOf(sample), secp256k1)) {
    if (page.some(({ fault }) => fault !== undefined)) throw wrong();
    if (startedNs === 0n) startedNs = process.hrtime.bigint();
    else verified += page.length;
  }
  return verified / (Number(process.hrtime.bigint() - startedNs) / 1e9);
}

function pagesOf({ pairs }: SignedSample): Uint8Array[] {
  const pages: Uint8Array[] = [];
  for (let start = 0; start + PAGE_RECEIPTS <= pairs.length; start += PAGE_RECEIPTS) {
    const page = pairs.slice(start, start + PAGE_RECEIPTS);
    pages.push(concatBytes(...page.flatMap(({ grantBytes, receiptBytes }) => [grantBytes, receiptBytes])));
  }
  return pages;
}

function rulesOf({ domain, grantKey, pairs }: SignedSample): ReceiptRules {
  const [first] = pairs;
  if (first === undefined) throw wrong();
  const { dealId, contentRoot, node } = first.grant;
  const grantKeys = [{ address: grantKey, lastEpoch: undefined }];
  return { domain, dealId, contentRoot, grantKeys, nodes: new Set([node]), hasPeerPool: false };
}

function wrong(): BenchError {
  return new BenchError('BENCH_RESULT_WRONG', {
    message: 'A good receipt was not taken for one.',
    remedy: 'Run the tests of sdk/audit: this is a fault of the code, not of the machine.',
  });
}
