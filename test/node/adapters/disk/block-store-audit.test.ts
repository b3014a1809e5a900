import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { contentRootOf, RAW_CODEC } from '../../../../sdk/protocol/content.ts';
import { BlockStore } from '../../../../node/adapters/disk/block-store.ts';
import {
  auditBlocks,
  type AuditOptions,
  type AuditProgress,
  type DamagedBlock,
} from '../../../../node/adapters/disk/block-store-audit.ts';
import { BlockFiles } from '../../../../node/adapters/disk/block-store-files.ts';
import { BlockStoreInspection } from '../../../../node/adapters/disk/block-store-inspection.ts';
import { contentOf, patternBytes, rawCidOf } from '../content-fixture.ts';
import { damageStore, inOrder, storeContent } from './damaged-store.ts';

const KIB = 1024;

describe('auditBlocks', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-audit-'));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  async function audit(
    options: Partial<AuditOptions> = {},
  ): Promise<AuditProgress & { damaged: DamagedBlock[] }> {
    const index = new BlockStoreInspection(join(directory, 'index.sqlite'));
    const damaged: DamagedBlock[] = [];
    try {
      const progress = await auditBlocks(
        { files: new BlockFiles(directory), index },
        {
          signal: new AbortController().signal,
          onDamage: async (found) => void damaged.push(...found),
          ...options,
        },
      );
      return { ...progress, damaged: inOrder(damaged) };
    } finally {
      index.close();
    }
  }

  it('finds nothing in a whole store, and says how much it has hashed', async () => {
    const content = await contentOf([{ content: patternBytes(600 * KIB) }]);
    await storeContent(directory, content);
    const bytes = content.blocks.reduce((sum, block) => sum + block.bytes.length, 0);
    const told: number[] = [];
    const result = await audit({ onProgress: ({ checkedBytes }) => told.push(checkedBytes) });
    expect(result).to.deep.equal({
      checkedBlocks: content.blocks.length,
      checkedBytes: bytes,
      totalBlocks: content.blocks.length,
      totalBytes: bytes,
      damaged: [],
    });
    expect(told).to.have.lengthOf(content.blocks.length);
  });

  it('tells torn, corrupt, missing and unindexed blocks apart, and changes nothing', async () => {
    const content = await contentOf([{ content: patternBytes(600 * KIB) }]);
    await storeContent(directory, content);
    const damaged = await damageStore(directory, content);
    const before = await readdir(join(directory, 'blocks'), { recursive: true });
    expect((await audit()).damaged).to.deep.equal(damaged);
    expect((await audit({ looks: 3 })).damaged).to.deep.equal(damaged);
    expect(await readdir(join(directory, 'blocks'), { recursive: true })).to.deep.equal(before);
  });

  it('takes nothing for damage that a running store is about to do', async () => {
    const store = new BlockStore({ directory, quotaBytes: 160 * KIB });
    await store.open();
    const target = { root: contentRootOf(rawCidOf(patternBytes(9))), codec: RAW_CODEC };
    const put = async (seed: number): Promise<void> => {
      const bytes = patternBytes(4 * KIB + (seed % 7), seed);
      await store.put(target, rawCidOf(bytes), bytes);
    };
    for (let seed = 1; seed <= 60; seed++) await put(seed);
    let seed = 60;
    // Every block checked, another one comes and evicts one; before the last look the store is left in peace.
    const result = await audit({ looks: 2, afterBlock: () => put(++seed) });
    await store.close();
    expect(result.damaged).to.deep.equal([]);
    expect(result.checkedBlocks).to.be.greaterThan(20);
  });

  it('ends when it is told to', async () => {
    await storeContent(directory, await contentOf([{ content: patternBytes(600 * KIB) }]));
    const stopping = new AbortController();
    const stopped = new RangeError('stopped');
    let failure: unknown;
    try {
      await audit({ signal: stopping.signal, onProgress: () => stopping.abort(stopped) });
    } catch (error) {
      failure = error;
    }
    expect(failure).to.equal(stopped);
  });
});
