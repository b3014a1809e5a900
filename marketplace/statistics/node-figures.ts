import { httpOriginOf } from '../../sdk/client/endpoint.ts';
import type { Address } from '../../sdk/protocol/identifiers.ts';
import type { NodeCapacities } from '../coordinator/node-capacities.ts';
import type { NodeHealth } from '../coordinator/node-health.ts';
import type { Sql } from '../database/database.ts';
import { readRegionalDeliveries } from '../database/delivery-accounts.ts';
import { readEdges, type NodeRecord } from '../database/node-records.ts';
import { readReceiptedGrants } from '../database/rate-samples.ts';
import {
  LOAD_WINDOW_SECONDS,
  MAX_PLANNED_NODES,
  MAX_RATE_SAMPLES,
  MIN_RATE_SAMPLE_BYTES,
  RATE_WINDOW_SECONDS,
} from '../limits.ts';
import type { PlannableNode } from '../quotes/constraints.ts';
import { measuredRate, type MeasuredRate } from '../quotes/outlook.ts';

interface FigureComponents {
  readonly sql: Sql;
  readonly health: Pick<NodeHealth, 'isAway'>;
  readonly capacities: Pick<NodeCapacities, 'lastKnown'>;
  readonly nowSeconds: number;
}

/** Every edge with what is known of it now. */
export async function readPlannableNodes(components: FigureComponents): Promise<PlannableNode[]> {
  const { sql, health, capacities, nowSeconds } = components;
  const edges = await readEdges(sql, MAX_PLANNED_NODES);
  const loads = new Map<Address, number>();
  for (const { node, bytes } of await readRegionalDeliveries(sql, nowSeconds - LOAD_WINDOW_SECONDS)) {
    loads.set(node, (loads.get(node) ?? 0) + Number(bytes));
  }
  return edges.map((node) => {
    const capacity = capacities.lastKnown(node);
    return {
      ...{ address: node.address, region: node.region, endpoints: node.endpoints },
      ...{ askWeiPerGiB: node.askWeiPerGiB, active: node.active, stakeWei: node.stakeWei },
      down: health.isAway(node),
      operator: hostOf(node),
      freeDiskBytes: capacity?.freeDiskBytes,
      uplinkBytesPerSecond: capacity?.uplinkBytesPerSecond,
      loadBytesPerSecond: (loads.get(node.address) ?? 0) / LOAD_WINDOW_SECONDS,
    };
  });
}

/** How the nodes delivered lately; one without enough receipts is not in the map. */
export async function readMeasuredRates(
  sql: Sql,
  nodes: readonly Address[],
  now: { readonly epoch: number; readonly epochSeconds: number },
): Promise<Map<Address, MeasuredRate>> {
  const sinceEpoch = Math.max(0, now.epoch - Math.ceil(RATE_WINDOW_SECONDS / now.epochSeconds));
  const range = { sinceEpoch, minBytes: MIN_RATE_SAMPLE_BYTES, limit: MAX_RATE_SAMPLES };
  const rates = new Map<Address, MeasuredRate>();
  for (const node of nodes) {
    const grants = await readReceiptedGrants(sql, node, range);
    const rate = measuredRate(
      grants.map(({ bytes, issuedAtMs, receiptedAtMs }) => ({
        bytes,
        seconds: Math.min(Math.max(1, receiptedAtMs - issuedAtMs) / 1000, now.epochSeconds),
      })),
    );
    if (rate !== undefined) rates.set(node, rate);
  }
  return rates;
}

/** The registry knows keys, not companies: what one host serves is taken for one operator's. */
function hostOf(node: NodeRecord): string {
  const origin = httpOriginOf(node.endpoints);
  return origin === undefined ? node.address : new URL(origin).hostname;
}
