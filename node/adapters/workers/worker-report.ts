import { PlainFields, plainBytes } from './plain-fields.ts';
import type { Plain } from './process-channel.ts';
import { messageInvalid } from './worker-error.ts';
import { MAX_FORGOTTEN_PER_MESSAGE, MAX_TOUCHED_PER_REPORT } from './worker-limits.ts';

const DIGEST_BYTES = 32;

/** What a worker tells a few times a second. */
export interface WorkerReport {
  /** Bytes of blocks read for clients since the last report. */
  readonly readBytes: number;
  /** Share of time that the worker was busy since the last report, 0 to 1. */
  readonly busyShare: number;
  /** Blocks that were asked for since the last report, in hexadecimal. */
  readonly touched: readonly string[];
}

export function packReport({ readBytes, busyShare, touched }: WorkerReport): Plain {
  return { readBytes, busyShare, touched: packDigests(touched.slice(0, MAX_TOUCHED_PER_REPORT)) };
}

/** @throws WorkerError MESSAGE_INVALID */
export function unpackReport(message: unknown): WorkerReport {
  const fields = new PlainFields(message);
  return {
    readBytes: fields.count('readBytes'),
    busyShare: fields.share('busyShare'),
    touched: unpackDigests(fields, 'touched', MAX_TOUCHED_PER_REPORT),
  };
}

/** Digests that workers are to forget, in messages of a bounded size. */
export function* packForgotten(digests: readonly string[]): Generator<Plain> {
  for (let at = 0; at < digests.length; at += MAX_FORGOTTEN_PER_MESSAGE) {
    yield { digests: packDigests(digests.slice(at, at + MAX_FORGOTTEN_PER_MESSAGE)) };
  }
}

/** @throws WorkerError MESSAGE_INVALID */
export function unpackForgotten(message: unknown): readonly string[] {
  return unpackDigests(new PlainFields(message), 'digests', MAX_FORGOTTEN_PER_MESSAGE);
}

function packDigests(digests: readonly string[]): string {
  return plainBytes(Buffer.from(digests.join(''), 'hex'));
}

function unpackDigests(fields: PlainFields, name: string, max: number): string[] {
  const bytes = fields.bytes(name, max * DIGEST_BYTES);
  if (bytes.length % DIGEST_BYTES !== 0) throw messageInvalid(`${name} are no digests`);
  const hex = Buffer.from(bytes).toString('hex');
  return Array.from({ length: bytes.length / DIGEST_BYTES }, (_, index) =>
    hex.slice(index * 2 * DIGEST_BYTES, (index + 1) * 2 * DIGEST_BYTES),
  );
}
