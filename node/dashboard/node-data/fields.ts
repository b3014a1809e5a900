import { z } from 'zod';

/** Longest text and list that are taken of an answer. */
const MAX_TEXT_LENGTH = 4_096;
const MAX_ENTRIES = 100_000;

/** A bounded text. */
export const text = z.string().max(MAX_TEXT_LENGTH);
/** Amounts and byte counts travel as decimal strings. */
export const integer = z
  .string()
  .regex(/^-?\d{1,60}$/)
  .transform((digits) => BigInt(digits));
/** A moment; read as Unix seconds. */
export const instant = z
  .string()
  .datetime()
  .transform((iso) => Date.parse(iso) / 1_000);
/** A bounded list. */
export const list = <T extends z.ZodTypeAny>(entry: T) => z.array(entry).max(MAX_ENTRIES);

/** Where money is between the viewer's signature and the account; the parts add up. */
export const moneyParts = {
  bytes: integer,
  meteredWei: integer,
  paidWei: integer,
  voucherDueWei: integer,
  inClaimWei: integer,
  unsettledWei: integer,
};
