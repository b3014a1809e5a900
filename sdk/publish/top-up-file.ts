import { rm } from 'node:fs/promises';

import { z } from 'zod';

import { parseDealId } from '../protocol/identifiers.ts';
import { readJournal, writeJournal } from './journal-file.ts';
import type { TopUpJournal } from './top-up-distribution.ts';

const FORMAT = 'bcdn/top-up/1';
const recordSchema = z.object({
  format: z.literal(FORMAT),
  record: z.object({
    dealId: z.string().transform(parseDealId),
    amountWei: z
      .string()
      .regex(/^\d{1,39}$/)
      .transform(BigInt),
    afterBlock: z.number().int().nonnegative(),
  }),
});

/** A journal of top-ups of one deal, in a file of its own, which nobody else may read. */
export function topUpFile(path: string): TopUpJournal {
  return {
    read: async () => readJournal(path, (document) => recordSchema.parse(document).record),
    write: async (record) => writeJournal(path, { format: FORMAT, record }),
    remove: async () => rm(path, { force: true }),
  };
}
