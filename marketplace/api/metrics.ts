import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry,
  type OpenMetricsContentType,
} from 'prom-client';

import type { MarketSample } from '../database/market-samples.ts';
import type { IndexerState } from '../indexer/indexer.ts';

/** Where metrics are read from. */
export interface MetricSources {
  /** State of the indexer. */
  readonly chain: () => IndexerState;
  /** Sums of what domains gave and were lent. */
  readonly carriage: () => Promise<{ readonly contributedBytes: bigint; readonly carriedBytes: bigint }>;
  /** The market as the pages show it. */
  readonly market: () => Promise<MarketSample>;
}

/** Last line of an exposition in OpenMetrics. */
const END_OF_METRICS = '# EOF';

/** What the pages show of the market, under the names of metrics. */
const MARKET_METRICS: readonly {
  readonly name: string;
  readonly help: string;
  readonly value: (market: MarketSample) => bigint | number | undefined;
}[] = [
  {
    name: 'bcdn_marketplace_active_nodes',
    help: 'Edges and peers that are registered and staying.',
    value: ({ activeNodes }) => activeNodes,
  },
  {
    name: 'bcdn_marketplace_ready_nodes',
    help: 'Active nodes that answered when they were last asked.',
    value: ({ readyNodes }) => readyNodes,
  },
  { name: 'bcdn_marketplace_open_deals', help: 'Deals that are open.', value: ({ openDeals }) => openDeals },
  {
    name: 'bcdn_marketplace_escrowed_wei',
    help: 'Held for all deals: deposited, less withdrawn, less paid.',
    value: ({ escrowedWei }) => escrowedWei,
  },
  {
    name: 'bcdn_marketplace_delivered_bytes',
    help: 'Counted by all receipts since the beginning.',
    value: ({ deliveredBytes }) => deliveredBytes,
  },
  {
    name: 'bcdn_marketplace_paid_wei',
    help: 'Paid to nodes and peers since the beginning, fee included.',
    value: ({ paidWei }) => paidWei,
  },
  {
    name: 'bcdn_marketplace_median_ask_wei_per_gib',
    help: 'Median price that active edges ask.',
    value: ({ medianAskWeiPerGiB }) => medianAskWeiPerGiB,
  },
];

/** What the marketplace measures, in base units (OpenMetrics). */
export class Metrics {
  readonly registry = new Registry<OpenMetricsContentType>();
  readonly requests = new Histogram({
    name: 'bcdn_marketplace_http_request_duration_seconds',
    help: 'Time from request to response.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [this.registry],
  });
  readonly grants = new Counter({
    name: 'bcdn_marketplace_grants_issued_total',
    help: 'Grants signed.',
    registers: [this.registry],
  });
  readonly receipts = new Counter({
    name: 'bcdn_marketplace_receipts_total',
    help: 'Receipts verified, by result: accepted or the code of the refusal.',
    labelNames: ['result'] as const,
    registers: [this.registry],
  });
  readonly vouchers = new Counter({
    name: 'bcdn_marketplace_vouchers_signed_total',
    help: 'Vouchers signed.',
    registers: [this.registry],
  });

  readonly #market: () => Promise<MarketSample>;

  /** All are read whenever metrics are collected. */
  constructor({ chain, carriage, market }: MetricSources) {
    this.#market = market;
    this.registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    collectDefaultMetrics({ register: this.registry });
    this.#gauge('bcdn_marketplace_indexed_block', 'Last block applied.', () => chain().indexedBlock);
    this.#gauge(
      'bcdn_marketplace_blocks_behind',
      'Blocks of the chain not applied yet.',
      () => chain().blocksBehind,
    );
    this.#gauge(
      'bcdn_marketplace_rollbacks',
      'Reorganisations taken back since the start.',
      () => chain().rollbacks,
    );
    this.#gauge('bcdn_marketplace_chain_up', 'Whether the chain answers.', () =>
      Number(chain().failure === undefined),
    );
    this.#gauge('bcdn_marketplace_contributed_bytes', 'Bytes that viewers receipted to peers.', async () =>
      Number((await carriage()).contributedBytes),
    );
    this.#gauge('bcdn_marketplace_carried_bytes', 'Caps of carriage grants between domains.', async () =>
      Number((await carriage()).carriedBytes),
    );
  }

  /** The text of the exposition. Integers beyond 2^53 are in it digit by digit, as the pages show them. */
  async text(): Promise<string> {
    const text = await this.registry.metrics();
    const market = await this.#market();
    const exact = MARKET_METRICS.flatMap(({ name, help, value }) => {
      const current = value(market);
      return current === undefined
        ? []
        : [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, `${name} ${current}`];
    });
    return `${text.slice(0, text.lastIndexOf(END_OF_METRICS))}${exact.join('\n')}\n${END_OF_METRICS}\n`;
  }

  #gauge(name: string, help: string, value: () => number | undefined | Promise<number | undefined>): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      async collect() {
        const current = await value();
        if (current !== undefined) this.set(current);
      },
    });
  }
}
