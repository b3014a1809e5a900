import type { FastifyInstance } from 'fastify';

import { readRegionalDeliveries } from '../../database/delivery-accounts.ts';
import { readSamples, type MarketSample } from '../../database/market-samples.ts';
import { listNodes } from '../../database/node-records.ts';
import {
  DEFAULT_STATISTICS_HOURS,
  DEFAULT_STATISTICS_POINTS,
  MAX_MAPPED_NODES,
  MAX_STATISTICS_HOURS,
  MAX_STATISTICS_POINTS,
} from '../../limits.ts';
import { mapOf } from '../../statistics/network-map.ts';
import { evenlySpread } from '../../statistics/sample-choice.ts';
import type { ApiComponents } from '../components.ts';
import * as schema from '../schemas.ts';

const HOUR_SECONDS = 3_600;

const count = { type: 'integer', minimum: 0 } as const;
const pointSchema = schema.object({
  at: { ...schema.seconds, description: 'Unix seconds.' },
  activeNodes: { ...count, description: 'Edges and peers that are registered and staying.' },
  readyNodes: { ...count, description: 'Of them, those that answered when they were last asked.' },
  openDeals: count,
  escrowedWei: { ...schema.wei, description: 'Held for all deals: deposited, less withdrawn, less paid.' },
  deliveredBytes: { ...schema.bytes, description: 'Counted by all receipts since the beginning.' },
  paidWei: { ...schema.wei, description: 'To nodes and peers since the beginning, fee included.' },
  medianAskWeiPerGiB: schema.nullable(schema.wei),
});
const statisticsSchema = schema.object({
  points: { ...schema.list(pointSchema), description: 'The oldest first.' },
  now: pointSchema,
});

const degrees = schema.nullable({ type: 'number' });
const mapSchema = schema.object({
  regions: schema.list(
    schema.object({
      region: { type: 'string' },
      name: { type: 'string' },
      latitude: { ...degrees, description: 'Degrees north; null for a region that is on no map.' },
      longitude: { ...degrees, description: 'Degrees east.' },
      nodes: count,
      readyNodes: count,
      deliveredBytesLastHour: schema.bytes,
    }),
  ),
  nodes: schema.list(
    schema.object({
      node: schema.address,
      role: { type: 'string', enum: ['edge', 'peer'] },
      region: { type: 'string' },
      state: { type: 'string', enum: ['ready', 'down', 'unknown', 'leaving'] },
      deliveredBytesLastHour: schema.bytes,
      askWeiPerGiB: schema.wei,
    }),
  ),
  links: {
    ...schema.list(
      schema.object({
        from: { type: 'string', description: 'Region of the viewers, where they said it.' },
        to: { type: 'string', description: 'Region of the node.' },
        bytesLastHour: schema.bytes,
      }),
    ),
    description: 'Who was served from where in the last hour.',
  },
});

/** The market over time, and where it is. */
export function statisticsRoutes(app: FastifyInstance, components: ApiComponents): void {
  const { database, clock, health, snapshots } = components;

  app.get<{ Querystring: { hours: number; points: number } }>(
    '/v1/statistics',
    {
      schema: {
        summary: 'The market now and over the last hours, sampled once a minute.',
        querystring: schema.query({
          hours: {
            type: 'number',
            exclusiveMinimum: 0,
            maximum: MAX_STATISTICS_HOURS,
            default: DEFAULT_STATISTICS_HOURS,
          },
          points: {
            type: 'integer',
            minimum: 1,
            maximum: MAX_STATISTICS_POINTS,
            default: DEFAULT_STATISTICS_POINTS,
          },
        }),
        response: schema.responses(statisticsSchema),
      },
    },
    async ({ query: { hours, points } }) => {
      const sinceSeconds = Math.floor(clock.nowMs() / 1000 - hours * HOUR_SECONDS);
      const samples = evenlySpread(await readSamples(database.read, sinceSeconds), points);
      return { points: samples.map(pointView), now: pointView(await snapshots.now()) };
    },
  );

  app.get(
    '/v1/map',
    {
      schema: {
        summary: 'Regions, nodes, and who was served from where in the last hour.',
        response: schema.responses(mapSchema),
      },
    },
    async () => {
      const sinceSeconds = Math.floor(clock.nowMs() / 1000) - HOUR_SECONDS;
      const { rows } = await listNodes(database.read, {}, { offset: 0, limit: MAX_MAPPED_NODES });
      const deliveries = await readRegionalDeliveries(database.read, sinceSeconds);
      return mapOf(rows, (node) => health.lastKnown(node), deliveries);
    },
  );
}

function pointView(sample: MarketSample) {
  const { atSeconds, activeNodes, readyNodes, openDeals } = sample;
  return {
    ...{ at: atSeconds, activeNodes, readyNodes, openDeals },
    escrowedWei: sample.escrowedWei.toString(),
    deliveredBytes: Number(sample.deliveredBytes),
    paidWei: sample.paidWei.toString(),
    medianAskWeiPerGiB: sample.medianAskWeiPerGiB?.toString() ?? null,
  };
}
