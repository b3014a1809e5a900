import { MarketplaceError } from '../errors.ts';
import type { Database } from './database.ts';
import { integerOf } from './rows.ts';

/** One step of the schema. A published step is never changed: later ones follow it. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly statements: readonly string[];
}

/** What the chain said, and what follows from it. All of it can be rebuilt from the chain. */
const CHAIN_INDEX: Migration = {
  version: 1,
  name: 'chain index',
  statements: [
    `CREATE TABLE chain_identity (
       id INTEGER PRIMARY KEY CHECK (id = 1), chain_id TEXT NOT NULL, genesis_hash TEXT NOT NULL,
       registry TEXT NOT NULL, market TEXT NOT NULL, epoch_seconds INTEGER NOT NULL,
       minimum_edge_stake_wei TEXT NOT NULL, protocol_fee_bps INTEGER NOT NULL, undo_after_block INTEGER NOT NULL)`,
    `CREATE TABLE blocks (
       number INTEGER PRIMARY KEY, hash TEXT NOT NULL, timestamp_seconds INTEGER NOT NULL)`,
    `CREATE TABLE events (
       block_number INTEGER NOT NULL, log_index INTEGER NOT NULL, block_hash TEXT NOT NULL, transaction_hash TEXT NOT NULL,
       contract TEXT NOT NULL, name TEXT NOT NULL, subject TEXT NOT NULL, arguments TEXT NOT NULL,
       PRIMARY KEY (block_number, log_index))`,
    `CREATE INDEX events_by_subject ON events (subject, block_number, log_index)`,
    // Rows as they were before a block changed them, to take the block back.
    `CREATE TABLE undo_rows (
       block_number INTEGER NOT NULL, sequence INTEGER NOT NULL, projection TEXT NOT NULL, row_key TEXT NOT NULL,
       previous TEXT, PRIMARY KEY (block_number, sequence))`,
    `CREATE TABLE nodes (
       address TEXT PRIMARY KEY, role TEXT NOT NULL, region TEXT NOT NULL, libp2p_public_key TEXT NOT NULL, nid TEXT,
       ask_wei_per_gib TEXT NOT NULL, stake_wei TEXT NOT NULL, unbonding_wei TEXT NOT NULL,
       unbonding_ends_at INTEGER NOT NULL, active INTEGER NOT NULL, endpoints TEXT NOT NULL, registered_block INTEGER NOT NULL)`,
    `CREATE TABLE deals (
       deal_id TEXT PRIMARY KEY, publisher TEXT NOT NULL, state TEXT NOT NULL, content_root TEXT NOT NULL,
       content_codec INTEGER NOT NULL, service_level INTEGER NOT NULL, grant_key TEXT NOT NULL, collector TEXT NOT NULL,
       previous_grant_key TEXT, previous_collector TEXT, key_last_epoch INTEGER NOT NULL, free_wei TEXT NOT NULL,
       deposited_wei TEXT NOT NULL, withdrawn_wei TEXT NOT NULL, opened_block INTEGER NOT NULL)`,
    `CREATE INDEX deals_by_content ON deals (content_root, content_codec)`,
    `CREATE INDEX deals_by_publisher ON deals (publisher)`,
    `CREATE TABLE allocations (
       deal_id TEXT NOT NULL, node TEXT NOT NULL, state TEXT NOT NULL, rate_per_gib TEXT NOT NULL,
       allocated_wei TEXT NOT NULL, balance_wei TEXT NOT NULL, paid_wei TEXT NOT NULL, fee_wei TEXT NOT NULL,
       released_wei TEXT NOT NULL, through_epoch INTEGER NOT NULL, thaw_end INTEGER NOT NULL,
       PRIMARY KEY (deal_id, node))`,
    `CREATE INDEX allocations_by_node ON allocations (node)`,
    `CREATE TABLE direct_claims (
       deal_id TEXT NOT NULL, node TEXT NOT NULL, to_epoch INTEGER NOT NULL, after_epoch INTEGER NOT NULL,
       bytes_total TEXT NOT NULL, paid_wei TEXT NOT NULL, PRIMARY KEY (deal_id, node, to_epoch))`,
  ],
};

/** What only this marketplace knows: losing it loses money of operators. */
const COORDINATOR_LEDGER: Migration = {
  version: 2,
  name: 'coordinator ledger',
  statements: [
    `CREATE TABLE key_pairs (
       grant_key TEXT PRIMARY KEY, collector TEXT NOT NULL UNIQUE, sealed_grant_key BLOB NOT NULL,
       sealed_collector BLOB NOT NULL, publisher TEXT, created_at_seconds INTEGER NOT NULL)`,
    `CREATE TABLE used_challenges (nonce TEXT PRIMARY KEY, expires_at_seconds INTEGER NOT NULL)`,
    `CREATE INDEX used_challenges_by_expiry ON used_challenges (expires_at_seconds)`,
    `CREATE TABLE grants (
       grant_hash TEXT PRIMARY KEY, deal_id TEXT NOT NULL, node TEXT NOT NULL, viewer_key TEXT NOT NULL,
       epoch INTEGER NOT NULL, cap_bytes INTEGER NOT NULL, content_root TEXT NOT NULL, signature BLOB NOT NULL,
       issued_at_ms INTEGER NOT NULL)`,
    `CREATE INDEX grants_by_allocation ON grants (deal_id, node, epoch)`,
    `CREATE INDEX grants_by_viewer ON grants (viewer_key, node, epoch)`,
    `CREATE TABLE receipts (
       grant_hash TEXT PRIMARY KEY REFERENCES grants (grant_hash), deal_id TEXT NOT NULL, node TEXT NOT NULL,
       epoch INTEGER NOT NULL, bytes_cumulative INTEGER NOT NULL, signature BLOB NOT NULL, source TEXT NOT NULL,
       updated_at_ms INTEGER NOT NULL)`,
    `CREATE INDEX receipts_by_allocation ON receipts (deal_id, node, epoch)`,
    `CREATE TABLE vouchers (
       deal_id TEXT NOT NULL, node TEXT NOT NULL, through_epoch INTEGER NOT NULL, cumulative_wei TEXT NOT NULL,
       signature BLOB NOT NULL, signed_at_ms INTEGER NOT NULL, PRIMARY KEY (deal_id, node))`,
  ],
};

/**
 * Sampled claims and peer pools as the chain has them. An index that was made without them is forgotten together with
 * the chain it belonged to, and made again from the deployment; what only the coordinator knows stays.
 */
const CLAIMS_AND_POOLS: Migration = {
  version: 3,
  name: 'sampled claims and peer pools',
  statements: [
    `ALTER TABLE allocations ADD COLUMN locked_wei TEXT NOT NULL DEFAULT '0'`,
    `CREATE TABLE sampled_claims (
       deal_id TEXT NOT NULL, node TEXT NOT NULL, to_epoch INTEGER NOT NULL, after_epoch INTEGER NOT NULL,
       state TEXT NOT NULL CHECK (state IN ('committed', 'seeded', 'paid', 'void', 'superseded')), root TEXT NOT NULL,
       bytes_total TEXT NOT NULL, locked_wei TEXT NOT NULL, bond_wei TEXT NOT NULL, seed_block INTEGER NOT NULL,
       opened_strata INTEGER NOT NULL, PRIMARY KEY (deal_id, node, to_epoch))`,
    `CREATE TABLE peer_pools (
       deal_id TEXT PRIMARY KEY, funded_wei TEXT NOT NULL, claimed_wei TEXT NOT NULL, posted_wei TEXT NOT NULL,
       root TEXT, previous_root TEXT, sequence INTEGER NOT NULL, posted_at_seconds INTEGER NOT NULL,
       thaw_end INTEGER NOT NULL)`,
    `CREATE TABLE peer_payments (
       deal_id TEXT NOT NULL, peer TEXT NOT NULL, paid_wei TEXT NOT NULL, PRIMARY KEY (deal_id, peer))`,
    `CREATE INDEX peer_payments_by_peer ON peer_payments (peer)`,
    `DELETE FROM chain_identity`,
  ],
};

/** A publisher reads all receipts of a deal in the order of their grants, however many there are. */
const RECEIPTS_BY_DEAL: Migration = {
  version: 4,
  name: 'receipts by deal',
  statements: [`CREATE INDEX receipts_by_deal ON receipts (deal_id, grant_hash)`],
};

/**
 * Peers: what they hold, what their grants are priced at, what they earned, and the roots that promise it. A row of
 * `peer_amounts` remembers the amount of before, so that the check refuses a lower one whatever the program does.
 */
const PEER_LEDGER: Migration = {
  version: 5,
  name: 'peer ledger',
  statements: [
    `ALTER TABLE grants ADD COLUMN peer_rate_per_gib TEXT`,
    `ALTER TABLE receipts ADD COLUMN peer_rate_per_gib TEXT`,
    `CREATE INDEX grants_of_peers ON grants (deal_id, epoch) WHERE peer_rate_per_gib IS NOT NULL`,
    `CREATE TABLE peer_holdings (
       peer TEXT NOT NULL, content_root TEXT NOT NULL, expires_at_seconds INTEGER NOT NULL,
       offered_at_ms INTEGER NOT NULL, PRIMARY KEY (peer, content_root))`,
    `CREATE INDEX peer_holdings_by_content ON peer_holdings (content_root, offered_at_ms)`,
    `CREATE TABLE peer_bytes (
       deal_id TEXT NOT NULL, peer TEXT NOT NULL, rate_per_gib TEXT NOT NULL, bytes INTEGER NOT NULL CHECK (bytes >= 0),
       PRIMARY KEY (deal_id, peer, rate_per_gib))`,
    `CREATE TABLE peer_amounts (
       deal_id TEXT NOT NULL, peer TEXT NOT NULL, signed_wei TEXT NOT NULL, floor_wei TEXT NOT NULL,
       PRIMARY KEY (deal_id, peer),
       CHECK (LENGTH(signed_wei) > LENGTH(floor_wei)
         OR (LENGTH(signed_wei) = LENGTH(floor_wei) AND signed_wei >= floor_wei)))`,
    `CREATE TABLE peer_roots (
       deal_id TEXT NOT NULL, sequence INTEGER NOT NULL, root TEXT NOT NULL, total_wei TEXT NOT NULL,
       collector TEXT NOT NULL, signature BLOB NOT NULL, signed_at_ms INTEGER NOT NULL, PRIMARY KEY (deal_id, sequence))`,
    `CREATE TABLE peer_leaves (
       deal_id TEXT NOT NULL, sequence INTEGER NOT NULL, peer TEXT NOT NULL, cumulative_wei TEXT NOT NULL,
       PRIMARY KEY (deal_id, sequence, peer))`,
  ],
};

/** What publishers said last about whom their deals are for; a deal without a row is open to everybody. */
const AUDIENCES: Migration = {
  version: 6,
  name: 'audiences',
  statements: [
    `CREATE TABLE audiences (deal_id TEXT PRIMARY KEY, audience_key TEXT NOT NULL, issued_at INTEGER NOT NULL)`,
  ],
};

/** Where publishers said last that nodes can have the content of their deals, as they signed it. */
const CONTENT_ORIGINS: Migration = {
  version: 7,
  name: 'content origins',
  statements: [
    `CREATE TABLE content_origins (
       deal_id TEXT PRIMARY KEY, kind TEXT NOT NULL, url TEXT NOT NULL, bytes INTEGER NOT NULL, etag TEXT NOT NULL,
       last_modified TEXT NOT NULL, issued_at INTEGER NOT NULL, signature BLOB NOT NULL)`,
  ],
};

/**
 * What the peers of each domain have given in each deal, and what was lent to it in return. The check holds whatever the
 * program does: nothing is carried for a domain beyond what its peers contributed before (coordinator/SPEC.md, domains).
 */
const DOMAIN_LEDGER: Migration = {
  version: 8,
  name: 'domain ledger',
  statements: [
    `CREATE TABLE node_presence (
       node TEXT PRIMARY KEY, label TEXT NOT NULL, carries INTEGER NOT NULL, expires_at_seconds INTEGER NOT NULL)`,
    `ALTER TABLE grants ADD COLUMN peer_domain TEXT`,
    `CREATE TABLE domain_ledger (
       deal_id TEXT NOT NULL, domain TEXT NOT NULL, contributed_bytes INTEGER NOT NULL, carried_bytes INTEGER NOT NULL,
       PRIMARY KEY (deal_id, domain), CHECK (carried_bytes >= 0 AND carried_bytes <= contributed_bytes))`,
    `CREATE TABLE carriage_grants (
       grant_hash TEXT PRIMARY KEY, deal_id TEXT NOT NULL, edge TEXT NOT NULL, viewer_key TEXT NOT NULL,
       epoch INTEGER NOT NULL, cap_bytes INTEGER NOT NULL, domain TEXT, sequence INTEGER NOT NULL, issued_at_ms INTEGER NOT NULL)`,
    `CREATE INDEX carriage_grants_by_edge ON carriage_grants (deal_id, epoch, edge)`,
    `CREATE INDEX carriage_grants_by_viewer ON carriage_grants (viewer_key, deal_id, epoch)`,
  ],
};

/** Whether publishers let their peers serve other domains directly; without a row they do not. */
const PEER_REACHES: Migration = {
  version: 9,
  name: 'peer reaches',
  statements: [
    `CREATE TABLE peer_reaches (deal_id TEXT PRIMARY KEY, everywhere INTEGER NOT NULL, issued_at INTEGER NOT NULL)`,
  ],
};

/**
 * What was delivered, by node and deal and by minute and region of the viewers, added in the transaction that keeps a
 * receipt; samples of the market over time; and events that can be found by node and transaction. The index is made
 * again from the deployment, because the events of before have neither node nor time.
 */
const DELIVERY_AND_SAMPLES: Migration = {
  version: 10,
  name: 'delivery accounts and market samples',
  statements: [
    `ALTER TABLE grants ADD COLUMN viewer_region TEXT`,
    `CREATE TABLE delivery_accounts (
       deal_id TEXT NOT NULL, node TEXT NOT NULL, bytes INTEGER NOT NULL CHECK (bytes >= 0), last_at_ms INTEGER NOT NULL,
       PRIMARY KEY (deal_id, node))`,
    `INSERT INTO delivery_accounts (deal_id, node, bytes, last_at_ms)
       SELECT deal_id, node, SUM(bytes_cumulative), MAX(updated_at_ms) FROM receipts GROUP BY deal_id, node`,
    `CREATE TABLE delivery_minutes (
       minute_seconds INTEGER NOT NULL, deal_id TEXT NOT NULL, node TEXT NOT NULL, viewer_region TEXT NOT NULL,
       bytes INTEGER NOT NULL CHECK (bytes >= 0), PRIMARY KEY (minute_seconds, deal_id, node, viewer_region))`,
    `CREATE INDEX delivery_minutes_by_deal ON delivery_minutes (deal_id, minute_seconds)`,
    `CREATE TABLE market_samples (
       at_seconds INTEGER PRIMARY KEY, active_nodes INTEGER NOT NULL, ready_nodes INTEGER NOT NULL,
       open_deals INTEGER NOT NULL, escrowed_wei TEXT NOT NULL, delivered_bytes INTEGER NOT NULL, paid_wei TEXT NOT NULL,
       median_ask_wei_per_gib TEXT)`,
    `ALTER TABLE events ADD COLUMN node TEXT`,
    `ALTER TABLE events ADD COLUMN timestamp_seconds INTEGER NOT NULL DEFAULT 0`,
    `CREATE INDEX events_by_transaction ON events (transaction_hash, block_number, log_index)`,
    `CREATE INDEX events_by_node ON events (node, block_number, log_index)`,
    `DELETE FROM chain_identity`,
  ],
};

/** How fast a node delivered is read from its own receipts. */
const RECEIPTS_BY_NODE: Migration = {
  version: 11,
  name: 'receipts by node',
  statements: [`CREATE INDEX receipts_by_node ON receipts (node, epoch)`],
};

/** Bytes that grants of an epoch allow at the expense of an allocation, added up when each is issued. */
const GRANTED_EPOCHS: Migration = {
  version: 12,
  name: 'granted epochs',
  statements: [
    `CREATE TABLE granted_epochs (
       deal_id TEXT NOT NULL, node TEXT NOT NULL, epoch INTEGER NOT NULL, bytes INTEGER NOT NULL CHECK (bytes >= 0),
       PRIMARY KEY (deal_id, node, epoch))`,
    `INSERT INTO granted_epochs (deal_id, node, epoch, bytes)
       SELECT deal_id, node, epoch, SUM(cap_bytes) FROM grants WHERE peer_rate_per_gib IS NULL
       GROUP BY deal_id, node, epoch`,
  ],
};

export const MIGRATIONS: readonly Migration[] = [
  CHAIN_INDEX,
  COORDINATOR_LEDGER,
  CLAIMS_AND_POOLS,
  RECEIPTS_BY_DEAL,
  PEER_LEDGER,
  AUDIENCES,
  CONTENT_ORIGINS,
  DOMAIN_LEDGER,
  PEER_REACHES,
  DELIVERY_AND_SAMPLES,
  RECEIPTS_BY_NODE,
  GRANTED_EPOCHS,
];

/**
 * Applies the steps that the database has not seen, each in its own transaction.
 * @throws MarketplaceError DATABASE_TOO_NEW
 */
export async function migrate(database: Database, migrations: readonly Migration[]): Promise<void> {
  await database.write((sql) =>
    sql.run('CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL)'),
  );
  const latest = await database.read.get(
    'SELECT COALESCE(MAX(version), 0) AS version FROM schema_migrations',
  );
  const stored = latest === undefined ? 0 : integerOf(latest, 'version');
  const known = Math.max(0, ...migrations.map((migration) => migration.version));
  if (stored > known) {
    throw new MarketplaceError(
      'DATABASE_TOO_NEW',
      `The database has schema version ${stored}; this program knows versions up to ${known}.`,
      { stored, known },
    );
  }
  for (const migration of migrations) {
    if (migration.version <= stored) continue;
    await database.write(async (sql) => {
      for (const statement of migration.statements) await sql.run(statement);
      await sql.run(
        'INSERT INTO schema_migrations (version, name) VALUES (?, ?)',
        migration.version,
        migration.name,
      );
    });
  }
}
