import { z } from 'zod';

import { parseGrantHash, type GrantHash } from '../protocol/identifiers.ts';

/** What a node, or the coordinator in its place, has safely recorded of one grant. */
export interface Acknowledgement {
  readonly grantHash: GrantHash;
  readonly bytes: number;
}

/** A count of bytes as a number or a decimal string. */
export function byteCount() {
  return z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d{1,16}$/)
        .transform(Number),
    ])
    .refine((bytes) => Number.isSafeInteger(bytes) && bytes >= 0);
}

/** Answer to a delivery of receipts; what is not named in it was refused. */
export const acknowledgementsSchema = z.object({
  acknowledged: z.array(z.object({ grantHash: z.string().transform(parseGrantHash), bytes: byteCount() })),
});
