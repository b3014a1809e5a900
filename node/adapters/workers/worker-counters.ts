import type { Registry } from 'prom-client';
import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from 'prom-client';
import { z } from 'zod';

import type { GatewayMetrics } from '../http/gateway-metrics.ts';
import { exposition } from '../metrics/exposition.ts';
import { messageInvalid } from './worker-error.ts';

/** Metrics and series of one process: routes, statuses and buckets, with room to spare. */
const MAX_METRICS = 64;
const MAX_SERIES = 4_096;

/** Counters of one process, as prom-client describes them. */
export type Counters = MetricObjectWithValues<MetricValue<string>>[];

const counters = z
  .array(
    z.object({
      name: z.string().max(100),
      help: z.string().max(500),
      type: z.enum(['counter', 'gauge', 'histogram']),
      aggregator: z.literal('sum'),
      values: z
        .array(
          z.object({
            value: z.number(),
            labels: z.record(z.string().max(64), z.union([z.string().max(100), z.number()])),
            metricName: z.string().max(100).optional(),
            exemplar: z.null().optional(),
          }),
        )
        .max(MAX_SERIES),
    }),
  )
  .max(MAX_METRICS);

/** @throws WorkerError MESSAGE_INVALID */
export function parseCounters(plain: unknown): Counters {
  const result = counters.safeParse(plain);
  if (!result.success) throw messageInvalid(`counters: ${result.error.issues[0]?.message ?? 'not valid'}`);
  // The type of prom-client wants enums where its descriptions have words.
  return result.data as object as Counters;
}

/** What the workers of a node have counted: those that run, and those that have ended. */
export class WorkerCounters {
  readonly #newest = new Map<number, Counters>();
  #ended: Counters = [];

  /** The newest counters of the worker in a place. */
  note(index: number, told: Counters): void {
    this.#newest.set(index, told);
  }

  /** Keeps what an ended worker had counted; what it had open is open no more. */
  async end(index: number): Promise<void> {
    const last = this.#newest.get(index);
    if (last === undefined) return;
    this.#newest.delete(index);
    const counted = last.filter(({ type }) => String(type) !== 'gauge');
    this.#ended = await AggregatorRegistry.aggregate([this.#ended, counted]).getMetricsAsJSON();
  }

  /** The sums over the node's own counters and those of all workers. */
  sums(own: Counters): Registry {
    return AggregatorRegistry.aggregate([own, this.#ended, ...this.#newest.values()]);
  }
}

/** What the own process counts with, telling sums over all processes when it is asked. */
export function summedMetrics(
  own: { readonly metrics: GatewayMetrics; readonly registry: Registry },
  workers: { collect(): Promise<WorkerCounters> },
  others: Registry,
): GatewayMetrics {
  return {
    ...own.metrics,
    // Connections of this process come from the workers, who count those of the clients.
    connections: () => undefined,
    text: async () => {
      const collected = await workers.collect();
      const sums = collected.sums(await own.registry.getMetricsAsJSON());
      return exposition(others, sums);
    },
  };
}
