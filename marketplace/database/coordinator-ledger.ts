import type { Sql } from './database.ts';

const LEDGER_TABLES = [
  ...['market_samples', 'delivery_minutes', 'delivery_accounts'],
  ...['carriage_grants', 'domain_ledger', 'node_presence', 'peer_reaches'],
  ...['peer_leaves', 'peer_roots', 'peer_amounts', 'peer_bytes', 'peer_holdings'],
  ...['vouchers', 'receipts', 'grants', 'used_challenges', 'audiences'],
];

/**
 * Forgets grants, receipts, vouchers, peer roots, domains, audiences, samples and challenges of a chain that no longer
 * exists. Keys stay: they belong to no chain, and a publisher may still name them.
 */
export async function clearCoordinatorLedger(sql: Sql): Promise<void> {
  for (const table of LEDGER_TABLES) await sql.run(`DELETE FROM ${table}`);
}
