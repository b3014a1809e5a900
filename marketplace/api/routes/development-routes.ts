import type { FastifyInstance } from 'fastify';

import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { MarketplaceError } from '../../errors.ts';
import type { ApiComponents } from '../components.ts';
import * as schema from '../schemas.ts';

/** Where pages of a development network reach its chain. */
export const DEVELOPMENT_RPC_PATH = '/v1/development/rpc';

const giftSchema = schema.object({
  ethWei: { ...schema.wei, description: 'Wei of ether.' },
  tokensWei: schema.wei,
  transactionHashes: schema.list(schema.bytes32),
});

/** What exists on a development chain only: tokens for everybody, and the chain behind this address. */
export function developmentRoutes(app: FastifyInstance, { development }: ApiComponents): void {
  if (development === undefined) return;
  const { faucet, rpc } = development;

  app.post<{ Body: { address: string } }>(
    '/v1/development/faucet',
    {
      schema: {
        summary: 'Ether and tokens of the development chain, a few times for each address.',
        body: schema.object({ address: schema.address }),
        response: schema.responses(giftSchema),
      },
    },
    async ({ body }) => {
      if (faucet === undefined) {
        throw new MarketplaceError('FAUCET_ABSENT', 'This marketplace was started without a faucet.');
      }
      const { ethWei, tokensWei, transactionHashes } = await faucet.give(parseAddress(body.address));
      return { ethWei: ethWei.toString(), tokensWei: tokensWei.toString(), transactionHashes };
    },
  );

  app.post(
    DEVELOPMENT_RPC_PATH,
    {
      schema: {
        summary: 'JSON-RPC 2.0 of the development chain: reads and signed transactions.',
        body: { type: ['object', 'array'], description: 'One call or a batch.' },
        response: {
          200: {
            type: ['object', 'array'],
            additionalProperties: true,
            items: { type: 'object', additionalProperties: true },
          },
          '4xx': schema.errorSchema,
          '5xx': schema.errorSchema,
        },
      },
      // What the chain said is passed on as it is; the schema only describes it.
      serializerCompiler: () => (data) => JSON.stringify(data),
    },
    async ({ body }) => rpc.pass(body),
  );
}
