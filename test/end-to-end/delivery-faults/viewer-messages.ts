import { z } from 'zod';

/** What a viewer tells when it has everything. */
export const fetchedSchema = z.object({
  event: z.literal('done'),
  bytes: z.number(),
  resumedBytes: z.number(),
  duplicateBlocks: z.number(),
  droppedNodes: z.array(z.object({ node: z.string(), reason: z.string(), detail: z.string() })),
  receipts: z.array(z.object({ node: z.string(), bytes: z.number(), heldBy: z.string() })),
  bytesByNode: z.record(z.number()),
});

/** What a viewer tells when it could not. */
export const failedSchema = z.object({
  event: z.literal('failed'),
  code: z.string(),
  remedy: z.string(),
  values: z.record(z.unknown()),
});

export type Fetched = z.infer<typeof fetchedSchema>;
export type Failed = z.infer<typeof failedSchema>;
