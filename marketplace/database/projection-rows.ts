import { MarketplaceError } from '../errors.ts';
import type { Row, Sql, SqlValue } from './database.ts';
import { optionalTextOf, textOf } from './rows.ts';

/** Tables that follow from events, and so can be taken back block by block. */
export const PROJECTIONS = {
  nodes: {
    key: ['address'],
    columns: [
      'role',
      'region',
      'libp2p_public_key',
      'nid',
      'ask_wei_per_gib',
      'stake_wei',
      'unbonding_wei',
      'unbonding_ends_at',
      'active',
      'endpoints',
      'registered_block',
    ],
  },
  deals: {
    key: ['deal_id'],
    columns: [
      'publisher',
      'state',
      'content_root',
      'content_codec',
      'service_level',
      'grant_key',
      'collector',
      'previous_grant_key',
      'previous_collector',
      'key_last_epoch',
      'free_wei',
      'deposited_wei',
      'withdrawn_wei',
      'opened_block',
    ],
  },
  allocations: {
    key: ['deal_id', 'node'],
    columns: [
      'state',
      'rate_per_gib',
      'allocated_wei',
      'balance_wei',
      'locked_wei',
      'paid_wei',
      'fee_wei',
      'released_wei',
      'through_epoch',
      'thaw_end',
    ],
  },
  direct_claims: {
    key: ['deal_id', 'node', 'to_epoch'],
    columns: ['after_epoch', 'bytes_total', 'paid_wei'],
  },
  sampled_claims: {
    key: ['deal_id', 'node', 'to_epoch'],
    columns: [
      'after_epoch',
      'state',
      'root',
      'bytes_total',
      'locked_wei',
      'bond_wei',
      'seed_block',
      'opened_strata',
    ],
  },
  peer_pools: {
    key: ['deal_id'],
    columns: [
      'funded_wei',
      'claimed_wei',
      'posted_wei',
      'root',
      'previous_root',
      'sequence',
      'posted_at_seconds',
      'thaw_end',
    ],
  },
  peer_payments: { key: ['deal_id', 'peer'], columns: ['paid_wei'] },
} as const satisfies Record<string, { key: readonly string[]; columns: readonly string[] }>;

export type Projection = keyof typeof PROJECTIONS;
type KeyValues = readonly (string | number)[];

/**
 * Writes projection rows of one block and remembers what each row was before, so that a reorganised block can be
 * taken back exactly (`rollBackTo`).
 */
export class ProjectionRows {
  readonly #sql: Sql;
  readonly #blockNumber: number;
  #sequence: number;

  private constructor(sql: Sql, blockNumber: number, sequence: number) {
    this.#sql = sql;
    this.#blockNumber = blockNumber;
    this.#sequence = sequence;
  }

  static ofBlock(sql: Sql, blockNumber: number): ProjectionRows {
    return new ProjectionRows(sql, blockNumber, 0);
  }

  read(projection: Projection, key: KeyValues): Promise<Row | undefined> {
    return readRow(this.#sql, projection, key);
  }

  async put(projection: Projection, row: Row): Promise<void> {
    await this.#remember(projection, keyOf(projection, row));
    await upsertRow(this.#sql, projection, row);
  }

  async remove(projection: Projection, key: KeyValues): Promise<void> {
    await this.#remember(projection, key);
    await deleteRow(this.#sql, projection, key);
  }

  async #remember(projection: Projection, key: KeyValues): Promise<void> {
    const previous = await readRow(this.#sql, projection, key);
    await this.#sql.run(
      'INSERT INTO undo_rows (block_number, sequence, projection, row_key, previous) VALUES (?, ?, ?, ?, ?)',
      this.#blockNumber,
      this.#sequence++,
      projection,
      JSON.stringify(key),
      previous === undefined ? null : JSON.stringify(previous),
    );
  }
}

/** Takes back everything that blocks above `blockNumber` did: blocks, events and projection rows. */
export async function rollBackTo(sql: Sql, blockNumber: number): Promise<void> {
  const undo = await sql.all(
    'SELECT projection, row_key, previous FROM undo_rows WHERE block_number > ? ORDER BY block_number DESC, sequence DESC',
    blockNumber,
  );
  for (const row of undo) {
    const projection = projectionOf(textOf(row, 'projection'));
    const previous = optionalTextOf(row, 'previous');
    if (previous === undefined) await deleteRow(sql, projection, keyValuesOf(textOf(row, 'row_key')));
    else await upsertRow(sql, projection, decodeRow(previous));
  }
  await sql.run('DELETE FROM undo_rows WHERE block_number > ?', blockNumber);
  await sql.run('DELETE FROM events WHERE block_number > ?', blockNumber);
  await sql.run('DELETE FROM blocks WHERE number > ?', blockNumber);
}

/** Empties the whole index, to build it again from the deployment. */
export async function clearIndex(sql: Sql): Promise<void> {
  for (const projection of Object.keys(PROJECTIONS)) await sql.run(`DELETE FROM ${projection}`);
  for (const table of ['undo_rows', 'events', 'blocks', 'chain_identity'])
    await sql.run(`DELETE FROM ${table}`);
}

function readRow(sql: Sql, projection: Projection, key: KeyValues): Promise<Row | undefined> {
  const names = PROJECTIONS[projection];
  const columns = [...names.key, ...names.columns].join(', ');
  return sql.get(`SELECT ${columns} FROM ${projection} WHERE ${keyCondition(projection)}`, ...key);
}

async function upsertRow(sql: Sql, projection: Projection, row: Row): Promise<void> {
  const names = PROJECTIONS[projection];
  const columns = [...names.key, ...names.columns];
  const places = columns.map(() => '?').join(', ');
  const updates = names.columns.map((column) => `${column} = excluded.${column}`).join(', ');
  await sql.run(
    `INSERT INTO ${projection} (${columns.join(', ')}) VALUES (${places})
     ON CONFLICT (${names.key.join(', ')}) DO UPDATE SET ${updates}`,
    ...columns.map((column) => columnOf(row, column)),
  );
}

async function deleteRow(sql: Sql, projection: Projection, key: KeyValues): Promise<void> {
  await sql.run(`DELETE FROM ${projection} WHERE ${keyCondition(projection)}`, ...key);
}

function keyCondition(projection: Projection): string {
  return PROJECTIONS[projection].key.map((column) => `${column} = ?`).join(' AND ');
}

function keyOf(projection: Projection, row: Row): KeyValues {
  return PROJECTIONS[projection].key.map((column) => {
    const value = columnOf(row, column);
    if (typeof value !== 'string' && typeof value !== 'number') throw corruptUndo(column);
    return value;
  });
}

function columnOf(row: Row, column: string): SqlValue {
  const value = row[column];
  if (value === undefined) throw corruptUndo(column);
  return value;
}

function projectionOf(name: string): Projection {
  if (!Object.hasOwn(PROJECTIONS, name)) throw corruptUndo(name);
  return name as Projection;
}

function keyValuesOf(text: string): KeyValues {
  const key: unknown = JSON.parse(text);
  if (!Array.isArray(key) || !key.every((value) => typeof value === 'string' || typeof value === 'number')) {
    throw corruptUndo('row_key');
  }
  return key;
}

function decodeRow(text: string): Row {
  const row: unknown = JSON.parse(text);
  if (typeof row !== 'object' || row === null) throw corruptUndo('previous');
  const decoded: Record<string, SqlValue> = {};
  for (const [column, value] of Object.entries(row) as [string, unknown][]) {
    if (typeof value !== 'string' && typeof value !== 'number' && value !== null) throw corruptUndo(column);
    decoded[column] = value;
  }
  return decoded;
}

function corruptUndo(column: string): MarketplaceError {
  return new MarketplaceError(
    'DATABASE_CORRUPT',
    `The undo log of the index does not hold what it should: ${column}.`,
    {
      column,
    },
  );
}
