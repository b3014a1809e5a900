import { z } from 'zod';

/** Longest text and list that are taken of an answer. */
const MAX_TEXT_LENGTH = 4_096;
const MAX_ENTRIES = 100_000;

const text = z.string().max(MAX_TEXT_LENGTH);
/** Amounts and byte counts travel as decimal strings. */
const integer = z
  .string()
  .regex(/^-?\d{1,60}$/)
  .transform((digits) => BigInt(digits));
/** A moment; read as Unix seconds. */
const instant = z
  .string()
  .datetime()
  .transform((iso) => Date.parse(iso) / 1_000);
const list = <T extends z.ZodTypeAny>(entry: T) => z.array(entry).max(MAX_ENTRIES);

/** How every refusal of the node looks. */
export const refusalAnswer = z.object({ error: z.object({ code: text, message: text, remedy: text }) });

/** Where money is between the viewer's signature and the account; the parts add up. */
const moneyParts = {
  bytes: integer,
  meteredWei: integer,
  paidWei: integer,
  voucherDueWei: integer,
  inClaimWei: integer,
  unsettledWei: integer,
};

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
