import { z } from 'zod';

const integer = z.string().regex(/^\d+$/);
const wei = z.string().regex(/^\d{1,39}$/);

/** Body of `/stake`; without an amount nothing is sent. */
export const stakeQuestion = z.object({ amountWei: wei.optional() });

/** Body of `/unstake`: unbond an amount, or without one everything; or take back what has been unbonded. */
export const unstakeQuestion = z.object({ amountWei: wei.optional(), what: z.enum(['unbond', 'withdraw']) });

/** Answer to `/stake` and `/unstake`. */
export const stakeDocument = z.object({
  operator: z.string(),
  /** Null for one that is not registered. */
  role: z.enum(['edge', 'peer']).nullable(),
  /** Whether the registry counts it as a working node: an edge by its stake is on the ring. */
  active: z.boolean(),
  /** All of the stake is being unbonded. */
  leaving: z.boolean(),
  /** With what is being unbonded. */
  stakeWei: integer,
  unbondingWei: integer,
  /** Stake that keeps it on the ring. */
  minimumWei: integer,
  /** Tokens of the operator account. */
  balanceWei: integer,
  unbondingSeconds: z.number(),
  /** By the chain's clock; null while nothing is being unbonded. */
  unbondingEndsAt: z.string().nullable(),
  withdrawable: z.boolean(),
  transactions: z.array(z.string()),
});
export type StakeDocument = z.output<typeof stakeDocument>;

/** Body of `/price`; without a rate nothing is changed. */
export const priceQuestion = z.object({ askWeiPerGib: wei.optional() });

/** Answer to `/price`. */
export const priceDocument = z.object({
  operator: z.string(),
  registered: z.boolean(),
  /** On chain; null for one that is not registered. */
  askWeiPerGib: integer.nullable(),
  /** Of the active edges that the marketplace knows; null where it knows none or does not answer. */
  market: z
    .object({
      nodes: z.number(),
      lowestWeiPerGib: integer,
      medianWeiPerGib: integer,
      highestWeiPerGib: integer,
    })
    .nullable(),
  /** Why the market is not known. */
  marketReason: z.string().nullable(),
  transactions: z.array(z.string()),
});
export type PriceDocument = z.output<typeof priceDocument>;
