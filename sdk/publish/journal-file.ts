import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

import { PublishError } from './publish-error.ts';
import { MAX_PUBLICATION_FILE_BYTES } from './publish-limits.ts';

/**
 * Reads a document that was written down before money was sent.
 * @param decode throws for anything else than such a document
 * @returns undefined where there is none
 * @throws PublishError JOURNAL_UNUSABLE
 */
export async function readJournal<T>(path: string, decode: (document: unknown) => T): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw unusable(path, error);
  }
  try {
    if (text.length > MAX_PUBLICATION_FILE_BYTES) throw unusable(path, `it has ${text.length} bytes`);
    return decode(JSON.parse(text));
  } catch (error) {
    throw unusable(path, error);
  }
}

/**
 * Writes one that survives a power cut: under another name first, so that a crash leaves the old one or the new one, whole.
 * @throws PublishError JOURNAL_UNUSABLE
 */
export async function writeJournal(path: string, document: object): Promise<void> {
  const folder = dirname(path);
  const text = JSON.stringify(document, (_key, value: unknown) =>
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
      'It names the deal that an interrupted command was about: look at it with `bcdn deal list`, then move the file away.',
    cause,
  });
}
