import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { expect } from 'chai';
import fc from 'fast-check';

import { contentRootOf, DAG_PB_CODEC } from '../../../../sdk/protocol/content.ts';
import { ProtocolError } from '../../../../sdk/protocol/errors.ts';
import { parseDealId } from '../../../../sdk/protocol/identifiers.ts';
import { BlockStore, type BlockStoreOptions } from '../../../../node/adapters/disk/block-store.ts';
import { StorageError } from '../../../../node/core/storage/storage-error.ts';
import { carOf, contentOf, patternBytes, rawCidOf, type TestContent } from '../content-fixture.ts';

const DEAL = parseDealId(`0x${'d1'.repeat(32)}`);
const KIB = 1024;
const ROOM = 1 << 24;

async function refusalOf(action: Promise<unknown>): Promise<StorageError | ProtocolError> {
  try {
    await action;
  } catch (error) {
    if (error instanceof StorageError || error instanceof ProtocolError) return error;
    throw error;
  }
  throw new RangeError('expected a refusal');
}

async function bytesOfCar({ root, blocks }: TestContent): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of carOf(root, blocks)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const targetOf = ({ root }: TestContent) => ({ root: contentRootOf(root), codec: root.code });

describe('BlockStore', () => {
  let directory: string;
  let content: TestContent;
  const opened: BlockStore[] = [];

  before(async () => {
    content = await contentOf([{ content: patternBytes(300 * KIB) }]);
  });

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-store-'));
  });

  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function open(options: Partial<BlockStoreOptions> = {}): Promise<BlockStore> {
    const store = new BlockStore({ directory, quotaBytes: 1 << 26, ...options });
    await store.open();
    opened.push(store);
    return store;
  }

  async function filesOf(): Promise<string[]> {
    const shards = await readdir(join(directory, 'blocks'));
    const names = await Promise.all(shards.map((shard) => readdir(join(directory, 'blocks', shard))));
    return names.flat();
  }

  const importOf = (store: BlockStore, imported = content, blocks = imported.blocks) =>
    store.importCar(imported.root, carOf(imported.root, blocks), { maxBytes: ROOM, pinFor: DEAL });

  describe('a CAR', () => {
    it('becomes a complete content with every block readable, also after a restart', async () => {
      const store = await open();
      const bytes = content.blocks.reduce((sum, block) => sum + block.bytes.length, 0);
      const summary = {
        ...targetOf(content),
        complete: true,
        bytes,
        blocks: content.blocks.length,
        pinnedBy: [DEAL],
      };
      expect(await importOf(store)).to.deep.equal(summary);
      await store.close();
      const again = await open();
      expect(again.contents()).to.deep.equal([summary]);
      for (const block of content.blocks) {
        expect(Buffer.compare((await again.get(block.cid)) ?? new Uint8Array(0), block.bytes)).to.equal(0);
        expect(await again.sizeOf(block.cid)).to.equal(block.bytes.length);
        expect(again.contains(contentRootOf(content.root), block.cid)).to.equal(true);
      }
      expect(await again.get(rawCidOf(Uint8Array.of(1)))).to.equal(undefined);
    });

    it('may bring its blocks in any order and twice', async () => {
      const store = await open();
      const blocks = [...content.blocks].reverse().concat(content.blocks);
      expect(await importOf(store, content, blocks)).to.include({
        complete: true,
        blocks: content.blocks.length,
      });
    });

    it('is not announced and leaves nothing when a block is missing', async () => {
      const store = await open();
      const [absent] = content.leaves;
      const error = await refusalOf(importOf(store, content, content.blocks.slice(1)));
      expect(error.code).to.equal('CONTENT_INCOMPLETE');
      expect(error.values).to.deep.equal({
        root: contentRootOf(content.root),
        missing: absent?.cid.toString(),
        raw: true,
      });
      expect(store.contents()).to.deep.equal([]);
      expect(await filesOf()).to.deep.equal([]);
      expect(store.usage()).to.include({ usedBytes: 0, blocks: 0 });
    });

    it('is refused when a block is not what its CID says', async () => {
      const store = await open();
      const [first, ...rest] = content.blocks;
      if (first === undefined) throw new RangeError('the content has blocks');
      const bad = { cid: first.cid, bytes: first.bytes.slice().fill(0, 0, 1) };
      const error = await refusalOf(importOf(store, content, [bad, ...rest]));
      expect(error.code).to.equal('BLOCK_HASH_MISMATCH');
      expect(error.values).to.include({ cid: first.cid.toString() });
      expect(await filesOf()).to.deep.equal([]);
    });

    it('is refused when it names another root, is longer than announced, cut off, or no CAR', async () => {
      const store = await open();
      const other = rawCidOf(Uint8Array.of(9));
      const wrong = store.importCar(other, carOf(content.root, content.blocks), { maxBytes: ROOM });
      expect((await refusalOf(wrong)).code).to.equal('CAR_ROOT_WRONG');
      const long = store.importCar(content.root, carOf(content.root, content.blocks), { maxBytes: 100_000 });
      expect(await refusalOf(long)).to.deep.include({ code: 'CAR_TOO_LARGE', values: { maxBytes: 100_000 } });
      const whole = await bytesOfCar(content);
      const stream = async function* (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
        yield bytes;
      };
      for (const bytes of [
        whole.subarray(0, whole.length - 5),
        Buffer.from('no CAR at all'),
        Buffer.alloc(0),
      ]) {
        const refused = store.importCar(content.root, stream(bytes), { maxBytes: ROOM });
        expect((await refusalOf(refused)).code).to.equal('CAR_INVALID');
      }
      expect(await filesOf()).to.deep.equal([]);
    });

    it('never makes the store hang, crash or keep a part, whatever bytes it consists of', async () => {
      const store = await open();
      const whole = await bytesOfCar(content);
      const change = fc.record({ at: fc.nat(whole.length - 1), to: fc.nat(255), cut: fc.nat(whole.length) });
      await fc.assert(
        fc.asyncProperty(change, async ({ at, to, cut }) => {
          const bytes = Buffer.from(whole.subarray(0, cut));
          if (at < bytes.length) bytes[at] = to;
          const stream = (async function* () {
            yield bytes;
          })();
          if (Buffer.compare(bytes, whole) === 0) return;
          const error = await refusalOf(store.importCar(content.root, stream, { maxBytes: ROOM }));
          expect(error.code).to.be.oneOf([
            'CAR_INVALID',
            'CAR_ROOT_WRONG',
            'BLOCK_HASH_MISMATCH',
            'CONTENT_INCOMPLETE',
          ]);
          expect(store.contents()).to.deep.equal([]);
        }),
        { numRuns: 40 },
      );
      expect(await filesOf()).to.deep.equal([]);
    });

    it('does not keep blocks that are no part of the content', async () => {
      const store = await open();
      const stray = { cid: rawCidOf(patternBytes(1000, 7)), bytes: patternBytes(1000, 7) };
      await importOf(store, content, [stray, ...content.blocks]);
      expect(await store.get(stray.cid)).to.equal(undefined);
      expect(store.contains(contentRootOf(content.root), stray.cid)).to.equal(false);
      expect(await filesOf()).to.have.length(content.blocks.length);
    });

    it('may be sent twice at once', async () => {
      const store = await open();
      const [one, two] = await Promise.all([importOf(store), importOf(store)]);
      expect(one).to.deep.equal(two);
      expect(store.usage().blocks).to.equal(content.blocks.length);
    });

    it('can be an empty file or a single leaf', async () => {
      const store = await open();
      for (const bytes of [new Uint8Array(0), Uint8Array.of(1)]) {
        const small = await contentOf([{ content: bytes }]);
        expect(await importOf(store, small)).to.include({ complete: true, bytes: bytes.length, blocks: 1 });
        expect(await store.get(small.root)).to.deep.equal(
          bytes.length === 0 ? Buffer.alloc(0) : Buffer.of(1),
        );
      }
    });
  });

  describe('the quota', () => {
    it('refuses a content before a byte is written, with what is needed and what is free', async () => {
      const store = await open({ quotaBytes: 200 * KIB });
      const error = await refusalOf(
        store.importCar(content.root, carOf(content.root, content.blocks), { maxBytes: 310 * KIB }),
      );
      expect(error.code).to.equal('QUOTA_EXCEEDED');
      expect(error.values).to.deep.equal({
        needBytes: 312 * KIB,
        freeBytes: 200 * KIB,
        limitBytes: 200 * KIB,
      });
      expect(await filesOf()).to.deep.equal([]);
    });

    it('is never exceeded by blocks that come one by one, and pinned content stays', async () => {
      const store = await open({ quotaBytes: 100 * KIB });
      const pinned = await contentOf([{ content: patternBytes(40 * KIB, 3) }]);
      await store.importCar(pinned.root, carOf(pinned.root, pinned.blocks), {
        maxBytes: 50 * KIB,
        pinFor: DEAL,
      });
      const target = { root: contentRootOf(content.root), codec: DAG_PB_CODEC };
      for (let seed = 10; seed < 30; seed++) {
        const bytes = patternBytes(20 * KIB, seed);
        await store.put(target, rawCidOf(bytes), bytes);
        expect(store.usage().usedBytes).to.be.at.most(100 * KIB);
      }
      expect(await store.get(pinned.root)).to.have.length(40 * KIB);
      const bytes = patternBytes(70 * KIB, 99);
      const error = await refusalOf(store.put(target, rawCidOf(bytes), bytes));
      expect(error.code).to.equal('QUOTA_EXCEEDED');
      expect(error.values).to.deep.equal({ needBytes: 72 * KIB, freeBytes: 60 * KIB, limitBytes: 100 * KIB });
    });

    it('says when the file system is full although the quota is not', async () => {
      const store = await open({ freeDiskBytes: async () => 1000 });
      const error = await refusalOf(importOf(store));
      expect(error.code).to.equal('DISK_FULL');
      expect(error.values).to.include({ freeDiskBytes: 1000 });
      expect(await filesOf()).to.deep.equal([]);
    });

    it('lets a content be evicted when its last deal has ended, and says that it is no longer complete', async () => {
      const store = await open({ quotaBytes: 320 * KIB });
      await store.importCar(content.root, carOf(content.root, content.blocks), {
        maxBytes: 310 * KIB,
        pinFor: DEAL,
      });
      const bytes = patternBytes(100 * KIB, 5);
      const target = { root: contentRootOf(rawCidOf(bytes)), codec: 0x55 };
      expect((await refusalOf(store.put(target, rawCidOf(bytes), bytes))).code).to.equal('QUOTA_EXCEEDED');
      store.unpin(contentRootOf(content.root), DEAL);
      await store.put(target, rawCidOf(bytes), bytes);
      expect(store.isComplete(contentRootOf(content.root))).to.equal(false);
      expect(await store.get(rawCidOf(bytes))).to.have.length(100 * KIB);
    });
  });

  describe('filling', () => {
    it('goes from the root down: what is missing is told, and completion only when nothing is', async () => {
      const store = await open();
      const target = targetOf(content);
      const byCid = new Map(content.blocks.map((block) => [block.cid.toString(), block]));
      expect((await refusalOf(store.complete(target))).code).to.equal('CONTENT_INCOMPLETE');
      let rounds = 0;
      for (
        let missing = await store.missing(target, 3);
        missing.length > 0;
        missing = await store.missing(target, 3)
      ) {
        rounds += 1;
        for (const cid of missing) {
          const block = byCid.get(cid.toString());
          if (block !== undefined) await store.put(target, cid, block.bytes);
        }
      }
      expect(rounds).to.equal(1 + Math.ceil(content.leaves.length / 3));
      await store.complete(target);
      expect(store.isComplete(target.root)).to.equal(true);
    });

    it('refuses a block whose bytes are not those of its CID', async () => {
      const store = await open();
      const error = await refusalOf(store.put(targetOf(content), content.root, Uint8Array.of(1, 2)));
      expect(error.code).to.equal('BLOCK_HASH_MISMATCH');
      expect(error.values).to.include({ cid: content.root.toString(), length: 2 });
    });
  });

  describe('after a fall', () => {
    it('drops temporary, torn and unknown files and notices blocks that are gone', async () => {
      const store = await open();
      await importOf(store);
      await store.close();
      const [torn = '', gone = ''] = await filesOf();
      const pathOf = (name: string): string => join(directory, 'blocks', name.slice(0, 2), name);
      await truncate(pathOf(torn), 10);
      await rm(pathOf(gone));
      await writeFile(pathOf('ab'.repeat(32)), 'unknown');
      await writeFile(join(directory, 'tmp', '17'), 'half a block');
      const again = new BlockStore({ directory, quotaBytes: 1 << 26 });
      expect(await again.open()).to.deep.equal({
        blocks: content.blocks.length - 2,
        removedFiles: 2,
        lostBlocks: 2,
      });
      opened.push(again);
      expect(again.isComplete(contentRootOf(content.root))).to.equal(false);
      expect(await readdir(join(directory, 'tmp'))).to.deep.equal([]);
      expect(await importOf(again)).to.include({ complete: true, blocks: content.blocks.length });
    });

    it('drops blocks whose bytes have changed, when it is told to look', async () => {
      const store = await open({ hotBytes: 1 });
      await importOf(store);
      const [name = ''] = await filesOf();
      const path = join(directory, 'blocks', name.slice(0, 2), name);
      const bytes = await readFile(path);
      bytes[5] = (bytes[5] ?? 0) ^ 1;
      await writeFile(path, bytes);
      const names = await filesOf();
      expect(await store.dropDamaged(names)).to.deep.equal([name]);
      expect(store.isComplete(contentRootOf(content.root))).to.equal(false);
      expect(await store.dropDamaged(names)).to.deep.equal([]);
    });
  });

  describe('a purge', () => {
    const digestsOf = ({ blocks }: TestContent): string[] =>
      blocks.map(({ cid }) => contentRootOf(cid).slice(2));

    it('removes a content from memory and disk, pinned or not, but nothing that another content needs', async () => {
      const store = await open();
      const other = await contentOf([{ path: 'same.bin', content: patternBytes(300 * KIB) }]);
      await importOf(store);
      await importOf(store, other);
      for (const { cid } of content.blocks) await store.get(cid);
      const shared = new Set(digestsOf(other));
      const own = digestsOf(content).filter((digest) => !shared.has(digest));
      expect(await store.purge(targetOf(content))).to.equal(own.length);
      expect(store.isComplete(contentRootOf(content.root))).to.equal(false);
      expect(store.isComplete(contentRootOf(other.root))).to.equal(true);
      expect((await filesOf()).sort()).to.deep.equal([...shared].sort());
      const [, ...rest] = await Promise.all([
        store.purge(targetOf(other)),
        ...other.blocks.map(({ cid }) => store.get(cid)),
      ]);
      expect(rest).to.have.lengthOf(other.blocks.length);
      await store.deleteContent(contentRootOf(content.root));
      await store.purge(targetOf(other));
      for (const { cid } of other.blocks) expect(await store.get(cid)).to.equal(undefined);
      expect(store.usage()).to.include({ usedBytes: 0, blocks: 0, hotBytes: 0 });
      expect(await importOf(store, other)).to.include({ complete: true });
    });

    it('removes what lies below a node, and no more', async () => {
      const store = await open();
      const directory = await contentOf([
        { path: 'a/one.bin', content: patternBytes(200 * KIB, 3) },
        { path: 'a/two.bin', content: patternBytes(200 * KIB, 4) },
      ]);
      await importOf(store, directory);
      const one = await contentOf([{ content: patternBytes(200 * KIB, 3) }]);
      expect(await store.purge(targetOf(directory), one.root)).to.equal(one.blocks.length);
      const left = digestsOf(directory).filter((digest) => !digestsOf(one).includes(digest));
      expect((await filesOf()).sort()).to.deep.equal(left.sort());
      const missing = await store.missing(targetOf(directory), 100);
      expect(missing.map(String)).to.deep.equal([one.root.toString()]);
      for (const { cid, bytes } of one.blocks) await store.put(targetOf(directory), cid, bytes);
      await store.complete(targetOf(directory));
    });

    it('of a content that is not known does nothing', async () => {
      const store = await open();
      expect(await store.purge(targetOf(content))).to.equal(0);
    });
  });

  it('finds contents by their tags, at most 16 a content, also after a restart', async () => {
    const store = await open();
    await importOf(store);
    const tags = Array.from({ length: 20 }, (_, i) => `tag-${i}`);
    store.tag(targetOf(content), ['news', ...tags]);
    store.tag(targetOf(content), ['news']);
    await store.close();
    const again = await open();
    expect(again.tagged('news')).to.deep.equal([contentRootOf(content.root)]);
    expect(tags.filter((tag) => again.tagged(tag).length > 0)).to.deep.equal(tags.slice(0, 15));
    await again.deleteContent(contentRootOf(content.root));
    expect(again.tagged('news')).to.deep.equal([]);
  });

  it('brings an index of the first version to this one', async () => {
    const store = await open();
    await importOf(store);
    await store.close();
    const index = new DatabaseSync(join(directory, 'index.sqlite'));
    index.exec('DROP TABLE content_tags; PRAGMA user_version = 1');
    index.close();
    const again = await open();
    expect(again.isComplete(contentRootOf(content.root))).to.equal(true);
    again.tag(targetOf(content), ['news']);
    expect(again.tagged('news')).to.have.lengthOf(1);
  });

  it('deletes a content but not the blocks that another one shares', async () => {
    const store = await open();
    const other = await contentOf([{ path: 'same.bin', content: patternBytes(300 * KIB) }]);
    await importOf(store);
    await importOf(store, other);
    await store.deleteContent(contentRootOf(content.root));
    expect(store.contents().map(({ root }) => root)).to.deep.equal([contentRootOf(other.root)]);
    for (const { cid } of other.blocks) expect(await store.get(cid)).to.not.equal(undefined);
    await store.deleteContent(contentRootOf(other.root));
    expect(store.usage()).to.include({ usedBytes: 0, blocks: 0 });
    expect(await filesOf()).to.deep.equal([]);
  });

  it('holds at most its share of memory for hot blocks', async () => {
    const store = await open({ hotBytes: 130 * KIB });
    await importOf(store);
    for (const { cid } of content.blocks) await store.get(cid);
    expect(store.usage().hotBytes).to.be.at.most(130 * KIB);
  });
});
