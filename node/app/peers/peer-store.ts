import type { DatabaseSync } from 'node:sqlite';

import { parseDealId, parseEpoch, type DealId, type Epoch } from '../../../sdk/protocol/identifiers.ts';
import { openVersionedDatabase } from '../../adapters/disk/versioned-database.ts';

const SCHEMA = `
  CREATE TABLE accounts (
    deal_id TEXT PRIMARY KEY, handed_through INTEGER NOT NULL, handed_bytes TEXT NOT NULL, earned_wei TEXT NOT NULL,
    covered_through INTEGER NOT NULL, posted_wei TEXT NOT NULL, paid_wei TEXT NOT NULL);
  CREATE TABLE claims (
    transaction_hash TEXT PRIMARY KEY, deal_id TEXT NOT NULL, paid_wei TEXT NOT NULL, gas_used TEXT NOT NULL,
    gas_cost_wei TEXT NOT NULL, at_seconds INTEGER NOT NULL);`;

/** What a peer knows of its money in one deal. The receipts themselves are in the journal. */
export interface PeerAccount {
  readonly dealId: DealId;
  /** Receipts of epochs up to this one are with the coordinator. */
  readonly handedThrough: Epoch;
  /** Bytes that the coordinator counts for this peer since the deal began. */
  readonly handedBytes: bigint;
  /** What it says they are worth. */
  readonly earnedWei: bigint;
  /** Epochs up to this one are covered by a root on chain. */
  readonly coveredThrough: Epoch;
  /** This peer's amount under the roots on chain. */
  readonly postedWei: bigint;
  /** By the chain. */
  readonly paidWei: bigint;
}

/** A claim that was paid. */
export interface PeerClaimNote {
  readonly transaction: string;
  readonly dealId: DealId;
  readonly paidWei: bigint;
  readonly gasUsed: bigint;
  /** Wei of the chain's coin. */
  readonly gasCostWei: bigint;
  readonly atSeconds: number;
}

const EMPTY = {
  handedThrough: parseEpoch(0),
  handedBytes: 0n,
  earnedWei: 0n,
  coveredThrough: parseEpoch(0),
  postedWei: 0n,
  paidWei: 0n,
};

/**
 * What a peer remembers of its accounts over a restart. All of it can be had again from the journal, the coordinator and
 * the chain: a lost file costs questions, not money.
 */
export class PeerStore {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Opens or creates the store. @throws StorageError STORE_VERSION_UNKNOWN */
  static open(path: string): PeerStore {
    return new PeerStore(openVersionedDatabase(path, { migrations: [SCHEMA] }));
  }

  close(): void {
    this.#database.close();
  }

  account(dealId: DealId): PeerAccount {
    return this.accounts().find((account) => account.dealId === dealId) ?? { dealId, ...EMPTY };
  }

  accounts(): PeerAccount[] {
    return this.#database
      .prepare('SELECT * FROM accounts ORDER BY deal_id')
      .all()
      .map((row) => ({
        dealId: parseDealId(String(row['deal_id'])),
        handedThrough: parseEpoch(Number(row['handed_through'])),
        handedBytes: BigInt(String(row['handed_bytes'])),
        earnedWei: BigInt(String(row['earned_wei'])),
        coveredThrough: parseEpoch(Number(row['covered_through'])),
        postedWei: BigInt(String(row['posted_wei'])),
        paidWei: BigInt(String(row['paid_wei'])),
      }));
  }

  /** Replaces some figures of an account. */
  note(dealId: DealId, change: Partial<Omit<PeerAccount, 'dealId'>>): PeerAccount {
    const account = { ...this.account(dealId), ...change };
    this.#database
      .prepare('INSERT OR REPLACE INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?)')
      .run(
        dealId,
        account.handedThrough,
        account.handedBytes.toString(),
        account.earnedWei.toString(),
        account.coveredThrough,
        account.postedWei.toString(),
        account.paidWei.toString(),
      );
    return account;
  }

  /** Records a claim; the same one again changes nothing. */
  noteClaim(note: PeerClaimNote): void {
    this.#database
      .prepare('INSERT OR IGNORE INTO claims VALUES (?, ?, ?, ?, ?, ?)')
      .run(
        note.transaction,
        note.dealId,
        note.paidWei.toString(),
        note.gasUsed.toString(),
        note.gasCostWei.toString(),
        note.atSeconds,
      );
  }

  /** Every claim, oldest first. */
  claims(): PeerClaimNote[] {
    return this.#database
      .prepare('SELECT * FROM claims ORDER BY at_seconds, rowid')
      .all()
      .map((row) => ({
        transaction: String(row['transaction_hash']),
        dealId: parseDealId(String(row['deal_id'])),
        paidWei: BigInt(String(row['paid_wei'])),
        gasUsed: BigInt(String(row['gas_used'])),
        gasCostWei: BigInt(String(row['gas_cost_wei'])),
        atSeconds: Number(row['at_seconds']),
      }));
  }
}
