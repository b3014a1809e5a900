import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect } from 'chai';

import { BlockStore } from '../../../../node/adapters/disk/block-store.ts';
import { StorageError } from '../../../../node/core/storage/storage-error.ts';
import { contentRootOf } from '../../../../sdk/protocol/content.ts';
import { patternBytes, rawCidOf } from '../content-fixture.ts';

const KIB = 1024;
const DISK_MIB = 6;
const BLOCK_BYTES = 700 * KIB;
/** So small that some of them fit where a block does not: the index runs out of room as well. */
const FILLER_BYTES = 16 * KIB;
const run = promisify(execFile);

/** Whether this user may mount a small disk: only then is there a real one to fill. */
async function mounted(directory: string): Promise<boolean> {
  return run('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', directory]).then(
    () => true,
    () => false,
  );
}

describe('BlockStore on a disk that is full (a real one where mounting is allowed, else a limit of file sizes)', () => {
  let directory: string;
  let isMount: boolean;
  let store: BlockStore;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-full-disk-'));
    isMount = await mounted(directory);
    store = new BlockStore({ directory: join(directory, 'store'), quotaBytes: 2 ** 30 });
    await store.open();
  });

  afterEach(async () => {
    await store.close();
    if (isMount) await run('umount', ['-l', directory]);
    await rm(directory, { recursive: true, force: true });
  });

  const limitFiles = (bytes: number | 'unlimited'): Promise<unknown> =>
    run('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`]);

  async function fill(): Promise<string[]> {
    const files: string[] = [];
    if (!isMount) await limitFiles(BLOCK_BYTES / 2);
    else {
      try {
        for (let i = 0; ; i++) {
          const path = join(directory, `filler-${i}`);
          files.push(path);
          await writeFile(path, new Uint8Array(FILLER_BYTES));
        }
      } catch (error) {
        expect(error).to.include({ code: 'ENOSPC' });
      }
    }
    return files;
  }

  it('refuses by its code, keeps nothing half, counts nothing, and takes the block when there is room', async () => {
    const blocks = Array.from({ length: 3 }, (_, i) => patternBytes(BLOCK_BYTES, i + 1)).map((bytes) => ({
      ...{ bytes, cid: rawCidOf(bytes) },
    }));
    const [first, second, third] = blocks;
    if (first === undefined || second === undefined || third === undefined)
      throw new RangeError('there are three blocks');
    const target = { root: contentRootOf(first.cid), codec: first.cid.code };
    await store.put(target, first.cid, first.bytes);
    const before = store.usage().usedBytes;
    const filler = await fill();
    for (const { cid, bytes } of [second, third]) {
      const error: unknown = await store.put(target, cid, bytes).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(StorageError).that.includes({ code: 'DISK_FULL' });
      expect(await store.get(cid)).to.equal(undefined);
      expect(await store.sizeOf(cid)).to.equal(undefined);
    }
    expect(store.usage().usedBytes).to.equal(before);
    expect(await store.get(first.cid)).to.deep.equal(first.bytes);
    if (!isMount) await limitFiles('unlimited');
    for (const path of filler) await rm(path, { force: true });
    for (const { cid, bytes } of [second, third]) {
      await store.put(target, cid, bytes);
      expect(await store.get(cid)).to.deep.equal(bytes);
    }
    expect(store.usage().usedBytes).to.be.above(before);
    await store.close();
    store = new BlockStore({ directory: join(directory, 'store'), quotaBytes: 2 ** 30 });
    await store.open();
    for (const { cid, bytes } of [first, second, third]) expect(await store.get(cid)).to.deep.equal(bytes);
  });
});
