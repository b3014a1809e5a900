import type { ChainEvent } from '../indexer/chain-event.ts';
import type { Row, Sql } from './database.ts';
import { bigintOf, integerOf, textOf } from './rows.ts';

/** Which chain and contracts an index belongs to, and what never changes about them. */
export interface ChainIdentity {
  readonly chainId: bigint;
  readonly genesisHash: string;
  readonly registry: string;
  readonly market: string;
  readonly epochSeconds: number;
  readonly minimumEdgeStakeWei: bigint;
  readonly protocolFeeBps: number;
}

/** A block that has been applied. */
export interface IndexedBlock {
  readonly number: number;
  readonly hash: string;
  readonly timestampSeconds: number;
}

export async function readChainIdentity(sql: Sql): Promise<ChainIdentity | undefined> {
  const row = await sql.get('SELECT * FROM chain_identity WHERE id = 1');
  if (row === undefined) return undefined;
  return {
    chainId: bigintOf(row, 'chain_id'),
    genesisHash: textOf(row, 'genesis_hash'),
    registry: textOf(row, 'registry'),
    market: textOf(row, 'market'),
    epochSeconds: integerOf(row, 'epoch_seconds'),
    minimumEdgeStakeWei: bigintOf(row, 'minimum_edge_stake_wei'),
    protocolFeeBps: integerOf(row, 'protocol_fee_bps'),
  };
}

export async function writeChainIdentity(sql: Sql, identity: ChainIdentity): Promise<void> {
  await sql.run(
    `INSERT INTO chain_identity (id, chain_id, genesis_hash, registry, market, epoch_seconds, minimum_edge_stake_wei,
       protocol_fee_bps, undo_after_block)
     VALUES (1, ?, ?, ?, ?, ?, ?, ?, 0)`,
    identity.chainId.toString(),
    identity.genesisHash,
    identity.registry,
    identity.market,
    identity.epochSeconds,
    identity.minimumEdgeStakeWei.toString(),
    identity.protocolFeeBps,
  );
}

/** The last block applied, if any. */
export function readTip(sql: Sql): Promise<IndexedBlock | undefined> {
  return oneBlock(sql, 'SELECT * FROM blocks ORDER BY number DESC LIMIT 1');
}

/** The highest stored block at or below `number`. */
export function readBlockAtOrBelow(sql: Sql, number: number): Promise<IndexedBlock | undefined> {
  return oneBlock(sql, 'SELECT * FROM blocks WHERE number <= ? ORDER BY number DESC LIMIT 1', number);
}

export async function writeBlock(sql: Sql, block: IndexedBlock): Promise<void> {
  await sql.run(
    'INSERT INTO blocks (number, hash, timestamp_seconds) VALUES (?, ?, ?)',
    block.number,
    block.hash,
    block.timestampSeconds,
  );
}

/** Arguments of events that name a node, whatever its part is. */
const NODE_ARGUMENTS = ['node', 'operator', 'peer'];

/** @param subject deal id or node address that the event is about */
export async function writeEvent(sql: Sql, event: ChainEvent, subject: string): Promise<void> {
  const node = NODE_ARGUMENTS.map((name) => event.arguments[name]).find((value) => typeof value === 'string');
  await sql.run(
    `INSERT INTO events (block_number, log_index, block_hash, transaction_hash, contract, name, subject, arguments, node,
       timestamp_seconds)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    event.blockNumber,
    event.logIndex,
    event.blockHash,
    event.transactionHash,
    event.contract,
    event.name,
    subject,
    JSON.stringify(event.arguments),
    node ?? null,
    event.blockTimestampSeconds,
  );
}

/** Blocks up to this one can no longer be taken back row by row. */
export async function readUndoHorizon(sql: Sql): Promise<number> {
  const row = await sql.get('SELECT undo_after_block FROM chain_identity WHERE id = 1');
  return row === undefined ? 0 : integerOf(row, 'undo_after_block');
}

/** Forgets how to take back blocks up to `number`, and all but every hundredth of their hashes. */
export async function moveUndoHorizon(sql: Sql, number: number): Promise<void> {
  if (number <= (await readUndoHorizon(sql))) return;
  await sql.run('DELETE FROM undo_rows WHERE block_number <= ?', number);
  await sql.run('DELETE FROM blocks WHERE number < ? AND number % 100 <> 0', number);
  await sql.run('UPDATE chain_identity SET undo_after_block = ? WHERE id = 1', number);
}

async function oneBlock(sql: Sql, statement: string, ...values: number[]): Promise<IndexedBlock | undefined> {
  const row: Row | undefined = await sql.get(statement, ...values);
  if (row === undefined) return undefined;
  return {
    number: integerOf(row, 'number'),
    hash: textOf(row, 'hash'),
    timestampSeconds: integerOf(row, 'timestamp_seconds'),
  };
}
