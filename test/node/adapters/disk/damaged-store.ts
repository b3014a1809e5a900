import { mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { contentRootOf } from '../../../../sdk/protocol/content.ts';
import { BlockStore } from '../../../../node/adapters/disk/block-store.ts';
import type { DamagedBlock } from '../../../../node/adapters/disk/block-store-audit.ts';
import { carOf, type TestContent } from '../content-fixture.ts';

/** Stores a content in a new block store and closes it. */
export async function storeContent(directory: string, { root, blocks }: TestContent): Promise<void> {
  const store = new BlockStore({ directory, quotaBytes: 1 << 28 });
  await store.open();
  await store.importCar(root, carOf(root, blocks), { maxBytes: 1 << 27 });
  await store.close();
}

export function blockPath(directory: string, digest: string): string {
  return join(directory, 'blocks', digest.slice(0, 2), digest);
}

/** One damage of each kind, done to files of the content's leaves; what an audit is to find, in the order of names. */
export async function damageStore(directory: string, { leaves }: TestContent): Promise<DamagedBlock[]> {
  const [torn = '', corrupt = '', missing = ''] = leaves.map(({ cid }) => contentRootOf(cid).slice(2));
  const unindexed = 'ab'.repeat(32);
  await truncate(blockPath(directory, torn), 10);
  const bytes = await readFile(blockPath(directory, corrupt));
  bytes[5] = (bytes[5] ?? 0) ^ 1;
  await writeFile(blockPath(directory, corrupt), bytes);
  await rm(blockPath(directory, missing));
  await mkdir(dirname(blockPath(directory, unindexed)), { recursive: true });
  await writeFile(blockPath(directory, unindexed), 'unknown');
  const damaged: DamagedBlock[] = [
    { digest: torn, damage: 'torn' },
    { digest: corrupt, damage: 'corrupt' },
    { digest: missing, damage: 'missing' },
    { digest: unindexed, damage: 'unindexed' },
  ];
  return inOrder(damaged);
}

export function inOrder(damaged: readonly DamagedBlock[]): DamagedBlock[] {
  return damaged.toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
}
