import type { FastifyInstance } from 'fastify';

import { booksRequestDigest } from '../../../sdk/protocol/authorisation.ts';
import { base64UrlDecode, base64UrlEncode, concatBytes } from '../../../sdk/protocol/bytes.ts';
import { domainOf } from '../../../sdk/chain/deployment.ts';
import { parseDealId, type DealId } from '../../../sdk/protocol/identifiers.ts';
import { encodeReceiptsWithGrants } from '../../../sdk/protocol/receipt.ts';
import { encodeSignedVoucher } from '../../../sdk/protocol/voucher.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { signerOf } from '../../../sdk/protocol/signature.ts';
import { readBlockAtOrBelow, readChainIdentity, readTip } from '../../database/chain-index.ts';
import {
  readEventsOfDeal,
  readPeerMetersOfDeal,
  readReceiptsOfDeal,
  readVouchersOfDeal,
  type BookedEvent,
} from '../../database/deal-books.ts';
import { findDeal } from '../../database/deal-records.ts';
import { MarketplaceError } from '../../errors.ts';
import {
  MAX_BOOKS_EVENTS,
  MAX_BOOKS_PEERS,
  MAX_BOOKS_RECEIPTS,
  MAX_BOOKS_REQUEST_SECONDS,
  MAX_BOOKS_VOUCHERS,
} from '../../limits.ts';
import type { ApiComponents } from '../components.ts';
import * as schema from '../schemas.ts';

const ZERO_ADDRESS = `0x${'00'.repeat(20)}`;
const ZERO_HASH = `0x${'00'.repeat(32)}`;

const authorisation = {
  expiresAt: { type: 'integer', minimum: 0, description: 'Unix seconds, at most ten minutes ahead.' },
  signature: { ...schema.base64Url, description: 'Of the publisher over BooksRequest(dealId, expiresAt).' },
} as const;

const place = schema.object({
  blockNumber: { type: 'integer', minimum: 0 },
  logIndex: { type: 'integer', minimum: 0 },
});

const eventsSchema = schema.object({
  chainId: { type: 'string' },
  market: schema.address,
  epochSeconds: { type: 'integer', minimum: 1 },
  block: schema.object({
    number: { type: 'integer', minimum: 0 },
    hash: schema.bytes32,
    timestampSeconds: { type: 'integer', minimum: 0 },
  }),
  events: schema.list(
    schema.object({
      blockNumber: { type: 'integer', minimum: 0 },
      logIndex: { type: 'integer', minimum: 0 },
      transactionHash: schema.bytes32,
      name: { type: 'string' },
      arguments: {
        type: 'object',
        additionalProperties: { anyOf: [{ type: 'string' }, schema.list({ type: 'string' })] },
      },
    }),
  ),
  next: { ...schema.nullable(place), description: 'To be given as after; null on the last page.' },
});

const recordsSchema = schema.object({
  records: { type: 'string', description: 'Base64url of the signed messages, one after the other.' },
  next: {
    ...schema.nullable({ type: 'string' }),
    description: 'To be given as after; null on the last page.',
  },
});

const peerPlace = schema.object({ peer: schema.address, ratePerGiB: schema.wei });

const peersSchema = schema.object({
  peers: schema.list(schema.object({ peer: schema.address, ratePerGiB: schema.wei, bytes: schema.wei })),
  next: { ...schema.nullable(peerPlace), description: 'To be given as after; null on the last page.' },
});

interface Authorised {
  readonly expiresAt: number;
  readonly signature: string;
}
interface EventsBody extends Authorised {
  readonly after?: { readonly blockNumber: number; readonly logIndex: number };
  readonly throughBlock?: number;
}
interface PeersBody extends Authorised {
  readonly after?: { readonly peer: string; readonly ratePerGiB: string };
}
interface RecordsBody extends Authorised {
  readonly after?: string;
}
interface DealParams {
  readonly dealId: string;
}

/** The books of a deal, for its publisher: events, vouchers and receipts from which the bill can be recomputed. */
export function booksRoutes(app: FastifyInstance, components: ApiComponents): void {
  eventRoute(app, components);
  peerMeterRoute(app, components);
  signedRecordRoutes(app, components);
}

const params = schema.object({ dealId: schema.bytes32 });

function eventRoute(app: FastifyInstance, components: ApiComponents): void {
  app.post<{ Params: DealParams; Body: EventsBody }>(
    '/v1/deals/:dealId/books/events',
    {
      schema: {
        summary: 'What the chain says about a deal, in order, for its publisher.',
        params,
        body: schema.object(
          { ...authorisation, after: place, throughBlock: { type: 'integer', minimum: 0 } },
          ['after', 'throughBlock'],
        ),
        response: schema.responses(eventsSchema),
      },
    },
    async ({ params: { dealId }, body }) => {
      const id = await requirePublisher(components, dealId, body);
      const chain = await requireBlock(components, body.throughBlock);
      const events = await readEventsOfDeal(components.database.read, {
        dealId: id,
        after: body.after ?? { blockNumber: -1, logIndex: -1 },
        throughBlock: chain.block.number,
        limit: MAX_BOOKS_EVENTS,
      });
      return { ...chain, events, next: nextEvent(events) };
    },
  );
}

function peerMeterRoute(app: FastifyInstance, components: ApiComponents): void {
  app.post<{ Params: DealParams; Body: PeersBody }>(
    '/v1/deals/:dealId/books/peers',
    {
      schema: {
        summary: 'What is counted for the peers of a deal, by rate, for its publisher.',
        params,
        body: schema.object({ ...authorisation, after: peerPlace }, ['after']),
        response: schema.responses(peersSchema),
      },
    },
    async ({ params: { dealId }, body }) => {
      const id = await requirePublisher(components, dealId, body);
      const after = body.after ?? { peer: ZERO_ADDRESS, ratePerGiB: '' };
      const limit = MAX_BOOKS_PEERS;
      const meters = await readPeerMetersOfDeal(components.database.read, { dealId: id, after, limit });
      const peers = meters.map(({ peer, ratePerGiB, bytes }) => ({
        ...{ peer, ratePerGiB: ratePerGiB.toString(), bytes: bytes.toString() },
      }));
      const last = peers.length < limit ? undefined : peers.at(-1);
      const next = last === undefined ? null : { peer: last.peer, ratePerGiB: last.ratePerGiB };
      return { peers, next };
    },
  );
}

function signedRecordRoutes(app: FastifyInstance, components: ApiComponents): void {
  app.post<{ Params: DealParams; Body: RecordsBody }>(
    '/v1/deals/:dealId/books/vouchers',
    {
      schema: {
        summary: 'The last voucher of each node of a deal, for its publisher.',
        params,
        body: schema.object({ ...authorisation, after: schema.address }, ['after']),
        response: schema.responses(recordsSchema),
      },
    },
    async ({ params: { dealId }, body }) => {
      const id = await requirePublisher(components, dealId, body);
      const afterNode = body.after?.toLowerCase() ?? ZERO_ADDRESS;
      const limit = MAX_BOOKS_VOUCHERS;
      const vouchers = await readVouchersOfDeal(components.database.read, { dealId: id, afterNode, limit });
      const next = vouchers.length < limit ? null : (vouchers.at(-1)?.voucher.node ?? null);
      return { records: base64UrlEncode(concatBytes(...vouchers.map(encodeSignedVoucher))), next };
    },
  );

  app.post<{ Params: DealParams; Body: RecordsBody }>(
    '/v1/deals/:dealId/books/receipts',
    {
      schema: {
        summary: 'The best receipt of each grant of a deal with the grant, for its publisher.',
        params,
        body: schema.object({ ...authorisation, after: schema.bytes32 }, ['after']),
        response: schema.responses(recordsSchema),
      },
    },
    async ({ params: { dealId }, body }) => {
      const id = await requirePublisher(components, dealId, body);
      const afterGrant = body.after?.toLowerCase() ?? ZERO_HASH;
      const limit = MAX_BOOKS_RECEIPTS;
      const pairs = await readReceiptsOfDeal(components.database.read, { dealId: id, afterGrant, limit });
      const next = pairs.length < limit ? null : (pairs.at(-1)?.signedReceipt.receipt.grantHash ?? null);
      return { records: Buffer.from(encodeReceiptsWithGrants(pairs)).toString('base64url'), next };
    },
  );
}

/** @throws MarketplaceError BOOKS_REQUEST_EXPIRED, DEAL_NOT_FOUND, BOOKS_SIGNATURE_INVALID */
async function requirePublisher(
  { database, clock, deployment }: ApiComponents,
  dealIdText: string,
  { expiresAt, signature }: Authorised,
): Promise<DealId> {
  const dealId = parseDealId(dealIdText);
  const nowSeconds = Math.floor(clock.nowMs() / 1000);
  if (expiresAt < nowSeconds || expiresAt > nowSeconds + MAX_BOOKS_REQUEST_SECONDS) {
    throw new MarketplaceError('BOOKS_REQUEST_EXPIRED', 'The request has expired, or is good for too long.', {
      expiresAt,
      nowSeconds,
      maxSeconds: MAX_BOOKS_REQUEST_SECONDS,
    });
  }
  const deal = await findDeal(database.read, dealId);
  if (deal === undefined)
    throw new MarketplaceError('DEAL_NOT_FOUND', 'The index has no such deal.', { dealId });
  const digest = booksRequestDigest(domainOf(deployment), { dealId, expiresAt: BigInt(expiresAt) });
  const signer = signerOf(nativeSecp256k1, digest, base64UrlDecode(signature));
  if (signer !== deal.publisher) {
    throw new MarketplaceError(
      'BOOKS_SIGNATURE_INVALID',
      'The books of a deal are for its publisher, who has not signed this request.',
      { publisher: deal.publisher, signer: signer ?? 'none' },
    );
  }
  return dealId;
}

/** The state of the index that a page is about. @throws MarketplaceError NOT_INDEXED_YET, BOOKS_BLOCK_UNKNOWN */
async function requireBlock({ database, deployment }: ApiComponents, throughBlock: number | undefined) {
  const identity = await readChainIdentity(database.read);
  const tip = await readTip(database.read);
  if (identity === undefined || tip === undefined) {
    throw new MarketplaceError('NOT_INDEXED_YET', 'The marketplace has not heard from the chain yet.');
  }
  const block = throughBlock === undefined ? tip : await readBlockAtOrBelow(database.read, throughBlock);
  if (block === undefined || (throughBlock !== undefined && block.number !== throughBlock)) {
    throw new MarketplaceError('BOOKS_BLOCK_UNKNOWN', 'The index does not have that block.', {
      throughBlock: throughBlock ?? 0,
      tip: tip.number,
    });
  }
  return {
    chainId: deployment.chainId.toString(),
    market: deployment.market,
    epochSeconds: identity.epochSeconds,
    block,
  };
}

function nextEvent(events: readonly BookedEvent[]): { blockNumber: number; logIndex: number } | null {
  const last = events.at(-1);
  if (events.length < MAX_BOOKS_EVENTS || last === undefined) return null;
  return { blockNumber: last.blockNumber, logIndex: last.logIndex };
}
