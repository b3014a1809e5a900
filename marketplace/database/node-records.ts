import { parseAddress, parseNid, type Address, type Nid } from '../../sdk/protocol/identifiers.ts';
import { MarketplaceError } from '../errors.ts';
import type { Row, Sql } from './database.ts';
import { bigintOf, integerOf, optionalTextOf, textOf } from './rows.ts';

/** A registered node as the chain has it. */
export interface NodeRecord {
  readonly address: Address;
  readonly role: 'peer' | 'edge';
  readonly region: string;
  readonly libp2pPublicKey: string;
  readonly nid: Nid | undefined;
  readonly askWeiPerGiB: bigint;
  readonly stakeWei: bigint;
  readonly unbondingWei: bigint;
  /** Unix seconds; 0 if nothing is being unbonded. */
  readonly unbondingEndsAt: number;
  /** The contract's rule: a staked edge with a position, or a peer, that is not leaving. */
  readonly active: boolean;
  readonly endpoints: readonly string[];
}

export interface Page {
  readonly offset: number;
  readonly limit: number;
}

export interface PageOf<T> {
  readonly total: number;
  readonly rows: readonly T[];
}

export async function findNode(sql: Sql, address: Address): Promise<NodeRecord | undefined> {
  const row = await sql.get('SELECT * FROM nodes WHERE address = ?', address);
  return row === undefined ? undefined : nodeOf(row);
}

/** Nodes in the order of their addresses; an absent filter matches all. */
export async function listNodes(
  sql: Sql,
  filter: { region?: string; role?: string; active?: boolean },
  page: Page,
): Promise<PageOf<NodeRecord>> {
  const condition = `(? IS NULL OR region = ?) AND (? IS NULL OR role = ?) AND (? IS NULL OR active = ?)`;
  const region = filter.region ?? null;
  const role = filter.role ?? null;
  const active = filter.active === undefined ? null : Number(filter.active);
  const values = [region, region, role, role, active, active];
  const count = await sql.get(`SELECT COUNT(*) AS total FROM nodes WHERE ${condition}`, ...values);
  const rows = await sql.all(
    `SELECT * FROM nodes WHERE ${condition} ORDER BY address LIMIT ? OFFSET ?`,
    ...values,
    page.limit,
    page.offset,
  );
  return { total: count === undefined ? 0 : integerOf(count, 'total'), rows: rows.map(nodeOf) };
}

/** Active nodes of either role. @param limit most that are read */
export async function readActiveNodes(sql: Sql, limit: number): Promise<NodeRecord[]> {
  return (await sql.all('SELECT * FROM nodes WHERE active = 1 ORDER BY address LIMIT ?', limit)).map(nodeOf);
}

/** Every edge, for planning. @param limit most that are read */
export async function readEdges(sql: Sql, limit: number): Promise<NodeRecord[]> {
  return (await sql.all(`SELECT * FROM nodes WHERE role = 'edge' ORDER BY address LIMIT ?`, limit)).map(
    nodeOf,
  );
}

/**
 * Active edges, nodes with money in a deal that is still open or closing, and peers that hold paid content now.
 * @param range.limit most that are read
 */
export async function readServingNodes(
  sql: Sql,
  range: { nowSeconds: number; limit: number },
): Promise<NodeRecord[]> {
  const rows = await sql.all(
    `SELECT * FROM nodes WHERE address IN (
       SELECT node FROM allocations JOIN deals ON deals.deal_id = allocations.deal_id
       WHERE deals.state <> 'closed' AND allocations.state IN ('active', 'thawing'))
     OR (role = 'edge' AND active = 1)
     OR address IN (SELECT peer FROM peer_holdings WHERE expires_at_seconds > ?)
     ORDER BY address LIMIT ?`,
    range.nowSeconds,
    range.limit,
  );
  return rows.map(nodeOf);
}

function nodeOf(row: Row): NodeRecord {
  const nid = optionalTextOf(row, 'nid');
  return {
    address: parseAddress(textOf(row, 'address')),
    role: textOf(row, 'role') === 'edge' ? 'edge' : 'peer',
    region: textOf(row, 'region'),
    libp2pPublicKey: textOf(row, 'libp2p_public_key'),
    nid: nid === undefined ? undefined : parseNid(nid),
    askWeiPerGiB: bigintOf(row, 'ask_wei_per_gib'),
    stakeWei: bigintOf(row, 'stake_wei'),
    unbondingWei: bigintOf(row, 'unbonding_wei'),
    unbondingEndsAt: integerOf(row, 'unbonding_ends_at'),
    active: integerOf(row, 'active') === 1,
    endpoints: endpointsOf(row),
  };
}

function endpointsOf(row: Row): string[] {
  const list: unknown = JSON.parse(textOf(row, 'endpoints'));
  if (!Array.isArray(list)) {
    throw new MarketplaceError('DATABASE_CORRUPT', 'The endpoints of a node are no list.', {
      column: 'endpoints',
    });
  }
  return list.map(String);
}
