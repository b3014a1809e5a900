import type { DatabaseSync } from 'node:sqlite';

import { openVersionedDatabase } from '../../adapters/disk/versioned-database.ts';

/** Tables as the first version made them. */
const VERSION_1 = `
  CREATE TABLE deals (
    deal_id TEXT PRIMARY KEY, publisher TEXT NOT NULL, content_root TEXT NOT NULL,
    content_codec INTEGER NOT NULL, rate_per_gib TEXT NOT NULL);
  CREATE TABLE metered (
    deal_id TEXT NOT NULL, epoch INTEGER NOT NULL, bytes TEXT NOT NULL, PRIMARY KEY (deal_id, epoch));
  CREATE TABLE vouchers (
    deal_id TEXT PRIMARY KEY, cumulative TEXT NOT NULL, through_epoch INTEGER NOT NULL, encoded BLOB NOT NULL);
  CREATE TABLE payments (
    transaction_hash TEXT NOT NULL, log_index INTEGER NOT NULL, deal_id TEXT NOT NULL, route TEXT NOT NULL,
    through_epoch INTEGER NOT NULL, paid_wei TEXT NOT NULL, fee_wei TEXT NOT NULL, at_seconds INTEGER NOT NULL,
    PRIMARY KEY (transaction_hash, log_index));
  CREATE TABLE failing (deal_id TEXT PRIMARY KEY, since_epoch INTEGER NOT NULL);
  CREATE TABLE followed (one INTEGER PRIMARY KEY CHECK (one = 1), next_block INTEGER NOT NULL, anchor TEXT NOT NULL);
  CREATE TABLE terms (
    one INTEGER PRIMARY KEY CHECK (one = 1), epoch_seconds INTEGER NOT NULL, claim_window_epochs INTEGER NOT NULL);`;

/** What it cost, sampled claims, and the hashes by which a reorganised chain is recognised. */
const VERSION_2 = `
  ALTER TABLE payments ADD COLUMN block INTEGER;
  CREATE TABLE gas (
    transaction_hash TEXT PRIMARY KEY, step TEXT NOT NULL, deal_ids TEXT NOT NULL, gas_used TEXT NOT NULL,
    gas_cost_wei TEXT NOT NULL, at_seconds INTEGER NOT NULL);
  CREATE TABLE claims (
    deal_id TEXT NOT NULL, to_epoch INTEGER NOT NULL, from_epoch INTEGER NOT NULL, root TEXT NOT NULL,
    total_bytes TEXT NOT NULL, receipts INTEGER NOT NULL, locked_wei TEXT NOT NULL, bond_wei TEXT NOT NULL,
    committed_block INTEGER NOT NULL, seed_block INTEGER NOT NULL, last_block INTEGER NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY (deal_id, to_epoch));
  CREATE TABLE followed_blocks (block INTEGER PRIMARY KEY, hash TEXT NOT NULL);`;

/** Each step leads from the version of its place to the next one. */
const MIGRATIONS: readonly string[] = [VERSION_1, VERSION_2];

/**
 * Opens or creates the file of settlements and brings it to this version.
 * @throws StorageError STORE_VERSION_UNKNOWN
 */
export function openSettlementDatabase(path: string): DatabaseSync {
  return openVersionedDatabase(path, { migrations: MIGRATIONS });
}
