import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry,
  type OpenMetricsContentType,
} from 'prom-client';

import type { IndexerState } from '../indexer/indexer.ts';

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

  /**
   * Both are read whenever metrics are collected.
   * @param chain state of the indexer @param carriage sums of what domains gave and were lent
   */
  constructor(
    chain: () => IndexerState,
    carriage: () => Promise<{ readonly contributedBytes: bigint; readonly carriedBytes: bigint }>,
  ) {
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
