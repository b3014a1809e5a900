import { encodeLine, type AuditHeader, type AuditLine } from '../../../sdk/audit/audit-file.ts';
import type { DealEvent } from '../../../sdk/audit/deal-event.ts';
import { bytesToHex, concatBytes, uintToBytes } from '../../../sdk/protocol/bytes.ts';
import type { Domain } from '../../../sdk/protocol/eip712.ts';
import { grantDigest, grantHashOf, type Grant } from '../../../sdk/protocol/grant.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
  type Address,
} from '../../../sdk/protocol/identifiers.ts';
import {
  encodeReceiptsWithGrants,
  receiptDigest,
  type ReceiptWithGrant,
} from '../../../sdk/protocol/receipt.ts';
import { encodeSignedVoucher, voucherDigest } from '../../../sdk/protocol/voucher.ts';
import { nativeSecp256k1 as secp256k1 } from '../../../sdk/signing/native-secp256k1.ts';

export const DOMAIN: Domain = { chainId: 31_337n, verifyingContract: parseAddress(`0x${'b1'.repeat(20)}`) };
export const DEAL = parseDealId(`0x${'d1'.repeat(32)}`);
export const CONTENT = parseContentRoot(`0x${'c1'.repeat(32)}`);
export const NODE = parseAddress(`0x${'a1'.repeat(20)}`);
const PUBLISHER = parseAddress(`0x${'e1'.repeat(20)}`);
const GRANT_KEY = uintToBytes(1n, 32);
const COLLECTOR = uintToBytes(2n, 32);
const VIEWER = uintToBytes(3n, 32);

export const HEADER: AuditHeader = {
  ...{ dealId: DEAL, chainId: DOMAIN.chainId, market: DOMAIN.verifyingContract, epochSeconds: 600 },
  ...{ source: 'marketplace', block: { number: 99, hash: `0x${'77'.repeat(32)}`, timestampSeconds: 1_000 } },
};

/** An event of the deal; each call is one later. */
export function eventSource(): (name: string, args: Record<string, string>) => DealEvent {
  let blockNumber = 0;
  return (name, args) => ({
    ...{
      blockNumber: ++blockNumber,
      logIndex: 0,
      transactionHash: bytesToHex(uintToBytes(BigInt(blockNumber), 32)),
    },
    ...{ name, arguments: { dealId: DEAL, ...args } },
  });
}

/** The deal is opened, and money allocated to nodes. */
export function openingEvents(
  next: ReturnType<typeof eventSource>,
  allocations: readonly { readonly node: Address; readonly amountWei: bigint; readonly ratePerGiB: bigint }[],
): DealEvent[] {
  const keys = { grantKey: secp256k1.addressOf(GRANT_KEY), collector: secp256k1.addressOf(COLLECTOR) };
  return [
    next('DealOpened', { publisher: PUBLISHER, contentRoot: CONTENT, ...keys }),
    ...allocations.map(({ node, amountWei, ratePerGiB }) =>
      next('Allocated', { node, amountWei: amountWei.toString(), ratePerGiB: ratePerGiB.toString() }),
    ),
  ];
}

/** A good receipt with its grant. Caps differ, so that no two grants are the same. */
export function signedPair(number: number, changed: Partial<Grant> = {}, bytes = 1_000n): ReceiptWithGrant {
  const grant: Grant = {
    ...{ dealId: DEAL, node: NODE, viewerKey: secp256k1.addressOf(VIEWER), contentRoot: CONTENT },
    ...{ epoch: parseEpoch(5), capBytes: 1_000_000n + BigInt(number), ...changed },
  };
  const receipt = { grantHash: grantHashOf(DOMAIN, grant), bytesCumulative: bytes };
  return {
    signedGrant: { grant, signature: secp256k1.sign(grantDigest(DOMAIN, grant), GRANT_KEY) },
    signedReceipt: { receipt, signature: secp256k1.sign(receiptDigest(DOMAIN, receipt), VIEWER) },
  };
}

export function signedVoucherBytes(node: Address, throughEpoch: number, cumulative: bigint): Uint8Array {
  const voucher = { dealId: DEAL, node, throughEpoch: parseEpoch(throughEpoch), cumulative };
  return encodeSignedVoucher({
    voucher,
    signature: secp256k1.sign(voucherDigest(DOMAIN, voucher), COLLECTOR),
  });
}

/** A whole file: events, vouchers, and receipts in pages. */
export function booksOf(parts: {
  readonly events: readonly DealEvent[];
  readonly vouchers?: readonly Uint8Array[];
  readonly pages: readonly (readonly ReceiptWithGrant[])[];
}): AuditLine[] {
  const { events, vouchers = [], pages } = parts;
  return [
    { kind: 'header', header: HEADER },
    { kind: 'events', events },
    { kind: 'vouchers', records: concatBytes(...vouchers) },
    ...pages.map((page): AuditLine => ({ kind: 'receipts', records: encodeReceiptsWithGrants(page) })),
    {
      kind: 'end',
      totals: { events: events.length, vouchers: vouchers.length, receipts: pages.flat().length },
    },
  ];
}

export const textOf = (lines: readonly AuditLine[]): string => lines.map(encodeLine).join('');

/** Bytes in chunks of the given lengths, the last taken over and over. */
export async function* chunked(bytes: Uint8Array, lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  let i = 0;
  for (let offset = 0; offset < bytes.length;) {
    const length = Math.max(1, lengths[Math.min(i++, lengths.length - 1)] ?? bytes.length);
    yield bytes.subarray(offset, offset + length);
    offset += length;
  }
}
