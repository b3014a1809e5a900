import type { Row, Sql } from './database.ts';
import { bigintOf, integerOf, optionalTextOf } from './rows.ts';

const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 86_400;

/** The market at one moment. */
export interface MarketSample {
  /** Unix seconds. */
  readonly atSeconds: number;
  readonly activeNodes: number;
  /** Of them, those that answered when they were last asked. */
  readonly readyNodes: number;
  readonly openDeals: number;
  /** What the market holds for all deals: deposited, less withdrawn, less paid. */
  readonly escrowedWei: bigint;
  /** Counted by all receipts since the beginning. */
  readonly deliveredBytes: bigint;
  /** To nodes and peers since the beginning, protocol fee included. */
  readonly paidWei: bigint;
  /** Over the active edges; undefined if there is none. */
  readonly medianAskWeiPerGiB: bigint | undefined;
}

/** How long samples are kept, and how dense. */
export interface SampleThinning {
  /** Older ones are thinned to one an hour, seconds. */
  readonly hourlyAfterSeconds: number;
  /** Older ones are thinned to one a day, seconds. */
  readonly dailyAfterSeconds: number;
  /** Older ones are forgotten, seconds. */
  readonly forgottenAfterSeconds: number;
}

/** Keeps a sample; the first of a moment stays. */
export async function saveSample(sql: Sql, sample: MarketSample): Promise<void> {
  await sql.run(
    `INSERT INTO market_samples (at_seconds, active_nodes, ready_nodes, open_deals, escrowed_wei, delivered_bytes, paid_wei,
       median_ask_wei_per_gib)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (at_seconds) DO NOTHING`,
    sample.atSeconds,
    sample.activeNodes,
    sample.readyNodes,
    sample.openDeals,
    sample.escrowedWei.toString(),
    Number(sample.deliveredBytes),
    sample.paidWei.toString(),
    sample.medianAskWeiPerGiB?.toString() ?? null,
  );
}

/** Samples since a time, the oldest first. */
export async function readSamples(sql: Sql, sinceSeconds: number): Promise<MarketSample[]> {
  const rows = await sql.all(
    'SELECT * FROM market_samples WHERE at_seconds >= ? ORDER BY at_seconds',
    sinceSeconds,
  );
  return rows.map(sampleOf);
}

/** Leaves the first sample of each hour, and of each day, of what is old enough; forgets the oldest. */
export async function thinSamples(sql: Sql, nowSeconds: number, thinning: SampleThinning): Promise<void> {
  const { hourlyAfterSeconds, dailyAfterSeconds, forgottenAfterSeconds } = thinning;
  await sql.run('DELETE FROM market_samples WHERE at_seconds < ?', nowSeconds - forgottenAfterSeconds);
  await keepFirstOf(sql, HOUR_SECONDS, nowSeconds - hourlyAfterSeconds);
  await keepFirstOf(sql, DAY_SECONDS, nowSeconds - dailyAfterSeconds);
}

async function keepFirstOf(sql: Sql, periodSeconds: number, beforeSeconds: number): Promise<void> {
  // Integers divide to integers, in SQLite and PostgreSQL alike.
  await sql.run(
    `DELETE FROM market_samples WHERE at_seconds < ?
       AND at_seconds NOT IN (SELECT MIN(at_seconds) FROM market_samples GROUP BY at_seconds / ${periodSeconds})`,
    beforeSeconds,
  );
}

function sampleOf(row: Row): MarketSample {
  const ask = optionalTextOf(row, 'median_ask_wei_per_gib');
  return {
    atSeconds: integerOf(row, 'at_seconds'),
    activeNodes: integerOf(row, 'active_nodes'),
    readyNodes: integerOf(row, 'ready_nodes'),
    openDeals: integerOf(row, 'open_deals'),
    escrowedWei: bigintOf(row, 'escrowed_wei'),
    deliveredBytes: BigInt(integerOf(row, 'delivered_bytes')),
    paidWei: bigintOf(row, 'paid_wei'),
    medianAskWeiPerGiB: ask === undefined ? undefined : bigintOf(row, 'median_ask_wei_per_gib'),
  };
}
