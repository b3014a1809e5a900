import type { Grant, SignedGrant } from '../../sdk/protocol/grant.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
  parseGrantHash,
  type Address,
  type DealId,
  type GrantHash,
} from '../../sdk/protocol/identifiers.ts';
import { parseNetworkDomain, type NetworkDomain } from '../../sdk/protocol/network-domain.ts';
import type { Row, Sql } from './database.ts';
import { USED_CHALLENGES_KEPT_SECONDS } from '../limits.ts';
import { inStatements, listOf } from './many-rows.ts';
import { bigintOf, bytesOf, integerOf, optionalTextOf, textOf } from './rows.ts';

/** A grant that this coordinator has issued. */
export interface IssuedGrant extends SignedGrant {
  readonly grantHash: GrantHash;
  readonly issuedAtMs: number;
  /** What a peer is paid for a GiB under it, from the deal's peer pool; undefined for a node with an allocation. */
  readonly peerRatePerGiB: bigint | undefined;
  /** Domain of the peer when the grant was issued, where its bytes count as contributed. @default none */
  readonly peerDomain?: NetworkDomain | undefined;
  /** Where the viewer said that it is. @default it did not say */
  readonly viewerRegion?: string | undefined;
}

export async function insertGrant(sql: Sql, issued: IssuedGrant): Promise<void> {
  const { grant } = issued;
  await sql.run(
    `INSERT INTO grants (grant_hash, deal_id, node, viewer_key, epoch, cap_bytes, content_root, signature, issued_at_ms,
       peer_rate_per_gib, peer_domain, viewer_region)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    issued.grantHash,
    grant.dealId,
    grant.node,
    grant.viewerKey,
    grant.epoch,
    Number(grant.capBytes),
    grant.contentRoot,
    issued.signature,
    issued.issuedAtMs,
    issued.peerRatePerGiB?.toString() ?? null,
    issued.peerDomain ?? null,
    issued.viewerRegion ?? null,
  );
  if (issued.peerRatePerGiB === undefined) await addGranted(sql, grant);
}

/** An allocation has as many grants as viewers: their sum is kept, because each request for grants asks for it. */
async function addGranted(sql: Sql, { dealId, node, epoch, capBytes }: Grant): Promise<void> {
  await sql.run(
    `INSERT INTO granted_epochs (deal_id, node, epoch, bytes) VALUES (?, ?, ?, ?)
     ON CONFLICT (deal_id, node, epoch) DO UPDATE SET bytes = granted_epochs.bytes + excluded.bytes`,
    dealId,
    node,
    epoch,
    Number(capBytes),
  );
}

/** Those of the grants that this coordinator has issued. */
export async function readGrants(
  sql: Sql,
  grantHashes: readonly GrantHash[],
): Promise<ReadonlyMap<GrantHash, IssuedGrant>> {
  const found = new Map<GrantHash, IssuedGrant>();
  for (const hashes of inStatements([...new Set(grantHashes)])) {
    const rows = await sql.all(
      `SELECT * FROM grants WHERE grant_hash IN ${listOf(hashes.length)}`,
      ...hashes,
    );
    for (const issued of rows.map(issuedGrantOf)) found.set(issued.grantHash, issued);
  }
  return found;
}

/** Caps already given to a viewer for a node in an epoch: another grant must differ, or it would be the same one. */
export async function readCapsOf(
  sql: Sql,
  grant: Pick<Grant, 'dealId' | 'node' | 'viewerKey' | 'epoch'>,
): Promise<number[]> {
  const rows = await sql.all(
    'SELECT cap_bytes FROM grants WHERE viewer_key = ? AND node = ? AND epoch = ? AND deal_id = ?',
    grant.viewerKey,
    grant.node,
    grant.epoch,
    grant.dealId,
  );
  return rows.map((row) => integerOf(row, 'cap_bytes'));
}

/** Bytes that grants of epochs above `afterEpoch` allow from a node at the expense of its allocation. */
export async function sumGrantedBytes(
  sql: Sql,
  allocation: { dealId: DealId; node: Address },
  afterEpoch: number,
): Promise<bigint> {
  const row = await sql.get(
    'SELECT COALESCE(SUM(bytes), 0) AS granted FROM granted_epochs WHERE deal_id = ? AND node = ? AND epoch > ?',
    allocation.dealId,
    allocation.node,
    afterEpoch,
  );
  return row === undefined ? 0n : BigInt(integerOf(row, 'granted'));
}

/** Whether a challenge has been answered already. */
export async function hasUsedChallenge(sql: Sql, nonce: string): Promise<boolean> {
  return (await sql.get('SELECT nonce FROM used_challenges WHERE nonce = ?', nonce)) !== undefined;
}

/** Remembers a challenge as used, and forgets those that expired USED_CHALLENGES_KEPT_SECONDS before `nowSeconds`. */
export async function useChallenge(
  sql: Sql,
  challenge: { nonce: string; expiresAtSeconds: number },
  nowSeconds: number,
): Promise<void> {
  const forgotten = nowSeconds - USED_CHALLENGES_KEPT_SECONDS;
  await sql.run('DELETE FROM used_challenges WHERE expires_at_seconds < ?', forgotten);
  await sql.run(
    'INSERT INTO used_challenges (nonce, expires_at_seconds) VALUES (?, ?)',
    challenge.nonce,
    challenge.expiresAtSeconds,
  );
}

export function issuedGrantOf(row: Row): IssuedGrant {
  const peerDomain = optionalTextOf(row, 'peer_domain');
  return {
    grantHash: parseGrantHash(textOf(row, 'grant_hash')),
    grant: {
      dealId: parseDealId(textOf(row, 'deal_id')),
      node: parseAddress(textOf(row, 'node')),
      viewerKey: parseAddress(textOf(row, 'viewer_key')),
      epoch: parseEpoch(integerOf(row, 'epoch')),
      capBytes: BigInt(integerOf(row, 'cap_bytes')),
      contentRoot: parseContentRoot(textOf(row, 'content_root')),
    },
    signature: bytesOf(row, 'signature'),
    issuedAtMs: integerOf(row, 'issued_at_ms'),
    peerRatePerGiB:
      optionalTextOf(row, 'peer_rate_per_gib') === undefined ? undefined : bigintOf(row, 'peer_rate_per_gib'),
    peerDomain: peerDomain === undefined ? undefined : parseNetworkDomain(peerDomain),
    viewerRegion: optionalTextOf(row, 'viewer_region'),
  };
}
