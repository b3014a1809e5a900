import type { FastifyInstance } from 'fastify';

import { base64UrlDecode, base64UrlEncode } from '../../../sdk/protocol/bytes.ts';
import { domainOf } from '../../../sdk/chain/deployment.ts';
import { settlementRequestDigest } from '../../../sdk/protocol/authorisation.ts';
import {
  parseAddress,
  parseDealId,
  parseEpoch,
  type Address,
  type DealId,
} from '../../../sdk/protocol/identifiers.ts';
import { ProtocolError } from '../../../sdk/protocol/errors.ts';
import {
  decodeReceiptsWithGrants,
  encodeReceiptsWithGrants,
  type ReceiptWithGrant,
} from '../../../sdk/protocol/receipt.ts';
import { encodeSignedVoucher } from '../../../sdk/protocol/voucher.ts';
import { signerOf } from '../../../sdk/protocol/signature.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import type { PeerStanding, RefusedReceipt } from '../../coordinator/collector.ts';
import { MARKETPLACE_ERRORS, MarketplaceError } from '../../errors.ts';
import { MAX_SETTLEMENT_REQUEST_SECONDS } from '../../limits.ts';
import type { ApiComponents } from '../components.ts';
import * as schema from '../schemas.ts';

const refusedSchema = {
  ...schema.list(
    schema.object(
      {
        grantHash: schema.bytes32,
        code: { type: 'string' },
        values: { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } },
        remedy: { type: 'string', description: 'What to do about it.' },
      },
      ['values'],
    ),
  ),
  description: 'Receipts that are not paid for, and why.',
} as const;

const settlementSchema = schema.object({
  accepted: { type: 'integer', minimum: 0 },
  refused: refusedSchema,
  voucher: {
    ...schema.nullable(schema.base64Url),
    description: 'Signed voucher, or null before the last page.',
  },
  cumulativeWei: { ...schema.nullable(schema.wei), description: 'Of the voucher.' },
  throughEpoch: { ...schema.nullable({ type: 'integer' }), description: 'Of the voucher.' },
  peer: {
    ...schema.nullable(
      schema.object({
        earnedWei: { ...schema.wei, description: 'Since the deal began.' },
        byRate: schema.list(schema.object({ ratePerGiB: schema.wei, bytes: schema.bytes })),
      }),
    ),
    description: 'Of a node that serves as a peer, with the last page.',
  },
  better: { type: 'string', description: 'Base64url of receipts of viewers that the node has not sent.' },
});

const acceptedSchema = schema.object({
  acknowledged: schema.list(schema.object({ grantHash: schema.bytes32, bytes: schema.bytes })),
  refused: refusedSchema,
});

interface SettlementBody {
  readonly dealId: string;
  readonly node: string;
  readonly throughEpoch: number;
  readonly receipts: string;
  readonly final: boolean;
  readonly expiresAt: number;
  readonly signature: string;
}

/** How a publisher gets the keys that it names when it opens a deal. */
export function keyRoutes(app: FastifyInstance, { vault }: ApiComponents): void {
  app.post<{ Body: { publisher?: string } }>(
    '/v1/coordinator/keys',
    {
      schema: {
        summary: 'New grant and collector keys, to be named when a deal is opened.',
        body: schema.query({ publisher: schema.address }),
        response: schema.responses(schema.object({ grantKey: schema.address, collector: schema.address })),
      },
    },
    async ({ body }) =>
      vault.createPair(body.publisher === undefined ? undefined : parseAddress(body.publisher)),
  );
}

/** How receipts become vouchers. */
export function settlementRoutes(app: FastifyInstance, components: ApiComponents): void {
  const { collector, metrics } = components;
  const count = (accepted: number, refused: readonly RefusedReceipt[]): void => {
    metrics.receipts.inc({ result: 'accepted' }, accepted);
    for (const { code } of refused) metrics.receipts.inc({ result: code });
  };

  app.post<{ Body: { receipts: string } }>(
    '/v1/receipts',
    {
      schema: {
        summary: 'Receipts of a viewer whose node does not answer any more.',
        body: schema.object({ receipts: schema.receiptPairs }),
        response: schema.responses(acceptedSchema),
      },
    },
    async ({ body }) => {
      const { acknowledged, refused } = await collector.accept(pairsOf(body.receipts));
      count(acknowledged.length, refused);
      return {
        acknowledged: acknowledged.map(({ grantHash, bytes }) => ({ grantHash, bytes: Number(bytes) })),
        refused: refused.map(withRemedy),
      };
    },
  );

  app.post<{ Body: SettlementBody }>(
    '/v1/settlements',
    {
      schema: {
        summary:
          'Receipts of a node or peer, page by page; the last is answered with its voucher, or what it has earned.',
        body: schema.object({
          dealId: schema.bytes32,
          node: schema.address,
          throughEpoch: schema.epoch,
          receipts: schema.receiptPairs,
          final: { type: 'boolean', default: true },
          expiresAt: { type: 'integer', minimum: 0, description: 'Unix seconds, at most ten minutes ahead.' },
          signature: {
            ...schema.base64Url,
            description: 'Of the node over SettlementRequest(dealId, node, expiresAt).',
          },
        }),
        response: schema.responses(settlementSchema),
      },
    },
    async ({ body }) => {
      const { accepted, refused, voucher, peer, better } = await collector.settle({
        ...requireNode(components, body),
        throughEpoch: parseEpoch(body.throughEpoch),
        pairs: pairsOf(body.receipts),
        final: body.final,
      });
      count(accepted, refused);
      if (voucher !== undefined) metrics.vouchers.inc();
      return {
        accepted,
        refused: refused.map(withRemedy),
        voucher: voucher === undefined ? null : base64UrlEncode(encodeSignedVoucher(voucher)),
        cumulativeWei: voucher?.voucher.cumulative.toString() ?? null,
        throughEpoch: voucher?.voucher.throughEpoch ?? null,
        peer: peer === undefined ? null : peerView(peer),
        better: base64UrlEncode(encodeReceiptsWithGrants(better)),
      };
    },
  );
}

/**
 * What a node has not sent yet shows which viewers fetched what, and sending it back marks it as known to the node: so
 * only the node may settle.
 * @throws MarketplaceError SETTLEMENT_REQUEST_EXPIRED, SETTLEMENT_SIGNATURE_INVALID
 */
function requireNode(
  { clock, deployment }: ApiComponents,
  { expiresAt, signature, ...body }: SettlementBody,
): { dealId: DealId; node: Address } {
  const [dealId, node] = [parseDealId(body.dealId), parseAddress(body.node)];
  const nowSeconds = Math.floor(clock.nowMs() / 1000);
  if (expiresAt < nowSeconds || expiresAt > nowSeconds + MAX_SETTLEMENT_REQUEST_SECONDS) {
    throw new MarketplaceError(
      'SETTLEMENT_REQUEST_EXPIRED',
      'The request has expired, or is good for too long.',
      { expiresAt, nowSeconds, maxSeconds: MAX_SETTLEMENT_REQUEST_SECONDS },
    );
  }
  const digest = settlementRequestDigest(domainOf(deployment), {
    ...{ dealId, node, expiresAt: BigInt(expiresAt) },
  });
  const signer = signerOf(nativeSecp256k1, digest, base64UrlDecode(signature));
  if (signer !== node) {
    throw new MarketplaceError(
      'SETTLEMENT_SIGNATURE_INVALID',
      'Only the node itself may settle, and it has not signed this request.',
      { node, signer: signer ?? 'none' },
    );
  }
  return { dealId, node };
}

function peerView({ earnedWei, byRate }: PeerStanding) {
  return {
    earnedWei: earnedWei.toString(),
    byRate: byRate.map(({ ratePerGiB, bytes }) => ({
      ratePerGiB: ratePerGiB.toString(),
      bytes: Number(bytes),
    })),
  };
}

function withRemedy(refused: RefusedReceipt): RefusedReceipt & { remedy: string } {
  return { ...refused, remedy: MARKETPLACE_ERRORS[refused.code].remedy };
}

function pairsOf(text: string): ReceiptWithGrant[] {
  try {
    return decodeReceiptsWithGrants(base64UrlDecode(text));
  } catch (failure) {
    if (!(failure instanceof ProtocolError)) throw failure;
    throw new MarketplaceError('RECEIPTS_MALFORMED', failure.message, { reason: failure.code }, failure);
  }
}
