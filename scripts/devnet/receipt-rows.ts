import { z } from 'zod';

import { parseAddress, type Address, type DealId } from '../../sdk/protocol/identifiers.ts';

const PAGE_ROWS = 500;

const page = z.object({
  total: z.number(),
  receipts: z.array(
    z.object({
      node: z.string().transform(parseAddress),
      viewerKey: z.string().transform(parseAddress),
      bytes: z.number().int().nonnegative(),
    }),
  ),
});

/** The best receipt of one grant, as the marketplace publishes it for its bill. */
export interface ReceiptRow {
  readonly node: Address;
  readonly viewerKey: Address;
  readonly bytes: number;
}

/** All receipts of a deal. */
export async function readReceipts(marketplaceUrl: string, dealId: DealId): Promise<readonly ReceiptRow[]> {
  const rows: ReceiptRow[] = [];
  for (;;) {
    const answer = await fetch(
      `${marketplaceUrl}/v1/receipts?dealId=${dealId}&offset=${rows.length}&limit=${PAGE_ROWS}`,
    );
    const { total, receipts } = page.parse(await answer.json());
    rows.push(...receipts);
    if (rows.length >= total || receipts.length === 0) return rows;
  }
}

/** Sum of the receipted bytes of a node, of all viewers or of some. */
export function receiptedBytes(
  rows: readonly ReceiptRow[],
  node: Address,
  viewers?: ReadonlySet<Address>,
): bigint {
  let bytes = 0n;
  for (const row of rows) {
    if (row.node === node && (viewers === undefined || viewers.has(row.viewerKey)))
      bytes += BigInt(row.bytes);
  }
  return bytes;
}
