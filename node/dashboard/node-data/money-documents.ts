import { z } from 'zod';

import { instant, integer, list, moneyParts, text } from './fields.ts';

/** How earnings are grouped. */
export const GROUPINGS = ['day', 'deal', 'publisher', 'content'] as const;
export type Grouping = (typeof GROUPINGS)[number];

const earningsRow = z.object({ key: text, ...moneyParts, settledWei: integer, lostWei: integer });
export type EarningsRow = z.output<typeof earningsRow>;

/** What the page reads of `bcdn-node earnings --json`. */
export const earningsAnswer = z.object({
  by: text,
  rows: list(earningsRow),
  total: earningsRow,
  gasCostWei: integer,
  feeWei: integer,
  netWei: integer.nullable(),
  deals: list(
    z.object({
      dealId: text,
      lost: list(z.object({ reason: text, wei: integer, rule: text, remedy: text })),
    }),
  ),
  claims: list(
    z.object({
      dealId: text,
      state: text,
      lockedWei: integer,
      lastBlock: z.number(),
      deadline: instant.nullable(),
    }),
  ),
});
export type EarningsAnswer = z.output<typeof earningsAnswer>;

/** Payments and receipts behind a row. */
export const entriesAnswer = z.object({
  payments: list(
    z.object({
      transaction: text,
      dealId: text,
      route: text,
      throughEpoch: z.number(),
      paidWei: integer,
      feeWei: integer,
      at: instant,
      block: z.number().nullable(),
    }),
  ),
  paymentsInAll: z.number(),
  receipts: list(
    z.object({
      grantHash: text,
      dealId: text,
      viewerKey: text,
      epoch: z.number(),
      at: instant,
      bytes: integer,
    }),
  ),
  receiptsInAll: z.number(),
});
export type EntriesAnswer = z.output<typeof entriesAnswer>;

const waiting = list(z.object({ dealId: text, reason: text, dueWei: integer, message: text }));

/** What `bcdn-node settle --dry-run --json` says. */
export const previewAnswer = z.object({
  steps: list(z.object({ dealId: text, route: text, dueWei: integer, gas: integer, gasCostWei: integer })),
  waiting,
  dueWei: integer,
  gas: integer,
  gasPriceWei: integer,
  gasCostWei: integer,
  gasTokenWei: integer.nullable(),
  netWei: integer.nullable(),
});
export type PreviewAnswer = z.output<typeof previewAnswer>;

/** What `bcdn-node settle --json` says. */
export const settleAnswer = z.object({
  paidWei: integer,
  gasCostWei: integer,
  transactions: list(text),
  waiting,
  failures: list(z.object({ dealId: text, code: text, message: text, remedy: text.optional() })),
});
export type SettleAnswer = z.output<typeof settleAnswer>;

/** What `bcdn-node price --json` says. */
export const priceAnswer = z.object({
  registered: z.boolean(),
  askWeiPerGib: integer.nullable(),
  market: z
    .object({
      nodes: z.number(),
      lowestWeiPerGib: integer,
      medianWeiPerGib: integer,
      highestWeiPerGib: integer,
    })
    .nullable(),
  marketReason: text.nullable(),
  transactions: list(text),
});
export type PriceAnswer = z.output<typeof priceAnswer>;
