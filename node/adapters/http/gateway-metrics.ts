import { Counter, Gauge, Histogram, Registry } from 'prom-client';

import { exposition, type Exposition } from '../metrics/exposition.ts';

/** What the gateway counts. Names carry base units, as Prometheus asks for. */
export interface GatewayMetrics {
  request(route: string, status: number, seconds: number): void;
  served(kind: 'paid' | 'free', bytes: number): void;
  aborted(bytes: number): void;
  receipt(outcome: 'credited' | 'repeated' | 'refused'): void;
  fill(outcome: 'filled' | 'missing' | 'failed'): void;
  connections(open: number): void;
  /** The metrics as text for scraping. */
  text(): Promise<Exposition>;
}

const LATENCY_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Counts with prom-client in a registry that other parts of the node may share. */
export function createGatewayMetrics(registry = new Registry()): GatewayMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'bcdn_http_requests_total',
    help: 'Requests by route and status.',
    labelNames: ['route', 'status'],
    registers,
  });
  const duration = new Histogram({
    name: 'bcdn_http_request_duration_seconds',
    help: 'Time from the request to the end of the response.',
    labelNames: ['route'],
    buckets: LATENCY_BUCKETS_SECONDS,
    registers,
  });
  const served = new Counter({
    name: 'bcdn_served_bytes_total',
    help: 'Body bytes of completed transfers.',
    labelNames: ['kind'],
    registers,
  });
  const aborted = new Counter({
    name: 'bcdn_aborted_bytes_total',
    help: 'Body bytes of transfers that clients broke off.',
    registers,
  });
  const receipts = new Counter({
    name: 'bcdn_receipts_total',
    help: 'Receipts that viewers sent.',
    labelNames: ['outcome'],
    registers,
  });
  const fills = new Counter({
    name: 'bcdn_fills_total',
    help: 'Blocks looked for elsewhere because they were not stored.',
    labelNames: ['outcome'],
    registers,
  });
  const connections = new Gauge({
    name: 'bcdn_http_connections',
    help: 'Open connections.',
    registers,
  });
  return {
    request: (route, status, seconds) => {
      requests.inc({ route, status: String(status) });
      duration.observe({ route }, seconds);
    },
    served: (kind, bytes) => served.inc({ kind }, bytes),
    aborted: (bytes) => aborted.inc(bytes),
    receipt: (outcome) => receipts.inc({ outcome }),
    fill: (outcome) => fills.inc({ outcome }),
    connections: (open) => connections.set(open),
    text: () => exposition(registry),
  };
}
