import { RECEIPT_WITH_GRANT_BYTES } from '../protocol/receipt.ts';
import type { Secp256k1 } from '../protocol/signature.ts';
import { checkReceipt, type CheckedReceipt, type ReceiptRules } from './receipt-check.ts';

/** Checks pages of receipts and gives the results in the order of the file. */
export type VerifyPages = (
  pages: AsyncIterable<Uint8Array>,
  rules: ReceiptRules,
  secp256k1: Secp256k1,
) => AsyncIterable<readonly CheckedReceipt[]>;

/** Verifies on this thread. */
export const verifyPagesHere: VerifyPages = async function* (pages, rules, secp256k1) {
  for await (const page of pages) yield checkPage(page, rules, secp256k1);
};

/** Checks each record of a page. */
export function checkPage(page: Uint8Array, rules: ReceiptRules, secp256k1: Secp256k1): CheckedReceipt[] {
  const checked: CheckedReceipt[] = [];
  for (let offset = 0; offset < page.length; offset += RECEIPT_WITH_GRANT_BYTES)
    checked.push(checkReceipt(page.subarray(offset, offset + RECEIPT_WITH_GRANT_BYTES), rules, secp256k1));
  return checked;
}
