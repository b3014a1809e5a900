import { open, rename, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import { StorageError } from '../../core/storage/storage-error.ts';
import {
  decodeRecords,
  encodeFrame,
  encodeHeader,
  encodeRecord,
  findFrame,
  FRAME_HEADER_BYTES,
  HEADER_BYTES,
  headerVersion,
  JOURNAL_VERSION,
  MAX_FRAME_BODY_BYTES,
  readFrame,
  type JournalRecord,
} from './receipt-journal-format.ts';

const MAX_FRAME_BYTES = FRAME_HEADER_BYTES + MAX_FRAME_BODY_BYTES;
/** Read at once while replaying: at least two of the largest frames. */
const READ_BYTES = 4 * MAX_FRAME_BYTES;

/** What replaying a file found. */
export interface JournalReplay {
  /** Where the next frame goes. */
  readonly endOffset: number;
  /** Bytes of a batch that was being written when the node fell: nobody was told that they were safe. */
  readonly tornBytes: number;
}

/**
 * Reads a journal from its start, in constant memory, and hands over every record of every whole frame.
 * @throws StorageError JOURNAL_CORRUPT when a damaged place is followed by whole frames,
 *   JOURNAL_VERSION_UNKNOWN for a file of another version
 */
export async function replayJournal(
  file: FileHandle,
  path: string,
  apply: (record: JournalRecord) => void,
): Promise<JournalReplay> {
  const { size } = await file.stat();
  const header = await readAt(file, 0, Math.min(HEADER_BYTES, size));
  if (size < HEADER_BYTES) return { endOffset: 0, tornBytes: size };
  requireVersion(headerVersion(header), path);
  let offset = HEADER_BYTES;
  while (offset < size) {
    const window = await readAt(file, offset, Math.min(READ_BYTES, size - offset));
    const taken = applyFrames(window, apply);
    if (taken === 0) {
      await requireTail(file, { path, offset, size });
      return { endOffset: offset, tornBytes: size - offset };
    }
    offset += taken;
  }
  return { endOffset: offset, tornBytes: 0 };
}

/** Applies the whole frames at the start of the window; returns how many bytes they take. */
function applyFrames(window: Uint8Array, apply: (record: JournalRecord) => void): number {
  let offset = 0;
  for (;;) {
    const body = readFrame(window.subarray(offset));
    if (body === undefined) return offset;
    for (const record of decodeRecords(body)) apply(record);
    offset += FRAME_HEADER_BYTES + body.length;
  }
}

/** A damaged frame is a torn tail only if no whole frame follows it. */
async function requireTail(
  file: FileHandle,
  place: { path: string; offset: number; size: number },
): Promise<void> {
  const { path, offset, size } = place;
  for (let from = offset; from < size; from += READ_BYTES - MAX_FRAME_BYTES) {
    const window = await readAt(file, from, Math.min(READ_BYTES, size - from));
    const next = findFrame(window, from === offset ? 1 : 0);
    if (next === -1) continue;
    throw new StorageError('JOURNAL_CORRUPT', `The receipt journal is damaged at byte ${offset}.`, {
      values: { path, offset, nextFrameAt: from + next, size },
      remedy:
        'The disk lost something that had been written. Keep a copy of the file, move it aside and start the ' +
        `node: the first ${offset} bytes are whole and can be imported again, receipts after them may be known ` +
        'to the coordinators.',
    });
  }
}

/** Writes a new journal beside the old one and puts it in its place, or leaves the old one untouched. */
export async function replaceJournal(path: string, records: Iterable<JournalRecord>): Promise<FileHandle> {
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w+', 0o600);
  try {
    let offset = await writeAt(file, 0, encodeHeader());
    for (const frame of framesOf(records)) offset += await writeAt(file, offset, frame);
    await file.datasync();
    await rename(temporary, path);
    await syncDirectory(dirname(path));
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Frames that hold the records in order, none longer than the limit. */
export function* framesOf(records: Iterable<JournalRecord>): Generator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for (const record of records) {
    const encoded = encodeRecord(record);
    if (length + encoded.length > MAX_FRAME_BODY_BYTES) {
      yield encodeFrame(Buffer.concat(parts));
      parts = [];
      length = 0;
    }
    parts.push(encoded);
    length += encoded.length;
  }
  if (length > 0) yield encodeFrame(Buffer.concat(parts));
}

export async function writeAt(file: FileHandle, offset: number, bytes: Uint8Array): Promise<number> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, offset + written);
    written += bytesWritten;
  }
  return written;
}

export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await file.read(bytes, read, length - read, offset + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return bytes.subarray(0, read);
}

function requireVersion(version: number | undefined, path: string): void {
  if (version === JOURNAL_VERSION) return;
  if (version === undefined) {
    throw new StorageError('JOURNAL_CORRUPT', 'The file does not begin like a receipt journal.', {
      values: { path, offset: 0 },
      remedy: 'Move the file aside if it is something else; restore the journal from a backup if it was one.',
    });
  }
  throw new StorageError('JOURNAL_VERSION_UNKNOWN', `The receipt journal has version ${version}.`, {
    values: { path, version, known: JOURNAL_VERSION },
    remedy: 'Start the version of this program that wrote it, or a newer one.',
  });
}
