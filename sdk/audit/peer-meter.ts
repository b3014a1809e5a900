import { z } from 'zod';

import { parseAddress } from '../protocol/identifiers.ts';

const amount = z
  .string()
  .regex(/^\d{1,39}$/)
  .transform(BigInt);

/**
 * Bytes of one peer that are priced alike, as the coordinator states them: the rate of a grant for a peer is written
 * down with the coordinator, not in the grant.
 */
export const peerMeterSchema = z
  .object({ peer: z.string().transform(parseAddress), ratePerGiB: amount, bytes: amount })
  .strict();

export type PeerMeter = z.output<typeof peerMeterSchema>;

/** A meter as JSON: amounts become decimal text. */
export function jsonOfMeter({ peer, ratePerGiB, bytes }: PeerMeter): object {
  return { peer, ratePerGiB: ratePerGiB.toString(), bytes: bytes.toString() };
}
