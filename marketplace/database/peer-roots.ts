import { parseAddress, parseBytes32, type Address, type DealId } from '../../sdk/protocol/identifiers.ts';
import type { PeerLeaf, PeerRoot } from '../../sdk/protocol/peer-root.ts';
import type { Row, Sql } from './database.ts';
import { bigintOf, bytesOf, integerOf, textOf } from './rows.ts';

/** A root that the collector has signed. */
export interface SignedPeerRoot {
  readonly statement: PeerRoot;
  /** The collector key that signed it. */
  readonly collector: Address;
  readonly signature: Uint8Array;
}

/** Roots below the newest whose leaves are kept: the contract takes claims from the current one and the one before. */
const KEPT_SEQUENCES = 3;

/** The signed root with a sequence, or the newest. */
export async function findPeerRoot(
  sql: Sql,
  dealId: DealId,
  sequence?: number,
): Promise<SignedPeerRoot | undefined> {
  const row = await sql.get(
    'SELECT * FROM peer_roots WHERE deal_id = ? AND (? IS NULL OR sequence = ?) ORDER BY sequence DESC LIMIT 1',
    dealId,
    sequence ?? null,
    sequence ?? null,
  );
  return row === undefined ? undefined : rootOf(dealId, row);
}

/** Signed roots from `fromSequence` on. */
export async function readPeerRoots(
  sql: Sql,
  dealId: DealId,
  fromSequence: number,
): Promise<SignedPeerRoot[]> {
  const rows = await sql.all(
    'SELECT * FROM peer_roots WHERE deal_id = ? AND sequence >= ? ORDER BY sequence',
    dealId,
    fromSequence,
  );
  return rows.map((row) => rootOf(dealId, row));
}

/** Amounts of all peers that any root of the deal has named. */
export async function readSignedAmounts(sql: Sql, dealId: DealId): Promise<Map<Address, bigint>> {
  const rows = await sql.all('SELECT peer, signed_wei FROM peer_amounts WHERE deal_id = ?', dealId);
  return new Map(rows.map((row) => [parseAddress(textOf(row, 'peer')), bigintOf(row, 'signed_wei')]));
}

/** The leaves of a signed root. */
export async function readPeerLeaves(sql: Sql, dealId: DealId, sequence: number): Promise<PeerLeaf[]> {
  const rows = await sql.all(
    'SELECT peer, cumulative_wei FROM peer_leaves WHERE deal_id = ? AND sequence = ?',
    dealId,
    sequence,
  );
  return rows.map((row) => ({
    peer: parseAddress(textOf(row, 'peer')),
    cumulativeWei: bigintOf(row, 'cumulative_wei'),
  }));
}

/**
 * Writes a root down with its leaves, before it leaves this process. The table of amounts refuses one that is lower
 * than what the peer was promised before.
 */
export async function savePeerRoot(
  sql: Sql,
  signed: SignedPeerRoot,
  written: { leaves: readonly PeerLeaf[]; atMs: number },
): Promise<void> {
  const { dealId, sequence, root, totalWei } = signed.statement;
  await sql.run(
    `INSERT INTO peer_roots (deal_id, sequence, root, total_wei, collector, signature, signed_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    dealId,
    sequence,
    root,
    totalWei.toString(),
    signed.collector,
    signed.signature,
    written.atMs,
  );
  for (const { peer, cumulativeWei } of written.leaves) {
    const wei = cumulativeWei.toString();
    await sql.run(
      `INSERT INTO peer_amounts (deal_id, peer, signed_wei, floor_wei) VALUES (?, ?, ?, '0')
       ON CONFLICT (deal_id, peer) DO UPDATE SET floor_wei = peer_amounts.signed_wei, signed_wei = excluded.signed_wei`,
      dealId,
      peer,
      wei,
    );
    await sql.run(
      'INSERT INTO peer_leaves (deal_id, sequence, peer, cumulative_wei) VALUES (?, ?, ?, ?)',
      dealId,
      sequence,
      peer,
      wei,
    );
  }
  await sql.run(
    'DELETE FROM peer_leaves WHERE deal_id = ? AND sequence <= ?',
    dealId,
    sequence - KEPT_SEQUENCES,
  );
}

/** Replaces the signature of a root that was signed with a key that has been rotated out since. */
export async function renewPeerRootSignature(sql: Sql, signed: SignedPeerRoot): Promise<void> {
  await sql.run(
    'UPDATE peer_roots SET collector = ?, signature = ? WHERE deal_id = ? AND sequence = ?',
    signed.collector,
    signed.signature,
    signed.statement.dealId,
    signed.statement.sequence,
  );
}

function rootOf(dealId: DealId, row: Row): SignedPeerRoot {
  return {
    statement: {
      dealId,
      sequence: integerOf(row, 'sequence'),
      root: parseBytes32(textOf(row, 'root'), 'peer root'),
      totalWei: bigintOf(row, 'total_wei'),
    },
    collector: parseAddress(textOf(row, 'collector')),
    signature: bytesOf(row, 'signature'),
  };
}
