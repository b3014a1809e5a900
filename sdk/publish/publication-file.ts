import { rm } from 'node:fs/promises';

import { z } from 'zod';

import { parseAddress, parseBytes32, parseDealId } from '../protocol/identifiers.ts';
import { readJournal, writeJournal } from './journal-file.ts';
import type { PublicationJournal } from './publication-record.ts';

const FORMAT = 'bcdn/publication/1';
const MAX_NODES = 256;
const MAX_ENDPOINTS = 16;

const address = z.string().transform(parseAddress);
const wei = z
  .string()
  .regex(/^\d{1,39}$/)
  .transform(BigInt);
const publicationSchema = z.object({
  salt: z.string().transform((text) => parseBytes32(text, 'salt')),
  dealId: z.string().transform(parseDealId),
  cid: z.string().max(128),
  grantKey: address,
  collector: address,
  depositWei: wei,
  peerPoolWei: wei,
  nodes: z
    .array(
      z.object({
        node: address,
        region: z.string().max(8),
        endpoints: z.array(z.string().max(256)).max(MAX_ENDPOINTS),
        allocatedWei: wei,
        ratePerGiB: wei,
      }),
    )
    .max(MAX_NODES),
});
const recordSchema = z.object({ format: z.literal(FORMAT), record: publicationSchema });

/** A journal in a file of its own, which nobody else may read; `remove` ends it when the publication is there. */
export function publicationFile(path: string): PublicationJournal & { remove(): Promise<void> } {
  return {
    read: async () => readJournal(path, (document) => recordSchema.parse(document).record),
    write: async (record) => writeJournal(path, { format: FORMAT, record }),
    remove: async () => rm(path, { force: true }),
  };
}
