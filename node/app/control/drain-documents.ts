import { z } from 'zod';

const integer = z.string().regex(/^\d+$/);

/** Body of `/drain`. */
export const drainQuestion = z.object({ what: z.enum(['begin', 'cancel', 'report']) });

/** Answer to `/drain`. */
export const drainDocument = z.object({
  draining: z.boolean(),
  /** Whether the node runs; one that is stopped drains as soon as it is started. */
  running: z.boolean(),
  since: z.string().nullable(),
  /** Nothing is under way and nothing is owed any more. */
  done: z.boolean(),
  /** What is left to do; null with the node stopped. */
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
export type DrainDocument = z.output<typeof drainDocument>;
