import { createHash } from 'node:crypto';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { noise, sampleContent } from '../sources/sample-content.ts';
import type { SampleFile } from './delivery-system.ts';
import { describeTorrent } from './torrent-file.ts';

/** Writes the file of seeded noise, its archive of blocks, and its torrent. */
export async function writeSampleFile(
  mebibytes: number,
  trackerUrl: string,
  options: { readonly seed: number; readonly directory: string; readonly signal: AbortSignal },
): Promise<SampleFile> {
  const { seed, directory, signal } = options;
  const shared = join(directory, 'shared');
  await mkdir(shared, { recursive: true });
  const path = join(shared, 'sample.bin');
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(path, 'w');
  try {
    for await (const part of noise(mebibytes, seed)) {
      signal.throwIfAborted();
      hash.update(part);
      await file.writeFile(part);
      bytes += part.length;
    }
  } finally {
    await file.close();
  }
  const content = await sampleContent(mebibytes, { seed, directory, signal });
  const torrentPath = join(directory, 'sample.torrent');
  await writeFile(torrentPath, await describeTorrent(path, bytes, trackerUrl));
  return { path, bytes, sha256: hash.digest('hex'), root: content.root, content, torrentPath };
}
