import { z } from 'zod';

/** Amounts and byte counts travel as decimal strings, so no reader rounds them. */
const integer = z.string().regex(/^-?\d+$/);

/** A sentence about something that is not as it should be. */
const problem = z.object({ code: z.string(), message: z.string() });

/** Where money is between the viewer's signature and the account; the parts add up (earnings/SPEC.md). */
const moneyParts = {
  bytes: integer,
  meteredWei: integer,
  paidWei: integer,
  voucherDueWei: integer,
  inClaimWei: integer,
  unsettledWei: integer,
};

/** Answer to `/status`. */
export const statusDocument = z.object({
  /** Of the program. */
  version: z.string(),
  operator: z.string(),
  peerId: z.string(),
  nid: z.string().nullable(),
  role: z.enum(['edge', 'peer']),
  region: z.string(),
  state: z.enum(['starting', 'serving', 'degraded', 'draining']),
  uptimeSeconds: z.number(),
  httpUrl: z.string(),
  /** Of the operator's desk, without the token; null where there is none. */
  dashboardUrl: z.string().nullable(),
  multiaddrs: z.array(z.string()),
  /** Where `yes` is false, `because` is a clause and `run` a command. */
  earning: z.object({ yes: z.boolean(), because: z.string().nullable(), run: z.string().nullable() }),
  problems: z.array(problem),
  /** When the operator began to drain the node; null while it takes new work. */
  drainingSince: z.string().nullable(),
  bytes: z.object({ served: integer, receipted: integer, durable: integer, atRisk: integer, lost: integer }),
  /** What was sent this month; null without a monthly cap. */
  traffic: z
    .object({ month: z.string(), sentBytes: integer, capBytes: integer, resetsAt: z.string() })
    .nullable(),
  disk: z.object({ usedBytes: integer, limitBytes: integer }),
  content: z.object({ complete: z.number(), incomplete: z.number() }),
  /** Worker processes of the gateway; null where there is one process. */
  workers: z
    .object({
      wanted: z.number(),
      serving: z.number(),
      restarts: z.number(),
      connections: z.number(),
      processes: z.array(z.object({ pid: z.number(), connections: z.number() })),
    })
    .nullable(),
  ring: z.object({ members: z.number(), lookups: z.number(), oneHop: z.number() }).nullable(),
  group: z
    .object({
      members: z.number(),
      /** Contents that the other members claim, and the bytes that this takes. */
      claimedContents: z.number(),
      summaryBytes: z.number(),
      routed: z.object({ own: z.number(), group: z.number(), ring: z.number() }),
      beyondTwoHops: z.number(),
      falsePositives: z.number(),
    })
    .nullable(),
  /** `<region>` or `<region>/<label>`: peers exchange directly inside it. */
  domain: z.string(),
  /** What viewers receipted to this peer, as far as the coordinator counts it; null for an edge. */
  contributedBytes: integer.nullable(),
  /** What an edge lends between domains; null for one that lends nothing, and for peers. */
  carriage: z
    .object({
      sharePercent: z.number(),
      carriedBytes: integer,
      transitBytes: z.number(),
      grants: z.number(),
      deals: z.number(),
    })
    .nullable(),
  deals: z.array(
    z.object({
      dealId: z.string(),
      state: z.string(),
      allocation: z.string(),
      contentRoot: z.string(),
      complete: z.boolean(),
      balanceWei: integer,
      paidWei: integer,
      ratePerGib: integer,
      throughEpoch: z.number(),
    }),
  ),
  /** Origins of publishers that this node fetches from, since it started. */
  origins: z.array(
    z.object({
      dealId: z.string(),
      kind: z.enum(['file', 'gateway']),
      url: z.string(),
      bytes: integer,
      storedBytes: integer,
      fetchedBytes: integer,
      complete: z.boolean(),
      restMs: z.number(),
      trouble: problem.nullable(),
    }),
  ),
  settlement: z.object({
    lastAt: z.string().nullable(),
    lastPaidWei: integer.nullable(),
    lastTransaction: z.string().nullable(),
    dueWei: integer,
    nextAt: z.string(),
  }),
  /** Sums over all deals, as `earnings` says them. */
  money: z.object({ ...moneyParts, lostWei: integer, gasCostWei: integer, openClaims: z.number() }),
  chain: z.object({
    state: z.enum(['connecting', 'connected', 'lost']),
    since: z.string(),
    block: z.number().nullable(),
    driftMs: z.number().nullable(),
    reason: z.string().nullable(),
  }),
});
export type StatusDocument = z.output<typeof statusDocument>;

const earningsRow = z.object({ key: z.string(), ...moneyParts, settledWei: integer, lostWei: integer });

const routeRow = z.object({
  route: z.enum(['voucher', 'direct-claim', 'sampled-claim', 'peer-claim']),
  payments: z.number(),
  paidWei: integer,
  feeWei: integer,
  gasUsed: integer,
  gasCostWei: integer,
  gasTokenWei: integer.nullable(),
});

const dealRow = z.object({
  dealId: z.string(),
  publisher: z.string(),
  contentRoot: z.string(),
  ratePerGib: integer,
  ...moneyParts,
  unpaidWei: integer,
  runningWei: integer,
  unreadWei: integer,
  lost: z.array(z.object({ reason: z.string(), wei: integer, rule: z.string(), remedy: z.string() })),
  gasCostWei: integer,
  gasTokenWei: integer.nullable(),
  netWei: integer.nullable(),
  routes: z.array(routeRow),
});

const claimRow = z.object({
  dealId: z.string(),
  state: z.string(),
  fromEpoch: z.number(),
  toEpoch: z.number(),
  receipts: z.number(),
  bytes: integer,
  lockedWei: integer,
  bondWei: integer,
  committedBlock: z.number(),
  seedBlock: z.number(),
  lastBlock: z.number(),
  blocksLeft: z.number().nullable(),
  deadline: z.string().nullable(),
});

/** Answer to `/earnings`. */
export const earningsDocument = z.object({
  by: z.string(),
  /** Where the paid column comes from: the chain now, or what was last known of it. */
  paidFrom: z.enum(['chain', 'last-known']),
  rows: z.array(earningsRow),
  total: earningsRow,
  gasUsed: integer,
  /** Wei of the chain's coin. */
  gasCostWei: integer,
  /** What the gas is worth in token wei by --gas-token-wei; null when that is not set. */
  gasTokenWei: integer.nullable(),
  /** Protocol fee within what was paid. */
  feeWei: integer,
  /** Paid, less fee and gas; null without a rate. */
  netWei: integer.nullable(),
  routes: z.array(routeRow),
  deals: z.array(dealRow),
  /** Sampled claims that are not decided. */
  claims: z.array(claimRow),
  /** A peer's accounts with peer pools; they are in the rows and the total, too. */
  peerAccounts: z.array(
    z.object({
      dealId: z.string(),
      bytes: integer,
      unhandedBytes: integer,
      earnedWei: integer,
      postedWei: integer,
      paidWei: integer,
      claimableWei: integer,
      unpostedWei: integer,
      gasCostWei: integer,
    }),
  ),
});
export type EarningsDocument = z.output<typeof earningsDocument>;

/** A deal that waits: the rule and, in `message`, the figures and what would satisfy it. */
const waitingDeal = z.object({
  dealId: z.string(),
  reason: z.string(),
  dueWei: integer,
  message: z.string(),
});

/** Answer to `/settle/preview`. */
export const settlePreviewDocument = z.object({
  steps: z.array(
    z.object({
      dealId: z.string(),
      route: z.enum(['voucher', 'direct-claim', 'sampled-claim']),
      throughEpoch: z.number(),
      dueWei: integer,
      /** Units of gas, as estimated, and their cost in wei of the chain's coin. */
      gas: integer,
      gasCostWei: integer,
      /** Receipts of a claim; null for a voucher. */
      receipts: z.number().nullable(),
      /** Held until a sampled claim is paid. */
      bondWei: integer.nullable(),
    }),
  ),
  /** Deals that wait even when the operator asks. */
  waiting: z.array(waitingDeal),
  /** Deals that wait while the node settles by itself: thresholds hold back, too. */
  byItself: z.array(waitingDeal),
  dueWei: integer,
  gas: integer,
  gasPriceWei: integer,
  gasCostWei: integer,
  /** What the gas is worth in token wei by --gas-token-wei; null when that is not set. */
  gasTokenWei: integer.nullable(),
  netWei: integer.nullable(),
});
export type SettlePreviewDocument = z.output<typeof settlePreviewDocument>;

/** Answer to `/settle`. */
export const settleDocument = z.object({
  paidWei: integer,
  gasCostWei: integer,
  transactions: z.array(z.string()),
  waiting: z.array(waitingDeal),
  failures: z.array(
    z.object({ dealId: z.string(), code: z.string(), message: z.string(), remedy: z.string().optional() }),
  ),
});
export type SettleDocument = z.output<typeof settleDocument>;

/** Answer to `/withdraw`. */
export const withdrawDocument = z.object({
  to: z.string(),
  amountWei: integer,
  remainingWei: integer,
  transaction: z.string(),
});
export type WithdrawDocument = z.output<typeof withdrawDocument>;

/** Answer to `/withdraw/preview`. */
export const withdrawPreviewDocument = z.object({ to: z.string(), amountWei: integer, haveWei: integer });
export type WithdrawPreviewDocument = z.output<typeof withdrawPreviewDocument>;

/** Body of `/earnings`. */
export const earningsQuestion = z.object({ by: z.enum(['deal', 'day', 'publisher', 'content']) });

/** Body of `/withdraw` and `/withdraw/preview`; without an amount all of it. */
export const withdrawQuestion = z.object({
  amountWei: integer.optional(),
  to: z
    .string()
    .regex(/^0x[0-9a-fA-F]{40}$/)
    .optional(),
});

/** Blocks that one request may name: its body stays under what the control door takes. */
export const MAX_DROPPED_AT_ONCE = 200;
const digest = z.string().regex(/^[0-9a-f]{64}$/);

/** Body of `/blocks/drop-damaged`: blocks that somebody found damaged; the node looks itself. */
export const dropQuestion = z.object({ digests: z.array(digest).max(MAX_DROPPED_AT_ONCE) });

/** Answer to `/blocks/drop-damaged`. */
export const droppedDocument = z.object({ dropped: z.array(digest) });
