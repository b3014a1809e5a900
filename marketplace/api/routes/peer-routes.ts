import type { FastifyInstance } from 'fastify';

import { base64UrlDecode, base64UrlEncode } from '../../../sdk/protocol/bytes.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  type Address,
} from '../../../sdk/protocol/identifiers.ts';
import { MAX_HOLDINGS_PER_REQUEST } from '../../../sdk/protocol/peer-holding.ts';
import { earnedByPeer } from '../../coordinator/peer-earnings.ts';
import { findPeerPool, readPeerPaidWei } from '../../database/peer-pools.ts';
import { readHolders, readPeerMeters } from '../../database/peer-ledger.ts';
import { findDeal } from '../../database/deal-records.ts';
import { MARKETPLACE_ERRORS, MarketplaceError } from '../../errors.ts';
import { MAX_PAGE_ROWS } from '../../limits.ts';
import type { ApiComponents } from '../components.ts';
import * as schema from '../schemas.ts';
import { peerPoolSchema, peerPoolView } from '../views.ts';

const sequence = { type: 'integer', minimum: 1, description: 'Counts the roots of a deal from 1.' } as const;

const holdingsBody = schema.object({
  peer: schema.address,
  holdings: {
    type: 'array',
    maxItems: MAX_HOLDINGS_PER_REQUEST,
    items: schema.object({
      contentRoot: schema.bytes32,
      expiresAt: { type: 'integer', minimum: 0, maximum: schema.MAX_UNIX_SECONDS },
      signature: { ...schema.base64Url, description: 'PeerHolding, EIP-2098, base64url.' },
    }),
  },
});

const holdingsSchema = schema.object({
  accepted: schema.list(schema.bytes32),
  refused: schema.list(
    schema.object({ contentRoot: schema.bytes32, code: { type: 'string' }, remedy: { type: 'string' } }),
  ),
});

const rootSchema = schema.object({
  dealId: schema.bytes32,
  pool: peerPoolSchema,
  unpostedWei: { ...schema.wei, description: 'Earned beyond the total of the root on chain.' },
  pending: {
    ...schema.nullable(
      schema.object({
        sequence,
        root: schema.bytes32,
        totalWei: schema.wei,
        collector: schema.address,
        signature: { ...schema.base64Url, description: 'PeerRoot, EIP-2098: anybody can post it.' },
      }),
    ),
    description: 'Signed and not on chain yet; null if none is due.',
  },
});

const proofsSchema = schema.object({
  dealId: schema.bytes32,
  peer: schema.address,
  earnedWei: { ...schema.wei, description: 'By all receipts that the coordinator has.' },
  paidWei: { ...schema.wei, description: 'By the chain.' },
  proofs: schema.list(
    schema.object({
      sequence,
      root: schema.bytes32,
      totalWei: schema.wei,
      cumulativeWei: schema.wei,
      proof: schema.list(schema.bytes32),
      posted: { type: 'boolean', description: 'The chain takes claims from it now.' },
    }),
  ),
});

const peersSchema = schema.object({
  dealId: schema.bytes32,
  peers: schema.list(
    schema.object({
      peer: schema.address,
      holdsUntil: { ...schema.nullable({ type: 'integer' }), description: 'Unix seconds.' },
      earnedWei: schema.wei,
      paidWei: schema.wei,
    }),
  ),
});

/** How peers say what they hold, and how they come to their money. */
export function peerRoutes(app: FastifyInstance, components: ApiComponents): void {
  const { holdings, peerRoots } = components;

  app.post<{
    Body: { peer: string; holdings: { contentRoot: string; expiresAt: number; signature: string }[] };
  }>(
    '/v1/peers/holdings',
    {
      schema: {
        summary: 'Contents that a peer holds whole and serves, each signed and with an expiry.',
        body: holdingsBody,
        response: schema.responses(holdingsSchema),
      },
    },
    async ({ body }) => {
      const announced = body.holdings.map(({ contentRoot, expiresAt, signature }) => ({
        contentRoot: parseContentRoot(contentRoot),
        expiresAt,
        signature: base64UrlDecode(signature),
      }));
      const { accepted, refused } = await holdings.announce(parseAddress(body.peer), announced);
      return {
        accepted,
        refused: refused.map((one) => ({ ...one, remedy: MARKETPLACE_ERRORS[one.code].remedy })),
      };
    },
  );

  app.get<{ Params: { dealId: string } }>(
    '/v1/deals/:dealId/peer-root',
    {
      schema: {
        summary: 'The peer root of a deal that waits to be posted; a new one is signed when it is due.',
        params: schema.object({ dealId: schema.bytes32 }),
        response: schema.responses(rootSchema),
      },
    },
    async ({ params }) => {
      const dealId = parseDealId(params.dealId);
      const { pending, pool, unpostedWei } = await peerRoots.standing(dealId);
      return {
        dealId,
        pool: peerPoolView(pool),
        unpostedWei: (unpostedWei > 0n ? unpostedWei : 0n).toString(),
        pending:
          pending === undefined
            ? null
            : {
                sequence: pending.statement.sequence,
                root: pending.statement.root,
                totalWei: pending.statement.totalWei.toString(),
                collector: pending.collector,
                signature: base64UrlEncode(pending.signature),
              },
      };
    },
  );

  app.get<{ Params: { address: string }; Querystring: { dealId: string } }>(
    '/v1/peers/:address/proofs',
    {
      schema: {
        summary: 'What a peer has earned in a deal, and its proofs under the newest roots.',
        params: schema.object({ address: schema.address }),
        querystring: schema.query({ dealId: schema.bytes32 }, ['dealId']),
        response: schema.responses(proofsSchema),
      },
    },
    async ({ params, query }) =>
      proofsOf(components, { dealId: parseDealId(query.dealId), peer: parseAddress(params.address) }),
  );

  app.get<{ Params: { dealId: string } }>(
    '/v1/deals/:dealId/peers',
    {
      schema: {
        summary: 'Peers that hold the content of a deal now, or have earned in it; at most a page of them.',
        params: schema.object({ dealId: schema.bytes32 }),
        response: schema.responses(peersSchema),
      },
    },
    async ({ params }) => peersOf(components, params.dealId),
  );
}

async function proofsOf(
  { database, peerRoots }: ApiComponents,
  { dealId, peer }: { dealId: ReturnType<typeof parseDealId>; peer: Address },
) {
  const earned = earnedByPeer(await readPeerMeters(database.read, dealId, peer));
  const proofs = await peerRoots.proofsOf(dealId, peer);
  return {
    dealId,
    peer,
    earnedWei: (earned.get(peer) ?? 0n).toString(),
    paidWei: (await readPeerPaidWei(database.read, { dealId, peer })).toString(),
    proofs: proofs.map(({ statement, cumulativeWei, proof, posted }) => ({
      sequence: statement.sequence,
      root: statement.root,
      totalWei: statement.totalWei.toString(),
      cumulativeWei: cumulativeWei.toString(),
      proof,
      posted,
    })),
  };
}

async function peersOf({ database, clock }: ApiComponents, dealIdText: string) {
  const dealId = parseDealId(dealIdText);
  const deal = await findDeal(database.read, dealId);
  if (deal === undefined) {
    throw new MarketplaceError('DEAL_NOT_FOUND', 'The index has no such deal.', { dealId });
  }
  const earned = earnedByPeer(await readPeerMeters(database.read, dealId));
  const range = { nowSeconds: Math.floor(clock.nowMs() / 1000), limit: MAX_PAGE_ROWS };
  const hasPool = (await findPeerPool(database.read, dealId)) !== undefined;
  const holders = hasPool ? await readHolders(database.read, deal.contentRoot, range) : [];
  const holdsUntil = new Map(holders.map(({ peer, expiresAtSeconds }) => [peer, expiresAtSeconds]));
  const peers = [...new Set([...earned.keys(), ...holdsUntil.keys()])].sort().slice(0, MAX_PAGE_ROWS);
  return {
    dealId,
    peers: await Promise.all(
      peers.map(async (peer) => ({
        peer,
        holdsUntil: holdsUntil.get(peer) ?? null,
        earnedWei: (earned.get(peer) ?? 0n).toString(),
        paidWei: (await readPeerPaidWei(database.read, { dealId, peer })).toString(),
      })),
    ),
  };
}
