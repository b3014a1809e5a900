import { z } from 'zod';

import { instant, integer, list, moneyParts, text } from './fields.ts';

/** How every refusal of the node looks. */
export const refusalAnswer = z.object({ error: z.object({ code: text, message: text, remedy: text }) });

/** What the page reads of `bcdn-node status --json`. */
export const statusAnswer = z.object({
  version: text,
  operator: text,
  role: z.enum(['edge', 'peer']),
  region: text,
  state: z.enum(['starting', 'serving', 'degraded', 'draining']),
  uptimeSeconds: z.number(),
  httpUrl: text,
  domain: text,
  earning: z.object({ yes: z.boolean(), because: text.nullable(), run: text.nullable() }),
  problems: list(z.object({ code: text, message: text })),
  drainingSince: instant.nullable(),
  bytes: z.object({
    served: integer,
    receipted: integer,
    durable: integer,
    atRisk: integer,
    lost: integer,
  }),
  traffic: z.object({ month: text, sentBytes: integer, capBytes: integer, resetsAt: instant }).nullable(),
  disk: z.object({ usedBytes: integer, limitBytes: integer }),
  content: z.object({ complete: z.number(), incomplete: z.number() }),
  ring: z.object({ members: z.number(), lookups: z.number(), oneHop: z.number() }).nullable(),
  group: z
    .object({
      members: z.number(),
      claimedContents: z.number(),
      summaryBytes: z.number(),
      routed: z.object({ own: z.number(), group: z.number(), ring: z.number() }),
      beyondTwoHops: z.number(),
      falsePositives: z.number(),
    })
    .nullable(),
  contributedBytes: integer.nullable(),
  carriage: z
    .object({ sharePercent: z.number(), carriedBytes: integer, transitBytes: z.number() })
    .nullable(),
  settlement: z.object({ lastAt: instant.nullable(), dueWei: integer, nextAt: instant }),
  money: z.object({ ...moneyParts, lostWei: integer, gasCostWei: integer, openClaims: z.number() }),
  chain: z.object({
    state: z.enum(['connecting', 'connected', 'lost']),
    block: z.number().nullable(),
    reason: text.nullable(),
  }),
});
export type StatusAnswer = z.output<typeof statusAnswer>;

/** What `bcdn-node drain --json` says. */
export const drainAnswer = z.object({
  draining: z.boolean(),
  since: instant.nullable(),
  done: z.boolean(),
  left: z
    .object({
      openGrants: z.number(),
      atRiskBytes: integer,
      unsettledWei: integer,
      voucherDueWei: integer,
      inClaimWei: integer,
    })
    .nullable(),
});
export type DrainAnswer = z.output<typeof drainAnswer>;

/** What `bcdn-node doctor` finds. */
export const healthAnswer = z.object({
  at: instant,
  findings: list(
    z.object({
      check: text,
      state: z.enum(['fine', 'warning', 'failed']),
      evidence: text,
      run: text.nullable(),
    }),
  ),
});
export type HealthAnswer = z.output<typeof healthAnswer>;

const sum = z.number().nonnegative();

/** Traffic since the node started: sums at moments, the oldest first. */
export const trafficAnswer = z.object({
  startedAt: instant,
  samples: list(
    z.object({
      atMs: sum,
      sentBytes: sum,
      receivedBytes: sum,
      transfers: sum,
      misses: sum,
      connections: sum,
    }),
  ),
});
export type TrafficAnswer = z.output<typeof trafficAnswer>;

/** What the operator lends, and what is taken of it. */
export const capacityAnswer = z.object({
  disk: z.object({ usedBytes: integer, limitBytes: integer, evictableBytes: integer }),
  memory: z.object({ usedBytes: integer, limitBytes: integer }),
  uploadBytesPerSecond: integer.nullable(),
  freeBytesPerMinute: integer,
  carriagePercent: z.number(),
  workers: z.number(),
  settleMinimumWei: integer,
  maxGasPriceWei: integer.nullable(),
});
export type CapacityAnswer = z.output<typeof capacityAnswer>;
