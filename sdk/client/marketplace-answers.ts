import { z } from 'zod';

import { base64UrlDecode, type Hex } from '../protocol/bytes.ts';
import {
  MAX_ORIGIN_URL_LENGTH,
  MAX_ORIGIN_VALIDATOR_LENGTH,
  ORIGIN_KINDS,
  type SignedContentOrigin,
} from '../protocol/content-origin.ts';
import { decodeSignedGrant } from '../protocol/grant.ts';
import { parseAddress, parseContentRoot, parseDealId } from '../protocol/identifiers.ts';

const address = z.string().transform(parseAddress);
const dealId = z.string().transform(parseDealId);
/** Tokens are decimal strings, never numbers. */
const wei = z
  .string()
  .regex(/^\d{1,39}$/)
  .transform(BigInt);
const bytes32 = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/)
  .transform((text) => text.toLowerCase() as Hex);
const endpoints = z.array(z.string().max(256)).max(16);

/** The chain, its contracts, and how long an epoch is. */
export const networkSchema = z.object({
  chainId: z.union([z.number().int().positive(), z.string().regex(/^\d{1,18}$/)]).transform(BigInt),
  token: address,
  registry: address,
  market: address,
  epochSeconds: z.number().int().positive(),
});

/** A node as the registry has it. */
export const nodeSchema = z.object({
  address,
  region: z.string().max(8).default(''),
  endpoints: endpoints.default([]),
  active: z.boolean().default(true),
});

const allocationSchema = z.object({
  node: address,
  state: z.string().optional(),
  ratePerGiB: wei.optional(),
});

const dealSchema = z.object({
  dealId,
  state: z.string().optional(),
  contentRoot: z.string().transform(parseContentRoot).optional(),
  /** Whose admission viewers of the deal need. @default everybody is granted */
  audienceKey: address.nullish(),
  allocations: z.array(allocationSchema).default([]),
});

/** What a deal is about, and its money as the index of the chain has it. */
const dealFacts = {
  dealId,
  publisher: address,
  state: z.enum(['open', 'closing', 'closed']),
  cid: z.string().max(128).nullable(),
  freeWei: wei,
  depositedWei: wei,
  withdrawnWei: wei,
};
/** Deals of a publisher, some of them. */
export const dealsPageSchema = z.object({
  total: z.number().int().nonnegative(),
  deals: z.array(z.object(dealFacts)).max(1_000),
});
/** A deal with what each of its nodes was given. */
export const dealTermsSchema = z.object({
  ...dealFacts,
  audienceKey: address.nullish(),
  allocations: z
    .array(
      z.object({
        node: address,
        state: z.enum(['active', 'thawing', 'released']),
        ratePerGiB: wei,
        allocatedWei: wei,
        balanceWei: wei,
        lockedWei: wei,
        paidWei: wei,
        releasedWei: wei,
      }),
    )
    .max(1_024),
});

/** What nodes have still to do before they have all that the deal can pay them. */
export const moneySchema = z.object({
  allocations: z
    .array(
      z.object({
        node: address,
        outstanding: z.enum(['receipts', 'payment', 'claim']).nullish(),
      }),
    )
    .max(1_024),
});

/** A node that an open deal pays for a content. */
const servingNodeSchema = z.object({
  address,
  region: z.string().max(8).default(''),
  endpoints: endpoints.default([]),
  role: z.enum(['edge', 'peer']).default('edge'),
  /** As the coordinator last found it. */
  health: z.enum(['up', 'down', 'unknown']).default('unknown'),
});

/** The deals that pay for a content, and the nodes that they pay. */
export const contentSchema = z.object({
  deals: z.array(dealSchema).max(1_000),
  nodes: z.array(servingNodeSchema).max(1_000).default([]),
});
/** What a viewer has to sign before it is granted anything. */
export const challengeSchema = z.object({ nonce: bytes32, expiresAt: z.number().int().positive() });

/** What a viewer signs to show that it holds its key; good once, for a short time. */
export type Challenge = z.output<typeof challengeSchema>;

/** Grants of an epoch, one for each node that the viewer may ask. */
export const grantsSchema = z.object({
  epoch: z.number().int().nonnegative(),
  epochEndsAt: z.number().positive(),
  /** Time left when the answer was made: independent of how right this machine's clock is. */
  epochEndsInMs: z.number().nonnegative().optional(),
  grants: z
    .array(
      z.object({
        node: address,
        /** A peer holds the content whole, though no index of the ring names it. */
        role: z.enum(['edge', 'peer']).default('edge'),
        region: z.string().max(8).default(''),
        endpoints: endpoints.default([]),
        grant: z
          .string()
          .max(1_024)
          .transform((text) => decodeSignedGrant(base64UrlDecode(text))),
      }),
    )
    .max(256),
});

/** Whom a deal is for. */
export const audienceSchema = z.object({
  dealId,
  audienceKey: address,
  issuedAt: z.number().int().positive(),
});

/** Where nodes have a content from, with the signature of its publisher. */
export const originSchema = z
  .object({
    dealId,
    kind: z.enum(ORIGIN_KINDS),
    url: z.string().max(MAX_ORIGIN_URL_LENGTH),
    bytes: z.number().int().nonnegative(),
    etag: z.string().max(MAX_ORIGIN_VALIDATOR_LENGTH),
    lastModified: z.string().max(MAX_ORIGIN_VALIDATOR_LENGTH),
    issuedAt: z.number().int().nonnegative(),
    signature: z.string().max(128).transform(base64UrlDecode),
  })
  .transform(({ signature, bytes, issuedAt, ...texts }): SignedContentOrigin => ({
    origin: { ...texts, bytes: BigInt(bytes), issuedAt: BigInt(issuedAt) },
    signature,
  }));

/** How far the peers of a deal serve. */
export const reachSchema = z.object({
  dealId,
  everywhere: z.boolean(),
  issuedAt: z.number().int().positive(),
});

/** The keys that a deal is opened with. */
export const keysSchema = z.object({ grantKey: address, collector: address });

/** Nodes and money for a delivery. */
export const quoteSchema = z.object({
  nodes: z
    .array(
      z.object({
        node: address,
        region: z.string().max(8).default(''),
        endpoints: endpoints.default([]),
        ratePerGiB: wei,
        amountWei: wei,
      }),
    )
    .max(256),
  depositWei: wei,
  /** Edges asked for that no node is left for, and which constraint removed how many. */
  missingReplicas: z.number().int().nonnegative().default(0),
  removed: z.record(z.number().int().nonnegative()).default({}),
  /** What the expected delivery will cost; absent in answers of older marketplaces, as what follows. */
  expectedCostWei: wei.optional(),
  considered: z.number().int().nonnegative().optional(),
  eligible: z.number().int().nonnegative().optional(),
  /** Of the nodes that a constraint removed: what it needs, and what they have. */
  excluded: z
    .array(
      z.object({
        node: address,
        region: z.string().max(8).default(''),
        constraint: z.string().max(64),
        need: z.string().max(256).default(''),
        have: z.string().max(256).default(''),
        unit: z.string().max(32).default(''),
      }),
    )
    .max(256)
    .default([]),
  /** How long the deposit lasts; null if no days were named. */
  runwaySeconds: z.number().nonnegative().nullish(),
  /** Of the whole content by one viewer, by measured rates; null if nothing was measured. */
  expectedFetchSeconds: z.number().nonnegative().nullish(),
});

export type Network = z.output<typeof networkSchema>;
export type MarketplaceNode = z.output<typeof nodeSchema>;
export type PaidContent = z.output<typeof contentSchema>;
export type MarketplaceDeal = z.output<typeof dealSchema>;
export type GrantsAnswer = z.output<typeof grantsSchema>;
export type Quote = z.output<typeof quoteSchema>;
export type DealTerms = z.output<typeof dealTermsSchema>;
export type DealsPage = z.output<typeof dealsPageSchema>;
export type CoordinatorKeys = z.output<typeof keysSchema>;
