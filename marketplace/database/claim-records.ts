import type { Address, DealId } from '../../sdk/protocol/identifiers.ts';
import type { Row, Sql } from './database.ts';
import { bigintOf, integerOf, textOf } from './rows.ts';

interface AllocationKey {
  readonly dealId: DealId;
  readonly node: Address;
}

/**
 * Epochs that a claim has settled on chain: those above `afterEpoch` up to `toEpoch`. They pay by the claim and by
 * nothing else, so its bytes count and not the receipts of these epochs (PAYMENT.md, invariant 3).
 */
export interface ClaimedSpan {
  readonly route: 'direct-claim' | 'sampled-claim';
  readonly afterEpoch: number;
  readonly toEpoch: number;
  /** 0 for a sampled claim that was void: it pays nothing. */
  readonly bytesTotal: bigint;
  /** Left the allocation, fee included. */
  readonly paidWei: bigint;
}

/** A sampled claim that is neither paid nor void nor superseded yet. */
export interface OpenClaim {
  readonly state: 'committed' | 'seeded';
  readonly afterEpoch: number;
  readonly toEpoch: number;
  readonly bytesTotal: bigint;
  readonly lockedWei: bigint;
  readonly bondWei: bigint;
}

/** Spans settled by direct and by sampled claims, the earliest first. */
export async function readClaimedSpans(sql: Sql, { dealId, node }: AllocationKey): Promise<ClaimedSpan[]> {
  const direct = await sql.all('SELECT * FROM direct_claims WHERE deal_id = ? AND node = ?', dealId, node);
  const sampled = await sql.all(
    `SELECT * FROM sampled_claims WHERE deal_id = ? AND node = ? AND state IN ('paid', 'void')`,
    dealId,
    node,
  );
  return [...direct.map(directSpanOf), ...sampled.map(sampledSpanOf)].sort((a, b) => a.toEpoch - b.toEpoch);
}

/** The open claim of an allocation; there is at most one. */
export async function findOpenClaim(
  sql: Sql,
  { dealId, node }: AllocationKey,
): Promise<OpenClaim | undefined> {
  const row = await sql.get(
    `SELECT * FROM sampled_claims WHERE deal_id = ? AND node = ? AND state IN ('committed', 'seeded')`,
    dealId,
    node,
  );
  if (row === undefined) return undefined;
  return {
    state: textOf(row, 'state') === 'seeded' ? 'seeded' : 'committed',
    afterEpoch: integerOf(row, 'after_epoch'),
    toEpoch: integerOf(row, 'to_epoch'),
    bytesTotal: bigintOf(row, 'bytes_total'),
    lockedWei: bigintOf(row, 'locked_wei'),
    bondWei: bigintOf(row, 'bond_wei'),
  };
}

function directSpanOf(row: Row): ClaimedSpan {
  return {
    route: 'direct-claim',
    afterEpoch: integerOf(row, 'after_epoch'),
    toEpoch: integerOf(row, 'to_epoch'),
    bytesTotal: bigintOf(row, 'bytes_total'),
    paidWei: bigintOf(row, 'paid_wei'),
  };
}

/** A paid claim pays exactly what it locked. */
function sampledSpanOf(row: Row): ClaimedSpan {
  const isPaid = textOf(row, 'state') === 'paid';
  return {
    route: 'sampled-claim',
    afterEpoch: integerOf(row, 'after_epoch'),
    toEpoch: integerOf(row, 'to_epoch'),
    bytesTotal: isPaid ? bigintOf(row, 'bytes_total') : 0n,
    paidWei: isPaid ? bigintOf(row, 'locked_wei') : 0n,
  };
}
