import { parseAddress, parseEpoch, type DealId } from '../../sdk/protocol/identifiers.ts';
import type { ReceiptWithGrant } from '../../sdk/protocol/receipt.ts';
import type { SignedVoucher } from '../../sdk/protocol/voucher.ts';
import type { EventArguments } from '../indexer/chain-event.ts';
import type { Sql } from './database.ts';
import { argumentsOf } from './event-arguments.ts';
import { issuedGrantOf } from './grant-ledger.ts';
import type { PeerMeter } from './peer-ledger.ts';
import { bigintOf, bytesOf, integerOf, textOf } from './rows.ts';

/** An event of the market about a deal, as it was indexed. */
export interface BookedEvent {
  readonly blockNumber: number;
  readonly logIndex: number;
  readonly transactionHash: string;
  readonly name: string;
  readonly arguments: EventArguments;
}

/** Where a page of events begins: after this one. */
export interface EventCursor {
  readonly blockNumber: number;
  readonly logIndex: number;
}

/** Events of a deal up to a block, in the order of the chain. */
export async function readEventsOfDeal(
  sql: Sql,
  range: { dealId: DealId; after: EventCursor; throughBlock: number; limit: number },
): Promise<BookedEvent[]> {
  const { dealId, after, throughBlock, limit } = range;
  const rows = await sql.all(
    `SELECT block_number, log_index, transaction_hash, name, arguments FROM events
     WHERE subject = ? AND contract = 'market' AND block_number <= ?
       AND (block_number > ? OR (block_number = ? AND log_index > ?))
     ORDER BY block_number, log_index LIMIT ?`,
    dealId,
    throughBlock,
    after.blockNumber,
    after.blockNumber,
    after.logIndex,
    limit,
  );
  return rows.map((row) => ({
    blockNumber: integerOf(row, 'block_number'),
    logIndex: integerOf(row, 'log_index'),
    transactionHash: textOf(row, 'transaction_hash'),
    name: textOf(row, 'name'),
    arguments: argumentsOf(row),
  }));
}

/** The last voucher of each node of a deal, in the order of their addresses. */
export async function readVouchersOfDeal(
  sql: Sql,
  range: { dealId: DealId; afterNode: string; limit: number },
): Promise<SignedVoucher[]> {
  const rows = await sql.all(
    'SELECT * FROM vouchers WHERE deal_id = ? AND node > ? ORDER BY node LIMIT ?',
    range.dealId,
    range.afterNode,
    range.limit,
  );
  return rows.map((row) => ({
    voucher: {
      dealId: range.dealId,
      node: parseAddress(textOf(row, 'node')),
      throughEpoch: parseEpoch(integerOf(row, 'through_epoch')),
      cumulative: bigintOf(row, 'cumulative_wei'),
    },
    signature: bytesOf(row, 'signature'),
  }));
}

/** What is counted for the peers of a deal, by peer and rate. */
export async function readPeerMetersOfDeal(
  sql: Sql,
  range: { dealId: DealId; after: { peer: string; ratePerGiB: string }; limit: number },
): Promise<PeerMeter[]> {
  const rows = await sql.all(
    `SELECT peer, rate_per_gib, bytes FROM peer_bytes
     WHERE deal_id = ? AND (peer > ? OR (peer = ? AND rate_per_gib > ?))
     ORDER BY peer, rate_per_gib LIMIT ?`,
    range.dealId,
    range.after.peer,
    range.after.peer,
    range.after.ratePerGiB,
    range.limit,
  );
  return rows.map((row) => ({
    peer: parseAddress(textOf(row, 'peer')),
    ratePerGiB: bigintOf(row, 'rate_per_gib'),
    bytes: BigInt(integerOf(row, 'bytes')),
  }));
}

/** The best receipt of each grant of a deal, in the order of their grant hashes. */
export async function readReceiptsOfDeal(
  sql: Sql,
  range: { dealId: DealId; afterGrant: string; limit: number },
): Promise<ReceiptWithGrant[]> {
  const rows = await sql.all(
    `SELECT grants.grant_hash, grants.deal_id, grants.node, grants.viewer_key, grants.epoch, grants.cap_bytes,
       grants.content_root, grants.signature, grants.issued_at_ms, grants.peer_rate_per_gib, grants.peer_domain, grants.viewer_region,
       receipts.bytes_cumulative,
       receipts.signature AS receipt_signature
     FROM receipts JOIN grants ON grants.grant_hash = receipts.grant_hash
     WHERE receipts.deal_id = ? AND receipts.grant_hash > ? ORDER BY receipts.grant_hash LIMIT ?`,
    range.dealId,
    range.afterGrant,
    range.limit,
  );
  return rows.map((row) => {
    const { grant, signature, grantHash } = issuedGrantOf(row);
    return {
      signedGrant: { grant, signature },
      signedReceipt: {
        receipt: { grantHash, bytesCumulative: BigInt(integerOf(row, 'bytes_cumulative')) },
        signature: bytesOf(row, 'receipt_signature'),
      },
    };
  });
}
