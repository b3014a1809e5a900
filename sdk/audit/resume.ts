import type { FileHandle } from 'node:fs/promises';

import type { DealId } from '../protocol/identifiers.ts';
import { AuditError } from './audit-error.ts';
import { decodeLine, FILE_START, type AuditLine, type AuditTotals } from './audit-file.ts';
import { MAX_LINE_BYTES } from './audit-limits.ts';
import { addedTo, lastGrantOf } from './line-contents.ts';

/** How far an earlier download of a file came. */
export interface FileProgress {
  /** Bytes of whole lines. */
  readonly bytes: number;
  readonly totals: AuditTotals;
  /** Grant of the last receipt; undefined if there is none. */
  readonly lastGrant: string | undefined;
}

const CHUNK_BYTES = 256 * 1024;
const NEWLINE = 0x0a;
const NOTHING: FileProgress = {
  bytes: 0,
  totals: { events: 0, vouchers: 0, receipts: 0 },
  lastGrant: undefined,
};

/**
 * Reads how far a file came. A last line without an end does not count.
 * @throws AuditError AUDIT_FILE_OTHER for a complete file or one of another deal, AUDIT_FILE_MALFORMED
 */
export async function readProgress(
  handle: FileHandle,
  expected: { readonly file: string; readonly dealId: DealId },
): Promise<FileProgress> {
  await requireOwnFile(handle, expected.file);
  let progress = NOTHING;
  for await (const { line, endsAt } of wholeLines(handle)) {
    if (line.kind === 'end') throw other(expected.file, 'it is complete');
    if (line.kind === 'header' && line.header.dealId !== expected.dealId)
      throw other(expected.file, `it is of deal ${line.header.dealId}`);
    progress = {
      bytes: endsAt,
      totals: addedTo(progress.totals, line),
      lastGrant: line.kind === 'receipts' ? lastGrantOf(line.records) : progress.lastGrant,
    };
  }
  return progress;
}

/** A file of somebody else is not overwritten, even one without a single whole line. */
async function requireOwnFile(handle: FileHandle, file: string): Promise<void> {
  const start = Buffer.alloc(FILE_START.length);
  const { bytesRead } = await handle.read(start, 0, start.length, 0);
  if (!FILE_START.startsWith(start.toString('utf8', 0, bytesRead))) throw other(file, 'it is no audit file');
}

async function* wholeLines(handle: FileHandle): AsyncGenerator<{ line: AuditLine; endsAt: number }> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let pending = Buffer.alloc(0);
  let number = 1;
  for (let offset = 0; ;) {
    const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, offset);
    if (bytesRead === 0) return;
    offset += bytesRead;
    pending = Buffer.concat([pending, chunk.subarray(0, bytesRead)]);
    let start = 0;
    for (let end = pending.indexOf(NEWLINE); end !== -1; end = pending.indexOf(NEWLINE, start)) {
      const line = decodeLine(pending.toString('utf8', start, end), number++);
      start = end + 1;
      yield { line, endsAt: offset - (pending.length - start) };
    }
    pending = pending.subarray(start);
    // Longer than any line: whoever reads the file says so; a download must not read it into memory.
    if (pending.length > MAX_LINE_BYTES) return;
  }
}

function other(file: string, reason: string): AuditError {
  return new AuditError('AUDIT_FILE_OTHER', `${file} cannot be added to: ${reason}.`, {
    values: { file, reason },
    remedy: 'Give another file with --out, or remove this one.',
  });
}
