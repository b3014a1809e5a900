import { isYounger, type Clock } from '../../sdk/pacing/clock.ts';
import type { NodeHealth } from '../coordinator/node-health.ts';
import type { Database } from '../database/database.ts';
import { sumDelivered } from '../database/delivery-accounts.ts';
import type { MarketSample } from '../database/market-samples.ts';
import { countOpenDeals, readMarketSums } from '../database/market-sums.ts';
import { readActiveNodes } from '../database/node-records.ts';
import { MAX_MAPPED_NODES, SNAPSHOT_LIFETIME_MS } from '../limits.ts';

interface SnapshotComponents {
  readonly database: Database;
  readonly clock: Clock;
  readonly health: Pick<NodeHealth, 'lastKnown'>;
}

/** The market as it is now. Pages, metrics and the samples over time all ask here, so they cannot disagree. */
export class MarketSnapshots {
  readonly #components: SnapshotComponents;
  #last: { readonly atMs: number; readonly snapshot: Promise<MarketSample> } | undefined;

  constructor(components: SnapshotComponents) {
    this.#components = components;
  }

  /** No older than SNAPSHOT_LIFETIME_MS, however many ask. */
  now(): Promise<MarketSample> {
    const atMs = this.#components.clock.nowMs();
    if (this.#last === undefined || !isYounger(this.#last.atMs, atMs, SNAPSHOT_LIFETIME_MS)) {
      this.#last = { atMs, snapshot: this.#take(atMs) };
    }
    return this.#last.snapshot;
  }

  async #take(atMs: number): Promise<MarketSample> {
    const { database, health } = this.#components;
    const nodes = await readActiveNodes(database.read, MAX_MAPPED_NODES);
    const asks = nodes.filter(({ role }) => role === 'edge').map(({ askWeiPerGiB }) => askWeiPerGiB);
    return {
      atSeconds: Math.floor(atMs / 1000),
      activeNodes: nodes.length,
      readyNodes: nodes.filter((node) => health.lastKnown(node) === 'up').length,
      openDeals: await countOpenDeals(database.read),
      ...(await readMarketSums(database.read)),
      deliveredBytes: await sumDelivered(database.read),
      medianAskWeiPerGiB: medianOf(asks),
    };
  }
}

/** The lower of the two in the middle, so that it is a price that somebody asks. */
export function medianOf(values: readonly bigint[]): bigint | undefined {
  const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return sorted[Math.floor((sorted.length - 1) / 2)];
}
