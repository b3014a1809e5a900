import type { FastifyInstance } from 'fastify';

import { installationOf } from '../../../sdk/processes/installation.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { readChainIdentity } from '../../database/chain-index.ts';
import { findNode, listNodes } from '../../database/node-records.ts';
import { MarketplaceError } from '../../errors.ts';
import type { ApiComponents } from '../components.ts';
import * as schema from '../schemas.ts';
import { DEVELOPMENT_RPC_PATH } from './development-routes.ts';
import { nodeSchema, nodeView } from '../views.ts';

const networkSchema = schema.object({
  chainId: { type: 'string', pattern: '^[0-9]+$' },
  token: schema.address,
  registry: schema.address,
  market: schema.address,
  deployedAtBlock: { type: 'integer', minimum: 0, description: 'Block of the first contract.' },
  epochSeconds: { type: 'integer', minimum: 1 },
  minimumEdgeStakeWei: schema.wei,
  protocolFeeBps: { type: 'integer', minimum: 0 },
  indexedBlock: schema.nullable({ type: 'integer' }),
  blockTime: {
    ...schema.nullable({ type: 'integer' }),
    description: 'Time of the newest block that was seen, Unix seconds.',
  },
  genesisHash: { ...schema.bytes32, description: 'Of the first block: another one is another chain.' },
  development: {
    ...schema.nullable(schema.object({ faucet: { type: 'boolean' }, rpcPath: { type: 'string' } })),
    description: 'Null unless this is a development chain that gives tokens away.',
  },
  runsFrom: {
    type: 'string',
    enum: ['checkout', 'package'],
    description: 'How this marketplace is installed: commands are called differently.',
  },
  domain: schema.object({
    name: { type: 'string' },
    version: { type: 'string' },
    chainId: { type: 'string' },
    verifyingContract: schema.address,
  }),
});

/** What the network is made of: its contracts and its nodes. */
export function networkRoutes(app: FastifyInstance, components: ApiComponents): void {
  const { database, deployment, health, chain, development } = components;

  app.get(
    '/v1/network',
    {
      schema: { summary: 'Contracts, epochs and signing domain.', response: schema.responses(networkSchema) },
    },
    async () => {
      const identity = await readChainIdentity(database.read);
      if (identity === undefined) {
        throw new MarketplaceError('NOT_INDEXED_YET', 'The marketplace has not heard from the chain yet.');
      }
      const chainId = deployment.chainId.toString();
      return {
        chainId,
        token: deployment.token,
        registry: deployment.registry,
        market: deployment.market,
        deployedAtBlock: deployment.deployedAtBlock,
        epochSeconds: identity.epochSeconds,
        minimumEdgeStakeWei: identity.minimumEdgeStakeWei.toString(),
        protocolFeeBps: identity.protocolFeeBps,
        indexedBlock: chain().indexedBlock ?? null,
        blockTime: chain().head?.timestampSeconds ?? null,
        genesisHash: identity.genesisHash,
        development:
          development === undefined
            ? null
            : { faucet: development.faucet !== undefined, rpcPath: DEVELOPMENT_RPC_PATH },
        runsFrom: installationOf(import.meta.url),
        domain: { name: 'BCDN', version: '1', chainId, verifyingContract: deployment.market },
      };
    },
  );

  app.get<{ Querystring: schema.PageQuery & { region?: string; role?: string; active?: boolean } }>(
    '/v1/nodes',
    {
      schema: {
        summary: 'Registered nodes.',
        querystring: schema.query({
          ...schema.pageQuery,
          region: schema.region,
          role: { type: 'string', enum: ['edge', 'peer'] },
          active: { type: 'boolean' },
        }),
        response: schema.responses(schema.pageOf('nodes', nodeSchema)),
      },
    },
    async ({ query: { offset, limit, ...filter } }) => {
      const { total, rows } = await listNodes(database.read, filter, { offset, limit });
      return { total, offset, nodes: rows.map((node) => nodeView(node, health.lastKnown(node))) };
    },
  );

  app.get<{ Params: { address: string } }>(
    '/v1/nodes/:address',
    {
      schema: {
        summary: 'One node.',
        params: schema.object({ address: schema.address }),
        response: schema.responses(nodeSchema),
      },
    },
    async ({ params }) => {
      const address = parseAddress(params.address);
      const node = await findNode(database.read, address);
      if (node === undefined) {
        throw new MarketplaceError('NODE_NOT_FOUND', 'No node is registered under this address.', {
          address,
        });
      }
      return nodeView(node, health.lastKnown(node));
    },
  );
}
