import type { FastifyInstance } from 'fastify';

import { readEdges } from '../../database/node-records.ts';
import { MAX_PLANNED_NODES, MAX_QUOTE_BYTES, MAX_QUOTE_REGIONS, MAX_REPLICAS } from '../../limits.ts';
import { CONSTRAINTS, planDistribution } from '../../quotes/plan.ts';
import type { ApiComponents } from '../components.ts';
import * as schema from '../schemas.ts';

const quantityOfBytes = { ...schema.bytes, maximum: MAX_QUOTE_BYTES } as const;
const requestSchema = schema.query(
  {
    bytes: { ...quantityOfBytes, description: 'Size of the content.' },
    expectedDeliveryBytes: { ...quantityOfBytes, description: 'What all viewers together will fetch.' },
    replicas: { type: 'integer', minimum: 1, maximum: MAX_REPLICAS },
    regions: { type: 'array', items: schema.region, maxItems: MAX_QUOTE_REGIONS },
    serviceLevel: { type: 'integer', minimum: 0, maximum: 255 },
    maxRatePerGiB: schema.wei,
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
}

const removalCounts = Object.fromEntries(CONSTRAINTS.map((name) => [name, { type: 'integer', minimum: 0 }]));
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
  missingReplicas: { type: 'integer', minimum: 0 },
});

/** What a distribution would cost, before anything is signed. */
export function quoteRoutes(app: FastifyInstance, { database, health }: ApiComponents): void {
  app.post<{ Body: QuoteBody }>(
    '/v1/quotes',
    {
      schema: {
        summary: 'A plan: nodes, rates, deposit, and which constraint removed how many nodes.',
        body: requestSchema,
        response: schema.responses(quoteSchema),
      },
    },
    async ({ body }) => {
      const edges = await readEdges(database.read, MAX_PLANNED_NODES);
      const nodes = edges.map((node) => ({ ...node, down: health.lastKnown(node) === 'down' }));
      const plan = planDistribution(nodes, {
        expectedDeliveryBytes: BigInt(body.expectedDeliveryBytes),
        replicas: body.replicas,
        regions: body.regions ?? [],
        maxRatePerGiB: body.maxRatePerGiB === undefined ? undefined : BigInt(body.maxRatePerGiB),
      });
      return {
        nodes: plan.nodes.map(({ node, ratePerGiB, amountWei }) => ({
          node: node.address,
          region: node.region,
          endpoints: node.endpoints,
          ratePerGiB: ratePerGiB.toString(),
          amountWei: amountWei.toString(),
        })),
        depositWei: plan.depositWei.toString(),
        expectedCostWei: plan.expectedCostWei.toString(),
        storedBytes: body.bytes * plan.nodes.length,
        serviceLevel: body.serviceLevel ?? 0,
        considered: edges.length,
        eligible: plan.eligible,
        removed: plan.removed,
        missingReplicas: plan.missingReplicas,
      };
    },
  );
}
