import pg from 'pg';

import { isYounger, type Clock } from '../../sdk/pacing/clock.ts';
import { MarketplaceError } from '../errors.ts';
import { DATABASE_FIRST_RECONNECT_DELAY_MS, DATABASE_MAX_RECONNECT_DELAY_MS } from '../limits.ts';
import type { Sql } from './database.ts';
import type { PostgresAddress } from './postgres-address.ts';
import { connectionSettings, postgresSql } from './postgres-connection.ts';
import { isConnectionLost, postgresFailure } from './postgres-failure.ts';

/** First half of the advisory lock's key, "bcdn" in ASCII; the second half is the schema's name. */
const LOCK_CLASS = 0x6263646e;
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * The one connection that writes. It holds the database's writer lock for as long as it lives: a second marketplace is
 * refused, and one whose connection broke can write nothing until it has the lock again.
 */
export class PostgresWriter {
  readonly #address: PostgresAddress;
  readonly #clock: Clock;
  readonly #lockWaitMs: number;
  #client: pg.Client | undefined;
  #away: { readonly failure: unknown; readonly delayMs: number; readonly failedAtMs: number } | undefined;

  /** @param options.lockWaitMs how long the lock is waited for: that of a marketplace that was killed goes away */
  constructor(
    { address, clock }: { address: PostgresAddress; clock: Clock },
    options: { readonly lockWaitMs: number },
  ) {
    this.#address = address;
    this.#clock = clock;
    this.#lockWaitMs = options.lockWaitMs;
  }

  /**
   * @throws MarketplaceError DATABASE_UNREACHABLE, DATABASE_REFUSED, DATABASE_IN_USE; between two tries to connect, at
   *   once, with the failure of the last one
   */
  async transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const client = await this.#begin();
    const sql = postgresSql((query) => this.#told(client.query(query)));
    try {
      const result = await work(sql);
      const { command } = await this.#told(client.query('COMMIT'));
      // A server answers so, and not by a failure, when a statement had failed and `work` went on.
      if (command !== 'COMMIT') throw this.#notKept();
      return result;
    } catch (failure) {
      if (isConnectionLost(failure)) this.#drop(client);
      else await this.#told(client.query('ROLLBACK')).catch(() => this.#drop(client));
      throw failure;
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end();
  }

  /** A connection that turns out to be gone before anything was written is replaced once. */
  async #begin(): Promise<pg.Client> {
    const kept = this.#client;
    if (kept !== undefined) {
      try {
        await this.#told(kept.query('BEGIN'));
        return kept;
      } catch (failure) {
        this.#drop(kept);
        if (!isConnectionLost(failure)) throw failure;
      }
    }
    const fresh = await this.#connect();
    await this.#told(fresh.query('BEGIN'));
    return fresh;
  }

  async #connect(): Promise<pg.Client> {
    const nowMs = this.#clock.nowMs();
    const { delayMs: waitMs = 0, failedAtMs = 0 } = this.#away ?? {};
    if (this.#away !== undefined && isYounger(failedAtMs, nowMs, waitMs)) throw this.#away.failure;
    const client = new pg.Client(connectionSettings(this.#address));
    client.on('error', () => this.#drop(client));
    try {
      await this.#told(client.connect());
      await this.#lock(client);
      await this.#told(
        // A server may promise more than `on`, but less than that is not on disk.
        client.query(
          `SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`,
        ),
      );
    } catch (failure) {
      this.#drop(client);
      const delayMs = Math.min(
        (this.#away?.delayMs ?? DATABASE_FIRST_RECONNECT_DELAY_MS / 2) * 2,
        DATABASE_MAX_RECONNECT_DELAY_MS,
      );
      this.#away = { failure, delayMs, failedAtMs: this.#clock.nowMs() };
      throw failure;
    }
    this.#away = undefined;
    this.#client = client;
    return client;
  }

  async #lock(client: pg.Client): Promise<void> {
    const { text } = this.#address;
    try {
      await client.query(`SELECT set_config('lock_timeout', $1, false)`, [`${this.#lockWaitMs}ms`]);
      await client.query('SELECT pg_advisory_lock($1, hashtext(current_schema()))', [LOCK_CLASS]);
    } catch (failure) {
      if (!(failure instanceof pg.DatabaseError && failure.code === LOCK_NOT_AVAILABLE))
        throw postgresFailure(failure, text);
      const holder = await this.#holder(client);
      throw new MarketplaceError(
        'DATABASE_IN_USE',
        `Another marketplace writes to this database: ${holder}.`,
        { where: text, holder },
        failure,
      );
    }
  }

  /** Who holds the lock, as far as the server tells. */
  async #holder(client: pg.Client): Promise<string> {
    const found = await this.#told(
      client.query<{ pid: number; origin: string; since: string }>(
        `SELECT activity.pid, COALESCE(host(activity.client_addr), 'this machine') AS origin,
           to_char(activity.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since
         FROM pg_locks JOIN pg_stat_activity AS activity ON activity.pid = pg_locks.pid
         WHERE pg_locks.locktype = 'advisory' AND pg_locks.granted AND pg_locks.classid = $1
           AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        [LOCK_CLASS],
      ),
    );
    const [holder] = found.rows;
    if (holder === undefined) return 'it has just ended';
    return `server process ${holder.pid}, connected from ${holder.origin} since ${holder.since}`;
  }

  #notKept(): MarketplaceError {
    return new MarketplaceError(
      'DATABASE_CONFLICT',
      'A statement of the transaction had failed; nothing of it was kept.',
      { where: this.#address.text },
    );
  }

  #drop(client: pg.Client): void {
    if (this.#client === client) this.#client = undefined;
    // Nothing is lost with it: what was not committed, the server takes back.
    client.end().catch(() => undefined);
  }

  /** Failures of the connection become coded ones. */
  #told<T>(answer: Promise<T>): Promise<T> {
    return answer.catch((failure: unknown) => {
      throw postgresFailure(failure, this.#address.text);
    });
  }
}
