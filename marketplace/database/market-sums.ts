import type { Row, Sql } from './database.ts';
import { bigintOf, integerOf, textOf } from './rows.ts';

/** Rows that are read at a time. */
const PAGE_ROWS = 1_000;

/** What the chain holds for deals and has paid from them. */
export interface MarketSums {
  readonly escrowedWei: bigint;
  readonly paidWei: bigint;
}

/** Adds up all deals, allocations and peer pools; wei are text, so this happens here and not in SQL. */
export async function readMarketSums(sql: Sql): Promise<MarketSums> {
  let heldWei = 0n;
  let paidWei = 0n;
  await eachRow(
    (after) =>
      sql.all(
        'SELECT deal_id, deposited_wei, withdrawn_wei FROM deals WHERE deal_id > ? ORDER BY deal_id LIMIT ?',
        after.dealId,
        PAGE_ROWS,
      ),
    (row) => (heldWei += bigintOf(row, 'deposited_wei') - bigintOf(row, 'withdrawn_wei')),
  );
  await eachRow(
    (after) =>
      sql.all(
        `SELECT deal_id, node, paid_wei FROM allocations WHERE deal_id > ? OR (deal_id = ? AND node > ?)
         ORDER BY deal_id, node LIMIT ?`,
        after.dealId,
        after.dealId,
        after.node,
        PAGE_ROWS,
      ),
    (row) => (paidWei += bigintOf(row, 'paid_wei')),
  );
  await eachRow(
    (after) =>
      sql.all(
        'SELECT deal_id, claimed_wei FROM peer_pools WHERE deal_id > ? ORDER BY deal_id LIMIT ?',
        after.dealId,
        PAGE_ROWS,
      ),
    (row) => (paidWei += bigintOf(row, 'claimed_wei')),
  );
  return { escrowedWei: heldWei - paidWei, paidWei };
}

/** Deals that are open. */
export async function countOpenDeals(sql: Sql): Promise<number> {
  const row = await sql.get(`SELECT COUNT(*) AS total FROM deals WHERE state = 'open'`);
  return row === undefined ? 0 : integerOf(row, 'total');
}

/** Where a page begins: after this one. */
interface Place {
  readonly dealId: string;
  readonly node: string;
}

async function eachRow(page: (after: Place) => Promise<Row[]>, take: (row: Row) => void): Promise<void> {
  for (let after: Place = { dealId: '', node: '' }; ;) {
    const rows = await page(after);
    rows.forEach(take);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE_ROWS) return;
    after = {
      dealId: textOf(last, 'deal_id'),
      node: last['node'] === undefined ? '' : textOf(last, 'node'),
    };
  }
}
