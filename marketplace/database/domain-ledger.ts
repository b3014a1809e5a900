import { parseAddress, type Address, type DealId, type GrantHash } from '../../sdk/protocol/identifiers.ts';
import { parseNetworkDomain, type NetworkDomain } from '../../sdk/protocol/network-domain.ts';
import { MarketplaceError } from '../errors.ts';
import type { Row, Sql } from './database.ts';
import { integerOf, textOf } from './rows.ts';

/** One domain's account in one deal. */
export interface DomainAccount {
  readonly dealId: DealId;
  readonly domain: NetworkDomain;
}

/** What the peers of a domain have given, and what was lent to it; never more than they gave. */
export interface DomainBalance {
  readonly domain: NetworkDomain;
  /** Bytes that viewers receipted to its peers. */
  readonly contributedBytes: bigint;
  /** Caps of all carriage grants that were issued for it. */
  readonly carriedBytes: bigint;
}

/** A grant by which an edge carries. */
export interface CarriageGrant {
  readonly grantHash: GrantHash;
  readonly dealId: DealId;
  readonly edge: Address;
  readonly viewerKey: Address;
  readonly epoch: number;
  readonly capBytes: bigint;
  /** The domain that is charged; undefined between two edges, whose viewers' domains are charged. */
  readonly domain: NetworkDomain | undefined;
  readonly issuedAtMs: number;
}

/** In the transaction that keeps the receipt, so that both are on disk or neither. */
export async function addContribution(sql: Sql, account: DomainAccount, bytes: bigint): Promise<void> {
  await sql.run(
    `INSERT INTO domain_ledger (deal_id, domain, contributed_bytes, carried_bytes) VALUES (?, ?, ?, 0)
     ON CONFLICT (deal_id, domain) DO UPDATE
     SET contributed_bytes = domain_ledger.contributed_bytes + excluded.contributed_bytes`,
    account.dealId,
    account.domain,
    Number(bytes),
  );
}

export async function findBalance(sql: Sql, { dealId, domain }: DomainAccount): Promise<DomainBalance> {
  const row = await sql.get('SELECT * FROM domain_ledger WHERE deal_id = ? AND domain = ?', dealId, domain);
  return row === undefined ? { domain, contributedBytes: 0n, carriedBytes: 0n } : balanceOf(row);
}

/** Accounts of a deal in the order of their names. @param limit most that are read */
export async function readBalances(sql: Sql, dealId: DealId, limit: number): Promise<DomainBalance[]> {
  const rows = await sql.all(
    'SELECT * FROM domain_ledger WHERE deal_id = ? ORDER BY domain LIMIT ?',
    dealId,
    limit,
  );
  return rows.map(balanceOf);
}

/** Over all deals. */
export async function sumBalances(sql: Sql): Promise<Omit<DomainBalance, 'domain'>> {
  const row = await sql.get(
    `SELECT COALESCE(SUM(contributed_bytes), 0) AS contributed_bytes, COALESCE(SUM(carried_bytes), 0) AS carried_bytes
     FROM domain_ledger`,
  );
  if (row === undefined) return { contributedBytes: 0n, carriedBytes: 0n };
  return amountsOf(row);
}

/**
 * Writes a carriage grant down and charges its cap; the database refuses what was not contributed.
 * @throws MarketplaceError CARRIAGE_EXHAUSTED for a domain without an account
 */
export async function insertCarriage(sql: Sql, carriage: CarriageGrant): Promise<void> {
  const { grantHash, dealId, edge, viewerKey, epoch, capBytes, domain, issuedAtMs } = carriage;
  if (domain !== undefined) {
    const charged = await sql.run(
      'UPDATE domain_ledger SET carried_bytes = carried_bytes + ? WHERE deal_id = ? AND domain = ?',
      ...[Number(capBytes), dealId, domain],
    );
    if (charged === 0) {
      throw new MarketplaceError('CARRIAGE_EXHAUSTED', 'Peers of this domain have given nothing yet.', {
        ...{ dealId, domain },
      });
    }
  }
  await sql.run(
    `INSERT INTO carriage_grants (grant_hash, deal_id, edge, viewer_key, epoch, cap_bytes, domain, issued_at_ms, sequence)
     SELECT ?, ?, ?, ?, ?, ?, ?, ?, COALESCE(MAX(sequence), 0) + 1 FROM carriage_grants`,
    ...[grantHash, dealId, edge, viewerKey, epoch, Number(capBytes), domain ?? null, issuedAtMs],
  );
}

/** Caps of carriage grants of a viewer at an edge in an epoch: grants carry no serial number, another one differs. */
export async function readCarriageCaps(
  sql: Sql,
  of: Pick<CarriageGrant, 'dealId' | 'edge' | 'viewerKey' | 'epoch'>,
): Promise<number[]> {
  const rows = await sql.all(
    'SELECT cap_bytes FROM carriage_grants WHERE viewer_key = ? AND deal_id = ? AND epoch = ? AND edge = ?',
    ...[of.viewerKey, of.dealId, of.epoch, of.edge],
  );
  return rows.map((row) => integerOf(row, 'cap_bytes'));
}

/** Edges that carry a deal in an epoch, in the order in which they began: the order of the tree. */
export async function readCarriers(
  sql: Sql,
  dealId: DealId,
  epoch: number,
  limit: number,
): Promise<Address[]> {
  const rows = await sql.all(
    `SELECT edge, MIN(sequence) AS since FROM carriage_grants WHERE deal_id = ? AND epoch = ?
     GROUP BY edge ORDER BY since LIMIT ?`,
    ...[dealId, epoch, limit],
  );
  return rows.map((row) => parseAddress(textOf(row, 'edge')));
}

/**
 * Bytes that an edge may still ask of others in order to carry a deal in an epoch: what it was told to carry, less what
 * it was granted elsewhere for that. No edge is given more than it passes on.
 */
export async function readSourceRoom(
  sql: Sql,
  { dealId, edge, epoch }: { readonly dealId: DealId; readonly edge: Address; readonly epoch: number },
): Promise<bigint> {
  const row = await sql.get(
    `SELECT (SELECT COALESCE(SUM(cap_bytes), 0) FROM carriage_grants WHERE deal_id = ? AND epoch = ? AND edge = ?)
       - (SELECT COALESCE(SUM(cap_bytes), 0) FROM carriage_grants WHERE viewer_key = ? AND deal_id = ? AND epoch = ?)
       - (SELECT COALESCE(SUM(cap_bytes), 0) FROM grants
          WHERE viewer_key = ? AND deal_id = ? AND epoch = ? AND peer_rate_per_gib IS NOT NULL) AS room`,
    ...[dealId, epoch, edge, edge, dealId, epoch, edge, dealId, epoch],
  );
  const room = row === undefined ? 0 : integerOf(row, 'room');
  return room > 0 ? BigInt(room) : 0n;
}

function balanceOf(row: Row): DomainBalance {
  return { domain: parseNetworkDomain(textOf(row, 'domain')), ...amountsOf(row) };
}

function amountsOf(row: Row): Omit<DomainBalance, 'domain'> {
  return {
    contributedBytes: BigInt(integerOf(row, 'contributed_bytes')),
    carriedBytes: BigInt(integerOf(row, 'carried_bytes')),
  };
}
