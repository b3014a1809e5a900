import { MarketplaceBooks } from '../../sdk/audit/marketplace-books.ts';
import { systemClock } from '../../sdk/pacing/clock.ts';
import { UndiciExchange } from '../../sdk/client/undici-exchange.ts';
import { hexToBytes } from '../../sdk/protocol/bytes.ts';
import type { Address, DealId } from '../../sdk/protocol/identifiers.ts';
import { decodeReceiptsWithGrants } from '../../sdk/protocol/receipt.ts';
import { nativeSecp256k1 } from '../../sdk/signing/native-secp256k1.ts';

/** The best receipt of one grant, as the books of the deal have it. */
export interface ReceiptRow {
  readonly node: Address;
  readonly viewerKey: Address;
  readonly bytes: number;
}

/** Where the books are, and who may read them. */
export interface Bookkeeping {
  readonly marketplaceUrl: string;
  /** Private key of the account that opened the deal, 0x and 64 digits. */
  readonly publisherKey: string;
}

/** All receipts of a deal, as its publisher reads them. */
export async function readReceipts(
  { marketplaceUrl, publisherKey }: Bookkeeping,
  dealId: DealId,
): Promise<readonly ReceiptRow[]> {
  const http = new UndiciExchange();
  try {
    const books = new MarketplaceBooks(
      { http, clock: systemClock, secp256k1: nativeSecp256k1 },
      { dealId, marketplace: marketplaceUrl, publisherKey: hexToBytes(publisherKey, 32) },
    );
    const rows: ReceiptRow[] = [];
    let after: string | undefined;
    do {
      const { records, next } = await books.receipts(after);
      for (const { signedGrant, signedReceipt } of decodeReceiptsWithGrants(records)) {
        const { node, viewerKey } = signedGrant.grant;
        rows.push({ node, viewerKey, bytes: Number(signedReceipt.receipt.bytesCumulative) });
      }
      after = next ?? undefined;
    } while (after !== undefined);
    return rows;
  } finally {
    await http.close();
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
