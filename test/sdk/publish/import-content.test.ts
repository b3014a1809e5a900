import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { CarReader } from '@ipld/car';
import { CarIndexedReader } from '@ipld/car/indexed-reader';
import * as dagPb from '@ipld/dag-pb';
import { expect } from 'chai';
import fc from 'fast-check';
import { exporter } from 'ipfs-unixfs-exporter';
import type { CID } from 'multiformats/cid';

import { importContent } from '../../../sdk/publish/import-content.ts';
import type { ImportedContent } from '../../../sdk/publish/imported-content.ts';
import { PublishError } from '../../../sdk/publish/publish-error.ts';

const MIB = 1024 * 1024;

/**
 * The deterministic bytes of kubo's own tests: a ChaCha20 key stream under sha256(seed) with a zero nonce, so that
 * the CIDs kubo's test suite expects of `ipfs add` can be expected here.
 */
async function* kuboDeterministicBytes(length: number, seed: string): AsyncGenerator<Uint8Array> {
  const key = createHash('sha256').update(seed).digest();
  const cipher = createCipheriv('chacha20', key, Buffer.alloc(16));
  for (let done = 0; done < length; done += MIB)
    yield cipher.update(Buffer.alloc(Math.min(MIB, length - done)));
}

async function* inPieces(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

async function blocksOf(content: ImportedContent): Promise<Map<string, Uint8Array>> {
  const reader = await CarReader.fromIterable(content.carFile.read());
  const roots = await reader.getRoots();
  expect(roots.map(String)).to.deep.equal([content.root.toString()]);
  const blocks = new Map<string, Uint8Array>();
  for await (const { cid, bytes } of reader.blocks()) blocks.set(cid.toString(), bytes);
  return blocks;
}

async function exported(root: CID, blocks: ReadonlyMap<string, Uint8Array>): Promise<Buffer> {
  const store = {
    async *get(cid: CID) {
      const bytes = blocks.get(cid.toString());
      if (bytes === undefined) expect.fail(`block ${cid.toString()} is not in the archive`);
      yield bytes;
    },
  };
  const entry = await exporter(root, store);
  const parts: Uint8Array[] = [];
  if (entry.type === 'file' || entry.type === 'raw')
    for await (const part of entry.content()) parts.push(part);
  return Buffer.concat(parts);
}

describe('importContent', function () {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-import-test-'));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  async function imported(stream: AsyncIterable<Uint8Array>, chunkBytes?: number): Promise<ImportedContent> {
    return importContent(
      { kind: 'stream', stream },
      { temporaryDirectory: directory, ...(chunkBytes !== undefined && { chunkBytes }) },
    );
  }

  describe('makes the CIDs of ipfs add --cid-version=1 --raw-leaves', () => {
    const small: readonly [string, string, string][] = [
      ['an empty file', '', 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'],
      ['hello world', 'hello world', 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e'],
      [
        'hello world and a newline',
        'hello world\n',
        'bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4',
      ],
    ];
    for (const [name, text, cid] of small) {
      it(name, async () => {
        const content = await imported(inPieces(Buffer.from(text), 5));
        expect(content.root.toString()).to.equal(cid);
        expect(content.bytes).to.equal(text.length);
        expect(content.blocks).to.equal(1);
      });
    }

    it('a file of one byte is the raw block itself', async () => {
      const content = await imported(inPieces(Uint8Array.of(0x61), 1));
      const digest = createHash('sha256').update('a').digest();
      expect(content.root.code).to.equal(0x55);
      expect(Buffer.from(content.root.multihash.digest).equals(digest)).to.equal(true);
    });

    it('174 MiB in one layer of 174 links, as in the test suite of kubo', async function () {
      this.timeout(60_000);
      const content = await imported(kuboDeterministicBytes(174 * MIB, 'v1-seed'));
      expect(content.root.toString()).to.equal('bafybeigwduxcf2aawppv3isnfeshnimkyplvw3hthxjhr2bdeje4tdaicu');
      expect(content.blocks).to.equal(175);
    });

    it('175 MiB in two layers, as in the test suite of kubo', async function () {
      this.timeout(60_000);
      const content = await imported(kuboDeterministicBytes(175 * MIB, 'v1-seed'));
      expect(content.root.toString()).to.equal('bafybeidhd7lo2n2v7lta5yamob3xwhbxcczmmtmhquwhjesi35jntf7mpu');
      expect(content.blocks).to.equal(178);
      const car = await CarIndexedReader.fromFile(content.carFile.path);
      const root = await car.get(content.root);
      await car.close();
      expect(dagPb.decode(root?.bytes ?? new Uint8Array()).Links).to.have.length(2);
    });
  });

  it('exports to the bytes that went in, for any size, leaf size and division of the stream', async () => {
    const cases = fc.record({
      bytes: fc.uint8Array({ minLength: 0, maxLength: 6000 }),
      chunkBytes: fc.integer({ min: 16, max: 4096 }),
      pieceBytes: fc.integer({ min: 1, max: 5000 }),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ bytes, chunkBytes, pieceBytes }) => {
        const content = await imported(inPieces(bytes, pieceBytes), chunkBytes);
        const blocks = await blocksOf(content);
        expect((await exported(content.root, blocks)).equals(bytes)).to.equal(true);
        expect(content.bytes).to.equal(bytes.length);
        expect(content.blocks).to.equal(blocks.size);
        await content.carFile.remove();
      }),
      { numRuns: 60 },
    );
  });

  it('lays three layers out and writes repeated chunks once', async () => {
    const bytes = randomBytes(15_500);
    const content = await imported(inPieces(Buffer.concat([bytes, bytes]), 1000), 1);
    const blocks = await blocksOf(content);
    expect((await exported(content.root, blocks)).equals(Buffer.concat([bytes, bytes]))).to.equal(true);
    const leaves = [...blocks.keys()].filter((cid) => cid.startsWith('bafkrei'));
    expect(leaves).to.have.length(new Set(bytes).size);
  });

  it('publishes a directory under one root, with empty directories and without hidden names', async () => {
    const folder = join(directory, 'site');
    await mkdir(join(folder, 'empty'), { recursive: true });
    await mkdir(join(folder, 'deep', 'er'), { recursive: true });
    await writeFile(join(folder, 'index.html'), '<p>hello</p>');
    await writeFile(join(folder, 'deep', 'er', 'note.txt'), 'note');
    await writeFile(join(folder, '.hidden'), 'secret');
    const content = await importContent(
      { kind: 'directory', path: folder },
      { temporaryDirectory: directory },
    );
    const blocks = await blocksOf(content);
    const root = dagPb.decode(blocks.get(content.root.toString()) ?? new Uint8Array());
    expect(root.Links.map((link) => link.Name)).to.deep.equal(['deep', 'empty', 'index.html']);
    expect(content.bytes).to.equal('<p>hello</p>note'.length);
    const hidden = await importContent(
      { kind: 'directory', path: folder, hidden: true },
      { temporaryDirectory: directory },
    );
    expect(hidden.bytes).to.equal('<p>hello</p>notesecret'.length);
  });

  it('gives the same root for a directory of one file and keeps the directory around it', async () => {
    const folder = join(directory, 'one');
    await mkdir(folder);
    await writeFile(join(folder, 'a'), 'a');
    const content = await importContent(
      { kind: 'directory', path: folder },
      { temporaryDirectory: directory },
    );
    const root = dagPb.decode((await blocksOf(content)).get(content.root.toString()) ?? new Uint8Array());
    expect(root.Links.map((link) => link.Name)).to.deep.equal(['a']);
  });

  it('takes an existing archive as it is', async () => {
    const made = await imported(inPieces(randomBytes(5000), 700), 512);
    const taken = await importContent({ kind: 'car', path: made.carFile.path });
    expect(taken.root.toString()).to.equal(made.root.toString());
    expect(taken.bytes).to.equal(5000);
    expect(taken.blocks).to.equal(made.blocks);
    await taken.carFile.remove();
    expect((await blocksOf(taken)).size).to.equal(made.blocks);
  });

  describe('refuses', () => {
    async function refusal(attempt: Promise<unknown>): Promise<PublishError> {
      try {
        await attempt;
      } catch (error) {
        if (error instanceof PublishError) return error;
        throw error;
      }
      return expect.fail('nothing was refused');
    }

    it('a file that does not exist', async () => {
      const path = join(directory, 'missing');
      const error = await refusal(importContent({ kind: 'file', path }, { temporaryDirectory: directory }));
      expect(error.code).to.equal('SOURCE_UNREADABLE');
      expect(error.values['path']).to.equal(path);
      expect(await readdir(directory)).to.deep.equal([]);
    });

    it('leaves of no bytes or larger than the credit window', async () => {
      for (const chunkBytes of [0, 1.5, MIB + 1]) {
        const error = await refusal(imported(inPieces(randomBytes(5), 5), chunkBytes));
        expect(error.code).to.equal('CHUNK_SIZE_INVALID');
        expect(error.values['chunkBytes']).to.equal(chunkBytes);
      }
    });

    it('an archive with a flipped bit', async () => {
      const made = await imported(inPieces(randomBytes(5000), 700), 512);
      const bytes = Buffer.concat(await made.carFile.read().toArray());
      const at = bytes.length - 1000;
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      const path = join(directory, 'flipped.car');
      await writeFile(path, bytes);
      expect((await refusal(importContent({ kind: 'car', path }))).code).to.equal('CAR_INVALID');
    });

    it('an archive that is cut off', async () => {
      const made = await imported(inPieces(randomBytes(5000), 700), 512);
      const bytes = Buffer.concat(await made.carFile.read().toArray());
      const path = join(directory, 'cut.car');
      await writeFile(path, bytes.subarray(0, bytes.length - 1000));
      expect((await refusal(importContent({ kind: 'car', path }))).code).to.equal('CAR_INVALID');
    });

    it('an archive that lacks a block of its DAG, naming it', async () => {
      const made = await imported(inPieces(randomBytes(5000), 700), 512);
      const bytes = Buffer.concat(await made.carFile.read().toArray());
      const firstBlock = 59 + 2 + 36 + 512;
      const path = join(directory, 'lacking.car');
      await writeFile(path, Buffer.concat([bytes.subarray(0, 59), bytes.subarray(firstBlock)]));
      const error = await refusal(importContent({ kind: 'car', path }));
      expect(error.code).to.equal('CAR_INCOMPLETE');
      expect(error.values['missing']).to.equal(1);
    });

    it('to write where it may not', async () => {
      const parent = join(directory, 'nowhere');
      const error = await refusal(
        importContent(
          { kind: 'stream', stream: inPieces(randomBytes(5), 5) },
          { temporaryDirectory: parent },
        ),
      );
      expect(error.code).to.equal('DISK_WRITE_FAILED');
      expect(error.values['path']).to.equal(parent);
    });

    it('to go on after an abort, and leaves nothing on disk', async () => {
      const controller = new AbortController();
      const endless = (async function* () {
        for (let i = 0; ; i++) {
          if (i === 20) controller.abort();
          yield randomBytes(1000);
        }
      })();
      const attempt = importContent(
        { kind: 'stream', stream: endless },
        { temporaryDirectory: directory, signal: controller.signal, chunkBytes: 512 },
      );
      await attempt.then(
        () => expect.fail('it went on'),
        (error: unknown) => expect(error).to.equal(controller.signal.reason),
      );
      expect(await readdir(directory)).to.deep.equal([]);
    });
  });
});
