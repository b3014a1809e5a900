import type { Sql } from './database.ts';

/**
 * Forgets grants, receipts, vouchers and challenges of a chain that no longer exists. Keys stay: they belong to
 * no chain, and a publisher may still name them.
 */
export async function clearCoordinatorLedger(sql: Sql): Promise<void> {
  for (const table of ['vouchers', 'receipts', 'grants', 'used_challenges'])
    await sql.run(`DELETE FROM ${table}`);
}
