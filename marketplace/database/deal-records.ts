import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  type Address,
  type ContentRoot,
  type DealId,
} from '../../sdk/protocol/identifiers.ts';
import type { Row, Sql } from './database.ts';
import { inStatements, listOf } from './many-rows.ts';
import type { Page, PageOf } from './node-records.ts';
import { bigintOf, integerOf, optionalTextOf, textOf } from './rows.ts';

export type DealState = 'open' | 'closing' | 'closed';
export type AllocationState = 'active' | 'thawing' | 'released';

/** A deal as the chain has it. */
export interface DealRecord {
  readonly dealId: DealId;
  readonly publisher: Address;
  readonly state: DealState;
  readonly contentRoot: ContentRoot;
  readonly contentCodec: number;
  readonly serviceLevel: number;
  readonly grantKey: Address;
  readonly collector: Address;
  /** Keys before the last rotation, good for epochs up to `keyLastEpoch`. */
  readonly previousGrantKey: Address | undefined;
  readonly previousCollector: Address | undefined;
  readonly keyLastEpoch: number;
  readonly freeWei: bigint;
  readonly depositedWei: bigint;
  readonly withdrawnWei: bigint;
}

/** What a deal has set aside for a node. */
export interface AllocationRecord {
  readonly dealId: DealId;
  readonly node: Address;
  readonly state: AllocationState;
  readonly ratePerGiB: bigint;
  readonly allocatedWei: bigint;
  readonly balanceWei: bigint;
  /** Taken out of the balance by an open sampled claim. */
  readonly lockedWei: bigint;
  /** Left the allocation for the node, protocol fee included. */
  readonly paidWei: bigint;
  readonly feeWei: bigint;
  readonly releasedWei: bigint;
  readonly throughEpoch: number;
  /** First epoch in which the allocation may be released; 0 unless thawing. */
  readonly thawEndEpoch: number;
}

export async function findDeal(sql: Sql, dealId: DealId): Promise<DealRecord | undefined> {
  const row = await sql.get('SELECT * FROM deals WHERE deal_id = ?', dealId);
  return row === undefined ? undefined : dealOf(row);
}

/** Those of the deals that the index has. */
export async function readDeals(
  sql: Sql,
  dealIds: readonly DealId[],
): Promise<ReadonlyMap<DealId, DealRecord>> {
  const found = new Map<DealId, DealRecord>();
  for (const ids of inStatements([...new Set(dealIds)])) {
    const rows = await sql.all(`SELECT * FROM deals WHERE deal_id IN ${listOf(ids.length)}`, ...ids);
    for (const deal of rows.map(dealOf)) found.set(deal.dealId, deal);
  }
  return found;
}

/** Deals, newest first; an absent filter matches all. */
export async function listDeals(
  sql: Sql,
  filter: {
    publisher?: Address;
    state?: string;
    node?: Address;
    contentRoot?: ContentRoot;
    dealId?: DealId;
  },
  page: Page,
): Promise<PageOf<DealRecord>> {
  const condition = `(? IS NULL OR publisher = ?) AND (? IS NULL OR state = ?)
    AND (? IS NULL OR deal_id IN (SELECT deal_id FROM allocations WHERE node = ?))
    AND (? IS NULL OR content_root = ?) AND (? IS NULL OR deal_id = ?)`;
  const publisher = filter.publisher ?? null;
  const state = filter.state ?? null;
  const node = filter.node ?? null;
  const contentRoot = filter.contentRoot ?? null;
  const dealId = filter.dealId ?? null;
  const values = [publisher, state, node, contentRoot, dealId].flatMap((value) => [value, value]);
  const count = await sql.get(`SELECT COUNT(*) AS total FROM deals WHERE ${condition}`, ...values);
  const rows = await sql.all(
    `SELECT * FROM deals WHERE ${condition} ORDER BY opened_block DESC, deal_id LIMIT ? OFFSET ?`,
    ...values,
    page.limit,
    page.offset,
  );
  return { total: count === undefined ? 0 : integerOf(count, 'total'), rows: rows.map(dealOf) };
}

/**
 * Deals of a content: open ones first; of these those whose keys are held here, by what their active allocations and their
 * pools can still pay, then the newest. Anybody may open a deal for any content, and viewers look at the first ones only:
 * who wants to hide one that pays has to lock more money, for its viewers, in each deal that stands before it.
 */
export async function readDealsOfContent(
  sql: Sql,
  content: { root: ContentRoot; codec: number },
  limit: number,
): Promise<DealRecord[]> {
  const rows = await sql.all(
    `SELECT * FROM deals WHERE content_root = ? AND content_codec = ?
     ORDER BY CASE state WHEN 'open' THEN 0 WHEN 'closing' THEN 1 ELSE 2 END,
       CASE WHEN EXISTS (SELECT 1 FROM key_pairs WHERE key_pairs.grant_key IN (deals.grant_key, deals.previous_grant_key))
         THEN 0 ELSE 1 END,
       COALESCE((SELECT SUM(CAST(balance_wei AS REAL)) FROM allocations
                 WHERE allocations.deal_id = deals.deal_id AND allocations.state = 'active'), 0)
         + COALESCE((SELECT CAST(funded_wei AS REAL) - CAST(claimed_wei AS REAL) FROM peer_pools
                 WHERE peer_pools.deal_id = deals.deal_id AND thaw_end = 0), 0) DESC,
       opened_block DESC, deal_id LIMIT ?`,
    content.root,
    content.codec,
    limit,
  );
  return rows.map(dealOf);
}

export async function findAllocation(
  sql: Sql,
  dealId: DealId,
  node: Address,
): Promise<AllocationRecord | undefined> {
  const row = await sql.get('SELECT * FROM allocations WHERE deal_id = ? AND node = ?', dealId, node);
  return row === undefined ? undefined : allocationOf(row);
}

export async function readAllocationsOfDeal(sql: Sql, dealId: DealId): Promise<AllocationRecord[]> {
  return (await sql.all('SELECT * FROM allocations WHERE deal_id = ? ORDER BY node', dealId)).map(
    allocationOf,
  );
}

export async function listAllocationsOfNode(
  sql: Sql,
  node: Address,
  page: Page,
): Promise<PageOf<AllocationRecord>> {
  const count = await sql.get('SELECT COUNT(*) AS total FROM allocations WHERE node = ?', node);
  const rows = await sql.all(
    'SELECT * FROM allocations WHERE node = ? ORDER BY deal_id LIMIT ? OFFSET ?',
    node,
    page.limit,
    page.offset,
  );
  return { total: count === undefined ? 0 : integerOf(count, 'total'), rows: rows.map(allocationOf) };
}

/** Whether an open deal of the content has a peer pool that does not thaw. */
export async function isPaidForPeers(sql: Sql, contentRoot: ContentRoot): Promise<boolean> {
  const row = await sql.get(
    `SELECT deals.deal_id FROM deals JOIN peer_pools ON peer_pools.deal_id = deals.deal_id
     WHERE deals.content_root = ? AND deals.state = 'open' AND peer_pools.thaw_end = 0 LIMIT 1`,
    contentRoot,
  );
  return row !== undefined;
}

function dealOf(row: Row): DealRecord {
  return {
    dealId: parseDealId(textOf(row, 'deal_id')),
    publisher: parseAddress(textOf(row, 'publisher')),
    state: textOf(row, 'state') as DealState,
    contentRoot: parseContentRoot(textOf(row, 'content_root')),
    contentCodec: integerOf(row, 'content_codec'),
    serviceLevel: integerOf(row, 'service_level'),
    grantKey: parseAddress(textOf(row, 'grant_key')),
    collector: parseAddress(textOf(row, 'collector')),
    previousGrantKey: optionalAddress(row, 'previous_grant_key'),
    previousCollector: optionalAddress(row, 'previous_collector'),
    keyLastEpoch: integerOf(row, 'key_last_epoch'),
    freeWei: bigintOf(row, 'free_wei'),
    depositedWei: bigintOf(row, 'deposited_wei'),
    withdrawnWei: bigintOf(row, 'withdrawn_wei'),
  };
}

function allocationOf(row: Row): AllocationRecord {
  return {
    dealId: parseDealId(textOf(row, 'deal_id')),
    node: parseAddress(textOf(row, 'node')),
    state: textOf(row, 'state') as AllocationState,
    ratePerGiB: bigintOf(row, 'rate_per_gib'),
    allocatedWei: bigintOf(row, 'allocated_wei'),
    balanceWei: bigintOf(row, 'balance_wei'),
    lockedWei: bigintOf(row, 'locked_wei'),
    paidWei: bigintOf(row, 'paid_wei'),
    feeWei: bigintOf(row, 'fee_wei'),
    releasedWei: bigintOf(row, 'released_wei'),
    throughEpoch: integerOf(row, 'through_epoch'),
    thawEndEpoch: integerOf(row, 'thaw_end'),
  };
}

function optionalAddress(row: Row, column: string): Address | undefined {
  const text = optionalTextOf(row, column);
  return text === undefined ? undefined : parseAddress(text);
}
