import { z } from 'zod';

/** Answer to `/metrics`: the node's figures as its gateway exports them, what its workers count included. */
export const metricsDocument = z.object({ contentType: z.string(), text: z.string() });

/** Edges that a ring view lists at most. */
export const MAX_LISTED_EDGES = 1_000;

/** Answer to `/ring`: the ring as this node sees it, beside the registry. */
export const ringViewDocument = z.object({
  /** Null for a peer, and until an edge has joined. */
  members: z.number().nullable(),
  /** Active edges of the registry, all of them. */
  registered: z.number(),
  edges: z.array(
    z.object({ operator: z.string(), region: z.string(), nid: z.string().nullable(), endpoints: z.number() }),
  ),
});
export type RingViewDocument = z.output<typeof ringViewDocument>;
