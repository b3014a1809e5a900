import type { FastifyInstance } from 'fastify';

import { base64UrlDecode, base64UrlEncode } from '../../../sdk/protocol/bytes.ts';
import {
  MAX_ORIGIN_URL_LENGTH,
  MAX_ORIGIN_VALIDATOR_LENGTH,
  ORIGIN_KINDS,
  type OriginKind,
  type SignedContentOrigin,
} from '../../../sdk/protocol/content-origin.ts';
import { parseDealId } from '../../../sdk/protocol/identifiers.ts';
import type { ApiComponents } from '../components.ts';
import * as schema from '../schemas.ts';

const validator = { type: 'string', maxLength: MAX_ORIGIN_VALIDATOR_LENGTH } as const;

const originFields = {
  kind: {
    type: 'string',
    enum: [...ORIGIN_KINDS],
    description: 'One file read in ranges; a trustless gateway; none takes an origin back.',
  },
  url: {
    type: 'string',
    maxLength: MAX_ORIGIN_URL_LENGTH,
    description: 'http or https. Everybody can read it.',
  },
  bytes: {
    type: 'integer',
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: 'Length of the file.',
  },
  etag: { ...validator, description: 'As the origin sends it, with its quotes; empty if it sends none.' },
  lastModified: { ...validator, description: 'As the origin sends it; empty if it sends none.' },
  issuedAt: {
    type: 'integer',
    minimum: 1,
    maximum: schema.MAX_UNIX_SECONDS,
    description: 'Unix seconds; later than that of any message before.',
  },
  signature: { ...schema.base64Url, description: 'Of the publisher over ContentOrigin, EIP-2098.' },
} as const;

const answerSchema = schema.object({ dealId: schema.bytes32, ...originFields });

interface OriginBody {
  readonly kind: OriginKind;
  readonly url: string;
  readonly bytes: number;
  readonly etag: string;
  readonly lastModified: string;
  readonly issuedAt: number;
  readonly signature: string;
}

/** Where a publisher has the content of a deal, so that nodes can fetch what they lack. */
export function originRoutes(app: FastifyInstance, { origins }: ApiComponents): void {
  const params = schema.object({ dealId: schema.bytes32 });
  app.post<{ Params: { dealId: string }; Body: OriginBody }>(
    '/v1/deals/:dealId/origin',
    {
      schema: {
        summary: 'Says where nodes can have the content of a deal, signed by its publisher.',
        params,
        body: schema.object(originFields),
        response: schema.responses(answerSchema),
      },
    },
    async ({ params: { dealId }, body }) => {
      const { bytes, issuedAt, signature, ...texts } = body;
      const signed: SignedContentOrigin = {
        origin: {
          ...texts,
          dealId: parseDealId(dealId),
          bytes: BigInt(bytes),
          issuedAt: BigInt(issuedAt),
        },
        signature: base64UrlDecode(signature),
      };
      await origins.declare(signed);
      return originView(signed);
    },
  );

  app.get<{ Params: { dealId: string } }>(
    '/v1/deals/:dealId/origin',
    {
      schema: {
        summary: 'Where nodes can have the content of a deal, as its publisher signed it.',
        params,
        response: schema.responses(answerSchema),
      },
    },
    async ({ params: { dealId } }) => originView(await origins.find(parseDealId(dealId))),
  );
}

function originView({ origin, signature }: SignedContentOrigin) {
  return {
    ...origin,
    bytes: Number(origin.bytes),
    issuedAt: Number(origin.issuedAt),
    signature: base64UrlEncode(signature),
  };
}
