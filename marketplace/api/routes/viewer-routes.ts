import type { FastifyInstance } from 'fastify';

import { base64UrlDecode, base64UrlEncode, type Hex } from '../../../sdk/protocol/bytes.ts';
import { contentRootOf, parseCid } from '../../../sdk/protocol/content.ts';
import { encodeSignedGrant } from '../../../sdk/protocol/grant.ts';
import { parseAddress, parseBytes32, parseDealId } from '../../../sdk/protocol/identifiers.ts';
import type { GrantsRequest, IssuedGrants } from '../../coordinator/grant-issuance.ts';
import { MarketplaceError } from '../../errors.ts';
import { DEFAULT_PEERS_PER_REQUEST, MAX_GRANT_CAP_BYTES, MAX_NODES_PER_REQUEST } from '../../limits.ts';
import type { ApiComponents } from '../components.ts';
import * as schema from '../schemas.ts';

const challengeSchema = schema.object({ nonce: schema.bytes32, expiresAt: { type: 'integer' } });

const grantsBodySchema = schema.query(
  {
    dealId: schema.bytes32,
    cid: { ...schema.cid, description: 'In place of dealId; the viewer then signs a zero dealId.' },
    viewerKey: schema.address,
    nonce: schema.bytes32,
    expiresAt: { type: 'integer', minimum: 0, maximum: schema.MAX_UNIX_SECONDS },
    signature: { ...schema.base64Url, description: 'GrantRequest, EIP-2098, base64url.' },
    capBytes: {
      type: 'string',
      pattern: '^[1-9][0-9]{0,18}$',
      description: `At most ${MAX_GRANT_CAP_BYTES}.`,
    },
    nodes: { type: 'array', items: schema.address, minItems: 1, maxItems: MAX_NODES_PER_REQUEST },
    maxNodes: { type: 'integer', minimum: 1, maximum: MAX_NODES_PER_REQUEST },
    maxPeers: {
      type: 'integer',
      minimum: 0,
      maximum: MAX_NODES_PER_REQUEST,
      description: `Peers beside the nodes; ${DEFAULT_PEERS_PER_REQUEST} if neither this nor nodes is given.`,
    },
    region: schema.region,
    domain: schema.domainLabel,
    epoch: { type: 'string', enum: ['current', 'next'], default: 'current' },
    admission: {
      ...schema.object({
        expiresAt: { type: 'integer', minimum: 0, maximum: schema.MAX_UNIX_SECONDS },
        signature: { ...schema.base64Url, description: 'Of the audience key over Admission, EIP-2098.' },
      }),
      description: 'Of this viewer key to the deal, where its publisher has named an audience key.',
    },
  },
  ['viewerKey', 'nonce', 'expiresAt', 'signature'],
);

interface GrantsBody {
  readonly dealId?: string;
  readonly cid?: string;
  readonly viewerKey: string;
  readonly nonce: string;
  readonly expiresAt: number;
  readonly signature: string;
  readonly capBytes?: string;
  readonly nodes?: readonly string[];
  readonly maxNodes?: number;
  readonly maxPeers?: number;
  readonly region?: string;
  readonly domain?: string;
  readonly epoch: 'current' | 'next';
  readonly admission?: { readonly expiresAt: number; readonly signature: string };
}

const grantsSchema = schema.object({
  dealId: schema.bytes32,
  epoch: schema.epoch,
  epochEndsAt: {
    ...schema.seconds,
    description: 'End of that epoch on the clock of the wall, Unix seconds.',
  },
  epochEndsInMs: { type: 'integer', minimum: 0 },
  grants: schema.list(
    schema.object({
      node: schema.address,
      role: { type: 'string', enum: ['edge', 'peer'], description: 'A peer holds the content whole.' },
      carried: {
        type: 'boolean',
        description:
          'An edge that carries it between domains, charged to what peers of the domain contributed.',
      },
      region: { type: 'string' },
      endpoints: schema.endpoints,
      grantHash: schema.bytes32,
      capBytes: schema.bytes,
      grant: { ...schema.base64Url, description: 'Signed grant.' },
    }),
  ),
});

/** How a viewer gets leave to fetch. */
export function viewerRoutes(app: FastifyInstance, { challenge, grants, metrics }: ApiComponents): void {
  app.post<{ Body: { viewerKey: string } }>(
    '/v1/viewers/challenge',
    {
      schema: {
        summary: 'A nonce to sign, good once and for a short time.',
        body: schema.object({ viewerKey: schema.address }),
        response: schema.responses(challengeSchema),
      },
    },
    async ({ body }) => challenge.create(parseAddress(body.viewerKey)),
  );

  app.post<{ Body: GrantsBody }>(
    '/v1/grants',
    {
      schema: {
        summary: 'Grants for one viewer key, one for each chosen node.',
        body: grantsBodySchema,
        response: schema.responses(grantsSchema),
      },
    },
    async ({ body }) => {
      const issued = await grants.issue(requestOf(body));
      metrics.grants.inc(issued.grants.length);
      return grantsView(issued, body.epoch);
    },
  );
}

function requestOf(body: GrantsBody): GrantsRequest {
  return {
    wanted: wantedOf(body),
    viewerKey: parseAddress(body.viewerKey),
    nonce: parseBytes32(body.nonce, 'nonce') satisfies Hex,
    expiresAt: body.expiresAt,
    signature: base64UrlDecode(body.signature),
    epoch: body.epoch,
    admission: body.admission && {
      expiresAt: body.admission.expiresAt,
      signature: base64UrlDecode(body.admission.signature),
    },
    capBytes: body.capBytes === undefined ? undefined : BigInt(body.capBytes),
    nodes: body.nodes?.map(parseAddress),
    maxNodes: body.maxNodes,
    maxPeers: body.maxPeers,
    region: body.region,
    domain: body.domain,
  };
}

function wantedOf({ dealId, cid }: GrantsBody): GrantsRequest['wanted'] {
  if (dealId !== undefined) return { dealId: parseDealId(dealId) };
  if (cid === undefined) {
    throw new MarketplaceError('INVALID_REQUEST', 'Name a deal or a content.', { field: 'dealId or cid' });
  }
  const parsed = parseCid(cid);
  return { root: contentRootOf(parsed), codec: parsed.code };
}

function grantsView({ dealId, epoch, moment, grants }: IssuedGrants, asked: 'current' | 'next') {
  const extraSeconds = asked === 'next' ? moment.epochSeconds : 0;
  return {
    dealId,
    epoch,
    epochEndsAt: moment.endsAtWallSeconds + extraSeconds,
    epochEndsInMs: moment.endsInMs + extraSeconds * 1000,
    grants: grants.map(({ issued, node, carried }) => ({
      node: node.address,
      role: node.role,
      carried,
      region: node.region,
      endpoints: node.endpoints,
      grantHash: issued.grantHash,
      capBytes: Number(issued.grant.capBytes),
      grant: base64UrlEncode(encodeSignedGrant(issued)),
    })),
  };
}
