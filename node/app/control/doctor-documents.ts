import { z } from 'zod';

/** Answer to `/reachability`: what other edges found when they dialled this node. */
export const reachabilityDocument = z.object({
  /** Endpoints that the registry names. */
  registered: z.array(z.string()),
  /** Other active edges of the registry. */
  others: z.number(),
  answers: z.array(
    z.object({
      operator: z.string(),
      region: z.string(),
      /** `dialled`, or why it was not: an outcome of core/dial-back/SPEC.md or the code of an error. */
      outcome: z.string(),
      observedAddress: z.string(),
      endpoints: z.array(z.object({ endpoint: z.string(), result: z.string(), ms: z.number() })),
    }),
  ),
});
export type ReachabilityDocument = z.output<typeof reachabilityDocument>;

/** One line of `doctor`. */
export const findingDocument = z.object({
  check: z.string(),
  state: z.enum(['fine', 'warning', 'failed']),
  evidence: z.string(),
  /** The one command that mends it; null for what is fine. */
  run: z.string().nullable(),
});
export type Finding = z.output<typeof findingDocument>;
