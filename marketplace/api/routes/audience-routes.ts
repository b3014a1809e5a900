import type { FastifyInstance } from 'fastify';

import { base64UrlDecode } from '../../../sdk/protocol/bytes.ts';
import { parseAddress, parseDealId } from '../../../sdk/protocol/identifiers.ts';
import type { ApiComponents } from '../components.ts';
import * as schema from '../schemas.ts';

const bodySchema = schema.object({
  audienceKey: { ...schema.address, description: 'Signs admissions; zero lets everybody in.' },
  issuedAt: {
    type: 'integer',
    minimum: 1,
    maximum: schema.MAX_UNIX_SECONDS,
    description: 'Unix seconds; later than that of any message before.',
  },
  signature: { ...schema.base64Url, description: 'Of the publisher over Audience, EIP-2098.' },
});

const answerSchema = schema.object({
  dealId: schema.bytes32,
  audienceKey: schema.address,
  issuedAt: { type: 'integer', minimum: 1 },
});

interface AudienceBody {
  readonly audienceKey: string;
  readonly issuedAt: number;
  readonly signature: string;
}

/** How a publisher says whom its deal is for. */
export function audienceRoutes(app: FastifyInstance, { audiences }: ApiComponents): void {
  app.post<{ Params: { dealId: string }; Body: AudienceBody }>(
    '/v1/deals/:dealId/audience',
    {
      schema: {
        summary: 'Names the key whose admissions viewers of a deal need, signed by its publisher.',
        params: schema.object({ dealId: schema.bytes32 }),
        body: bodySchema,
        response: schema.responses(answerSchema),
      },
    },
    async ({ params, body }) => {
      const dealId = parseDealId(params.dealId);
      const audienceKey = parseAddress(body.audienceKey);
      const { issuedAt } = body;
      await audiences.declare({ dealId, audienceKey, issuedAt, signature: base64UrlDecode(body.signature) });
      return { dealId, audienceKey, issuedAt };
    },
  );
}
