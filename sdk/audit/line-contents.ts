import { bytesToHex } from '../protocol/bytes.ts';
import { SIGNED_GRANT_BYTES } from '../protocol/grant.ts';
import { RECEIPT_WITH_GRANT_BYTES } from '../protocol/receipt.ts';
import { SIGNED_VOUCHER_BYTES } from '../protocol/voucher.ts';
import type { AuditLine, AuditTotals } from './audit-file.ts';

/** Totals with what a line holds. */
export function addedTo(totals: AuditTotals, line: AuditLine): AuditTotals {
  switch (line.kind) {
    case 'events':
      return { ...totals, events: totals.events + line.events.length };
    case 'vouchers':
      return { ...totals, vouchers: totals.vouchers + line.records.length / SIGNED_VOUCHER_BYTES };
    case 'receipts':
      return { ...totals, receipts: totals.receipts + line.records.length / RECEIPT_WITH_GRANT_BYTES };
    default:
      return totals;
  }
}

/** Grant hash that the last receipt of a line names; undefined for a line without receipts. */
export function lastGrantOf(records: Uint8Array): string | undefined {
  if (records.length === 0) return undefined;
  const receipt = records.length - RECEIPT_WITH_GRANT_BYTES + SIGNED_GRANT_BYTES;
  return bytesToHex(records.subarray(receipt + 1, receipt + 33));
}
