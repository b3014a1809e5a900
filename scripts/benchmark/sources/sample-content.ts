import { createCipheriv } from 'node:crypto';

import { importContent } from '../../../sdk/publish/import-content.ts';
import type { ImportedContent } from '../../../sdk/publish/imported-content.ts';

const MIB = 1_048_576;

/** A file of so many MiB that no compression makes smaller, the same for the same seed, as an archive on disk. */
export async function sampleContent(
  mebibytes: number,
  options: { readonly seed: number; readonly directory: string; readonly signal: AbortSignal },
): Promise<ImportedContent> {
  const { seed, directory: temporaryDirectory, signal } = options;
  return importContent({ kind: 'stream', stream: noise(mebibytes, seed) }, { temporaryDirectory, signal });
}

/** Bytes that no compression makes smaller, a MiB at a time: the key stream of AES-128 in counter mode. */
export async function* noise(mebibytes: number, seed: number): AsyncGenerator<Uint8Array> {
  const key = Buffer.alloc(16);
  key.writeUInt32BE(seed);
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  const zeros = Buffer.alloc(MIB);
  for (let i = 0; i < mebibytes; i++) yield cipher.update(zeros);
}
