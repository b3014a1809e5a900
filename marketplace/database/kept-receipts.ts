import { parseGrantHash, type GrantHash } from '../../sdk/protocol/identifiers.ts';
import type { SignedReceipt } from '../../sdk/protocol/receipt.ts';
import type { Sql, SqlValue } from './database.ts';
import { addDelivery } from './delivery-accounts.ts';
import { addContribution } from './domain-ledger.ts';
import type { IssuedGrant } from './grant-ledger.ts';
import { inStatements, listOf, placesOf } from './many-rows.ts';
import { addPeerBytes } from './peer-ledger.ts';
import { integerOf, textOf } from './rows.ts';

/** Who handed a receipt in. */
export type ReceiptSource = 'node' | 'viewer';

/** A receipt that was verified, with the grant that it is of. */
export interface VerifiedReceipt {
  readonly issued: IssuedGrant;
  readonly signedReceipt: SignedReceipt;
}

interface Held {
  readonly bytes: bigint;
  readonly source: ReceiptSource;
}

const RECEIPT_COLUMNS = `grant_hash, deal_id, node, epoch, bytes_cumulative, signature, source, updated_at_ms,
  peer_rate_per_gib`;

/**
 * Keeps each receipt that counts more bytes than the one held of its grant. The same receipt from the node marks it as
 * known to the node. What receipts count beyond those held is added to what nodes delivered, and for peers to what they
 * have earned and their domains contributed.
 *
 * The result is that of one receipt after the other, in a few statements: the best of each grant is chosen here, before
 * anything is written. Called in a transaction of `Database.write`, of which there is one at a time.
 */
export async function keepBestReceipts(
  sql: Sql,
  receipts: readonly VerifiedReceipt[],
  { source, nowMs }: { readonly source: ReceiptSource; readonly nowMs: number },
): Promise<void> {
  const best = bestOfEach(receipts);
  const held = await readHeld(sql, [...best.keys()]);
  const better: VerifiedReceipt[] = [];
  const advances: Advance[] = [];
  for (const [grantHash, receipt] of best) {
    const before = held.get(grantHash);
    const bytes = bytesOf(receipt) - (before?.bytes ?? 0n);
    if (bytes > 0n) advances.push({ issued: receipt.issued, bytes });
    const isNews = bytes === 0n && before?.source === 'viewer' && source === 'node';
    if (before === undefined || bytes > 0n || isNews) better.push(receipt);
  }
  await writeReceipts(sql, better, { source, nowMs });
  await addAdvances(sql, advances, nowMs);
}

/** Bytes of the best receipts held, by grant; those of which none is held are missing. */
export async function readReceiptedBytes(
  sql: Sql,
  grantHashes: readonly GrantHash[],
): Promise<ReadonlyMap<GrantHash, bigint>> {
  const held = await readHeld(sql, [...new Set(grantHashes)]);
  return new Map([...held].map(([grantHash, { bytes }]) => [grantHash, bytes]));
}

/** The best receipt of each grant, the first of those that count as much. */
function bestOfEach(receipts: readonly VerifiedReceipt[]): Map<GrantHash, VerifiedReceipt> {
  const best = new Map<GrantHash, VerifiedReceipt>();
  for (const receipt of receipts) {
    const { grantHash } = receipt.issued;
    const known = best.get(grantHash);
    if (known === undefined || bytesOf(receipt) > bytesOf(known)) best.set(grantHash, receipt);
  }
  return best;
}

async function readHeld(sql: Sql, grantHashes: readonly GrantHash[]): Promise<Map<GrantHash, Held>> {
  const held = new Map<GrantHash, Held>();
  for (const hashes of inStatements(grantHashes)) {
    const rows = await sql.all(
      `SELECT grant_hash, bytes_cumulative, source FROM receipts WHERE grant_hash IN ${listOf(hashes.length)}`,
      ...hashes,
    );
    for (const row of rows) {
      const source = textOf(row, 'source') === 'viewer' ? 'viewer' : 'node';
      held.set(parseGrantHash(textOf(row, 'grant_hash')), {
        bytes: BigInt(integerOf(row, 'bytes_cumulative')),
        source,
      });
    }
  }
  return held;
}

async function writeReceipts(
  sql: Sql,
  receipts: readonly VerifiedReceipt[],
  kept: { readonly source: ReceiptSource; readonly nowMs: number },
): Promise<void> {
  for (const rows of inStatements(receipts)) {
    await sql.run(
      `INSERT INTO receipts (${RECEIPT_COLUMNS}) VALUES ${placesOf(rows.length, 9)}
       ON CONFLICT (grant_hash) DO UPDATE SET bytes_cumulative = excluded.bytes_cumulative,
         signature = excluded.signature, source = excluded.source, updated_at_ms = excluded.updated_at_ms`,
      ...rows.flatMap((row) => valuesOf(row, kept)),
    );
  }
}

function valuesOf(
  { issued, signedReceipt }: VerifiedReceipt,
  { source, nowMs }: { readonly source: ReceiptSource; readonly nowMs: number },
): SqlValue[] {
  const { grant, grantHash, peerRatePerGiB } = issued;
  const { receipt, signature } = signedReceipt;
  return [
    ...[grantHash, grant.dealId, grant.node, grant.epoch, Number(receipt.bytesCumulative), signature],
    ...[source, nowMs, peerRatePerGiB?.toString() ?? null],
  ];
}

function bytesOf({ signedReceipt }: VerifiedReceipt): bigint {
  return signedReceipt.receipt.bytesCumulative;
}

/** By how much a receipt counts more than the one held before. */
interface Advance {
  readonly issued: IssuedGrant;
  readonly bytes: bigint;
}

/** Receipts of a request are of few nodes, regions, rates and domains: each account is written once. */
async function addAdvances(sql: Sql, advances: readonly Advance[], nowMs: number): Promise<void> {
  const byDelivery = summed(advances, ({ issued: { grant, viewerRegion = '' } }) => [
    ...[grant.dealId, grant.node, viewerRegion],
  ]);
  for (const { issued, bytes } of byDelivery) {
    const { grant, viewerRegion = '' } = issued;
    await addDelivery(sql, { dealId: grant.dealId, node: grant.node, viewerRegion, bytes, atMs: nowMs });
  }
  const ofPeers = advances.filter(({ issued }) => issued.peerRatePerGiB !== undefined);
  const byRate = summed(ofPeers, ({ issued: { grant, peerRatePerGiB } }) => [
    ...[grant.dealId, grant.node, `${peerRatePerGiB}`],
  ]);
  for (const { issued, bytes } of byRate) {
    const { grant, peerRatePerGiB = 0n } = issued;
    await addPeerBytes(sql, grant.dealId, { peer: grant.node, ratePerGiB: peerRatePerGiB, bytes });
  }
  // Bytes that cost the publisher nothing are bounded by nothing: they earn no carriage.
  const paid = ofPeers.filter(({ issued }) => (issued.peerRatePerGiB ?? 0n) > 0n);
  for (const { issued, bytes } of summed(paid, ({ issued: { grant, peerDomain = '' } }) => [
    ...[grant.dealId, peerDomain],
  ])) {
    const { grant, peerDomain } = issued;
    if (peerDomain !== undefined)
      await addContribution(sql, { dealId: grant.dealId, domain: peerDomain }, bytes);
  }
}

/** One for all with the same key, in the order of their first: with the bytes of all of them. */
function summed(advances: readonly Advance[], keyOf: (advance: Advance) => readonly string[]): Advance[] {
  const sums = new Map<string, Advance>();
  for (const advance of advances) {
    const key = keyOf(advance).join(' ');
    sums.set(key, { ...advance, bytes: advance.bytes + (sums.get(key)?.bytes ?? 0n) });
  }
  return [...sums.values()];
}
