import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

import { z } from 'zod';

import { parseAddress, parseBytes32, parseDealId } from '../protocol/identifiers.ts';
import { PublishError } from './publish-error.ts';
import type { PublicationJournal, PublicationRecord } from './publication-record.ts';
import { MAX_PUBLICATION_FILE_BYTES } from './publish-limits.ts';

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
    read: async () => readRecord(path),
    write: async (record) => writeRecord(path, record),
    remove: async () => rm(path, { force: true }),
  };
}

/** @throws PublishError JOURNAL_UNUSABLE */
async function readRecord(path: string): Promise<PublicationRecord | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw unusable(path, error);
  }
  try {
    if (text.length > MAX_PUBLICATION_FILE_BYTES) throw unusable(path, `it has ${text.length} bytes`);
    return recordSchema.parse(JSON.parse(text)).record;
  } catch (error) {
    throw unusable(path, error);
  }
}

/** Under another name first, so that a crash leaves the old record or the new one, whole. */
async function writeRecord(path: string, record: PublicationRecord): Promise<void> {
  const folder = dirname(path);
  const text = JSON.stringify({ format: FORMAT, record }, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
    const directory = await open(folder, 'r');
    await directory.sync().finally(async () => directory.close());
  } catch (error) {
    throw unusable(path, error);
  }
}

function unusable(path: string, cause: unknown): PublishError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new PublishError('JOURNAL_UNUSABLE', `${path} cannot be used: ${reason}`, {
    values: { path, reason },
    remedy:
      'It names the deal of an interrupted publication: look for it with `bcdn deal list`, then move the file away.',
    cause,
  });
}
