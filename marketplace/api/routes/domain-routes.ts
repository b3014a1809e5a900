import type { FastifyInstance } from 'fastify';

import { base64UrlDecode } from '../../../sdk/protocol/bytes.ts';
import { parseAddress, parseDealId } from '../../../sdk/protocol/identifiers.ts';
import { findDeal } from '../../database/deal-records.ts';
import { readBalances } from '../../database/domain-ledger.ts';
import { readPeerReach } from '../../database/peer-reach.ts';
import { MarketplaceError } from '../../errors.ts';
import { MAX_LISTED_DOMAINS } from '../../limits.ts';
import type { ApiComponents } from '../components.ts';
import * as schema from '../schemas.ts';

const presenceBody = schema.object({
  label: {
    type: 'string',
    maxLength: 32,
    description: 'Of its domain inside its region; empty if it names none.',
  },
  carries: { type: 'boolean', description: 'Whether it lends its uplink between domains; edges only.' },
  expiresAt: { type: 'integer', minimum: 0, maximum: schema.MAX_UNIX_SECONDS },
  signature: { ...schema.base64Url, description: 'NodePresence, EIP-2098, base64url.' },
});

interface PresenceBody {
  readonly label: string;
  readonly carries: boolean;
  readonly expiresAt: number;
  readonly signature: string;
}

const reachBody = schema.object({
  everywhere: { type: 'boolean', description: 'Peers may serve viewers of other domains directly.' },
  issuedAt: {
    type: 'integer',
    minimum: 1,
    maximum: schema.MAX_UNIX_SECONDS,
    description: 'Unix seconds; later than that of any message before.',
  },
  signature: { ...schema.base64Url, description: 'Of the publisher over PeerReach, EIP-2098.' },
});

interface ReachBody {
  readonly everywhere: boolean;
  readonly issuedAt: number;
  readonly signature: string;
}

const reachSchema = schema.object({
  dealId: schema.bytes32,
  everywhere: { type: 'boolean' },
  issuedAt: { type: 'integer', minimum: 1 },
});

const domainsSchema = schema.object({
  dealId: schema.bytes32,
  everywhere: { type: 'boolean', description: 'Whether peers serve viewers of other domains directly.' },
  domains: schema.list(
    schema.object({
      domain: { type: 'string' },
      contributedBytes: { ...schema.bytes, description: 'Receipted to peers of the domain.' },
      carriedBytes: {
        ...schema.bytes,
        description: 'Caps of the carriage grants issued for it; never more.',
      },
    }),
  ),
});

/** Where nodes are, and what domains have given and were lent (coordinator/SPEC.md, domains). */
export function domainRoutes(
  app: FastifyInstance,
  { presences, peerReaches, database }: ApiComponents,
): void {
  app.post<{ Params: { address: string }; Body: PresenceBody }>(
    '/v1/nodes/:address/presence',
    {
      schema: {
        summary: 'Says which domain of its region a node is in, and whether it carries between domains.',
        params: schema.object({ address: schema.address }),
        body: presenceBody,
        response: schema.responses(schema.object({ domain: { type: 'string' } })),
      },
    },
    async ({ params, body }) => {
      const { signature, ...said } = body;
      const node = parseAddress(params.address);
      return { domain: await presences.announce({ node, ...said, signature: base64UrlDecode(signature) }) };
    },
  );

  app.post<{ Params: { dealId: string }; Body: ReachBody }>(
    '/v1/deals/:dealId/peer-reach',
    {
      schema: {
        summary:
          'Says whether peers of a deal serve viewers of other domains directly, signed by its publisher.',
        params: schema.object({ dealId: schema.bytes32 }),
        body: reachBody,
        response: schema.responses(reachSchema),
      },
    },
    async ({ params, body }) => {
      const dealId = parseDealId(params.dealId);
      const { everywhere, issuedAt, signature } = body;
      await peerReaches.declare({ dealId, everywhere, issuedAt, signature: base64UrlDecode(signature) });
      return { dealId, everywhere, issuedAt };
    },
  );

  app.get<{ Params: { dealId: string } }>(
    '/v1/deals/:dealId/domains',
    {
      schema: {
        summary: 'What the peers of each domain contributed in a deal, and what was carried for it.',
        params: schema.object({ dealId: schema.bytes32 }),
        response: schema.responses(domainsSchema),
      },
    },
    async ({ params }) => {
      const dealId = parseDealId(params.dealId);
      if ((await findDeal(database.read, dealId)) === undefined)
        throw new MarketplaceError('DEAL_NOT_FOUND', 'The index has no such deal.', { dealId });
      const { everywhere } = await readPeerReach(database.read, dealId);
      const balances = await readBalances(database.read, dealId, MAX_LISTED_DOMAINS);
      return {
        dealId,
        everywhere,
        domains: balances.map(({ domain, contributedBytes, carriedBytes }) => ({
          domain,
          contributedBytes: Number(contributedBytes),
          carriedBytes: Number(carriedBytes),
        })),
      };
    },
  );
}
