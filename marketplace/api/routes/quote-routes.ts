import type { FastifyInstance } from 'fastify';

import { MAX_QUOTE_BYTES, MAX_QUOTE_REGIONS, MAX_REPLICAS } from '../../limits.ts';
import {
  CONSTRAINTS,
  type Constraint,
  type ConstraintUnit,
  type PlanRequest,
} from '../../quotes/constraints.ts';
import { readMeasuredRates, readPlannableNodes } from '../../statistics/node-figures.ts';
import { planDistribution } from '../../quotes/plan.ts';
import type { ApiComponents } from '../components.ts';
import { quoteView } from '../quote-view.ts';
import * as schema from '../schemas.ts';

const BITS_PER_BYTE = 8;
const MAX_PEAK_VIEWERS = 1_000_000_000;
/** A terabit a second: no stream has more. */
const MAX_BITRATE = 1e12;
const MAX_DAYS = 36_500;
/** Excluded nodes that an answer lists. */
const MAX_LISTED_EXCLUDED = 64;

const quantityOfBytes = { ...schema.bytes, maximum: MAX_QUOTE_BYTES } as const;
const requestSchema = schema.query(
  {
    bytes: { ...quantityOfBytes, description: 'Size of the content.' },
    expectedDeliveryBytes: { ...quantityOfBytes, description: 'What all viewers together will fetch.' },
    replicas: { type: 'integer', minimum: 1, maximum: MAX_REPLICAS },
    regions: { type: 'array', items: schema.region, maxItems: MAX_QUOTE_REGIONS },
    serviceLevel: { type: 'integer', minimum: 0, maximum: 255 },
    maxRatePerGiB: schema.wei,
    minStakeWei: { ...schema.wei, description: 'Least stake of each node.' },
    peakViewers: {
      type: 'integer',
      minimum: 0,
      maximum: MAX_PEAK_VIEWERS,
      description: 'Viewers at the busiest moment; counts with bitrate.',
    },
    bitrate: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: MAX_BITRATE,
      description: 'Of one viewer, bits a second.',
    },
    days: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: MAX_DAYS,
      description: 'In which the expected delivery happens.',
    },
  },
  ['bytes', 'expectedDeliveryBytes', 'replicas'],
);

interface QuoteBody {
  readonly bytes: number;
  readonly expectedDeliveryBytes: number;
  readonly replicas: number;
  readonly regions?: readonly string[];
  readonly serviceLevel?: number;
  readonly maxRatePerGiB?: string;
  readonly minStakeWei?: string;
  readonly peakViewers?: number;
  readonly bitrate?: number;
  readonly days?: number;
}

const removalCounts = Object.fromEntries(
  CONSTRAINTS.map((name) => [name, { type: 'integer', minimum: 0 }]),
) as Record<Constraint, object>;
const UNITS: readonly ConstraintUnit[] = ['state', 'region', 'wei/GiB', 'wei', 'bytes', 'bytes/s'];

const figuresSchema = schema.object({
  fetchFormula: { type: 'string', description: 'How the time of a fetch was computed.' },
  runwayFormula: { type: 'string', description: 'How the runway was computed.' },
  peakBytesPerSecond: { ...schema.nullable({ type: 'number' }), description: 'Peak viewers times bitrate.' },
  samples: { type: 'integer', minimum: 0, description: 'Receipted grants behind the rates.' },
  nodes: schema.list(
    schema.object({
      node: schema.address,
      askWeiPerGiB: schema.wei,
      loadBytesPerSecond: { type: 'number', description: 'Receipted in the last five minutes.' },
      uplinkBytesPerSecond: schema.nullable({ type: 'number' }),
      freeDiskBytes: schema.nullable({ type: 'integer' }),
      deliveredBytesPerSecond: {
        ...schema.nullable({ type: 'number' }),
        description: 'Median over its grants of the last day, at the least; null if none was receipted.',
      },
      samples: { type: 'integer', minimum: 0 },
    }),
  ),
});

const quoteSchema = schema.object({
  nodes: schema.list(
    schema.object({
      node: schema.address,
      region: { type: 'string' },
      endpoints: schema.endpoints,
      ratePerGiB: schema.wei,
      amountWei: { ...schema.wei, description: 'To allocate to this node.' },
    }),
  ),
  depositWei: { ...schema.wei, description: 'To escrow; what is not earned returns.' },
  expectedCostWei: { ...schema.wei, description: 'What the expected delivery will cost.' },
  storedBytes: { ...schema.bytes, description: 'Size of the content times its replicas.' },
  serviceLevel: { type: 'integer' },
  considered: { type: 'integer', minimum: 0, description: 'Registered edges.' },
  eligible: { type: 'integer', minimum: 0, description: 'Edges that pass every constraint.' },
  removed: {
    ...schema.object(removalCounts),
    description: 'Edges that each constraint removed, in this order.',
  },
  excluded: {
    ...schema.list(
      schema.object({
        node: schema.address,
        region: { type: 'string' },
        constraint: { type: 'string', enum: [...CONSTRAINTS] },
        need: { type: 'string' },
        have: { type: 'string' },
        unit: { type: 'string', enum: [...UNITS] },
      }),
    ),
    description: `The first ${MAX_LISTED_EXCLUDED} of them, each with what it lacks.`,
  },
  missingReplicas: { type: 'integer', minimum: 0 },
  runwaySeconds: {
    ...schema.nullable({ type: 'integer' }),
    description: 'How long the deposit lasts; null if nothing is spent or days is not given.',
  },
  expectedFetchSeconds: {
    ...schema.nullable({ type: 'number' }),
    description: 'How long one viewer fetches all of it, at the most; null if no node was measured.',
  },
  figures: figuresSchema,
});

/** What a distribution would cost, before anything is signed. */
export function quoteRoutes(app: FastifyInstance, components: ApiComponents): void {
  const { database, health, capacities, clock, epochClock } = components;
  app.post<{ Body: QuoteBody }>(
    '/v1/quotes',
    {
      schema: {
        summary: 'A plan: nodes, rates, deposit, and which constraint removed which nodes.',
        body: requestSchema,
        response: schema.responses(quoteSchema),
      },
    },
    async ({ body }) => {
      const sql = database.read;
      const nowSeconds = Math.floor(clock.nowMs() / 1000);
      const nodes = await readPlannableNodes({ sql, health, capacities, nowSeconds });
      const request = planRequestOf(body);
      const plan = planDistribution(nodes, request);
      const moment = await epochClock.estimate();
      const rates =
        moment === undefined
          ? new Map()
          : await readMeasuredRates(
              sql,
              plan.nodes.map(({ node }) => node.address),
              { epoch: moment.runningEpoch, epochSeconds: moment.epochSeconds },
            );
      const { serviceLevel = 0, days } = body;
      return quoteView({ plan, request, rates }, { serviceLevel, days, listed: MAX_LISTED_EXCLUDED });
    },
  );
}

function planRequestOf(body: QuoteBody): PlanRequest {
  const { peakViewers, bitrate, maxRatePerGiB, minStakeWei } = body;
  return {
    contentBytes: body.bytes,
    expectedDeliveryBytes: BigInt(body.expectedDeliveryBytes),
    replicas: body.replicas,
    regions: body.regions ?? [],
    maxRatePerGiB: maxRatePerGiB === undefined ? undefined : BigInt(maxRatePerGiB),
    minStakeWei: minStakeWei === undefined ? 0n : BigInt(minStakeWei),
    peakBytesPerSecond:
      peakViewers === undefined || bitrate === undefined
        ? undefined
        : (peakViewers * bitrate) / BITS_PER_BYTE,
  };
}
