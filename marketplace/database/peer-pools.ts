import { parseBytes32, type Address, type DealId } from '../../sdk/protocol/identifiers.ts';
import type { Hex } from '../../sdk/protocol/bytes.ts';
import type { Row, Sql } from './database.ts';
import { bigintOf, integerOf, optionalTextOf } from './rows.ts';

/** The peer pool of a deal as the chain has it. */
export interface PeerPoolRecord {
  /** Put in since the deal began, less what was released. */
  readonly fundedWei: bigint;
  readonly claimedWei: bigint;
  /** Total of the current root. */
  readonly postedWei: bigint;
  /** Undefined before the first root. */
  readonly root: Hex | undefined;
  readonly previousRoot: Hex | undefined;
  /** Of the current root; 0 before the first. */
  readonly sequence: number;
  /** Unix seconds of the block that posted the current root; 0 before the first. */
  readonly postedAtSeconds: number;
  /** First epoch in which the pool may be released; 0 unless thawing. */
  readonly thawEndEpoch: number;
}

/** @returns undefined for a deal whose pool was never funded */
export async function findPeerPool(sql: Sql, dealId: DealId): Promise<PeerPoolRecord | undefined> {
  const row = await sql.get('SELECT * FROM peer_pools WHERE deal_id = ?', dealId);
  if (row === undefined) return undefined;
  return {
    fundedWei: bigintOf(row, 'funded_wei'),
    claimedWei: bigintOf(row, 'claimed_wei'),
    postedWei: bigintOf(row, 'posted_wei'),
    root: rootOf(row, 'root'),
    previousRoot: rootOf(row, 'previous_root'),
    sequence: integerOf(row, 'sequence'),
    postedAtSeconds: integerOf(row, 'posted_at_seconds'),
    thawEndEpoch: integerOf(row, 'thaw_end'),
  };
}

/** What the chain has paid a peer of a deal since it began. */
export async function readPeerPaidWei(sql: Sql, key: { dealId: DealId; peer: Address }): Promise<bigint> {
  const row = await sql.get(
    'SELECT paid_wei FROM peer_payments WHERE deal_id = ? AND peer = ?',
    key.dealId,
    key.peer,
  );
  return row === undefined ? 0n : bigintOf(row, 'paid_wei');
}

function rootOf(row: Row, column: string): Hex | undefined {
  const text = optionalTextOf(row, column);
  return text === undefined ? undefined : parseBytes32(text, 'peer root');
}
