import { createHash, randomBytes } from 'node:crypto';
import {
  copyFile,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';
import fc from 'fast-check';

import { JOURNAL_SYNC_BYTES } from '../../../sdk/client/client-limits.ts';
import { openFileSink, type FileSink } from '../../../sdk/client/file-sink.ts';

const BLOCK_BYTES = 1_000;
const BLOCKS = 8;
const HEADER_BYTES = 24;
const RECORD_BYTES = 48;

function digestOf(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

describe('the journal of a part', () => {
  let directory: string;
  let path: string;
  let blocks: Uint8Array[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-journal-test-'));
    path = join(directory, 'film');
    blocks = Array.from({ length: BLOCKS }, () => randomBytes(BLOCK_BYTES));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  async function abandoned(count = BLOCKS): Promise<void> {
    const sink = await openFileSink(path);
    for (const [index, block] of blocks.slice(0, count).entries())
      await sink.write(block, index * BLOCK_BYTES, digestOf(block));
    await sink.abandon?.();
  }

  function heldBy(sink: FileSink): number[] {
    return blocks.flatMap((block, index) =>
      sink.holds?.(index * BLOCK_BYTES, BLOCK_BYTES, digestOf(block)) === true ? [index] : [],
    );
  }

  /** Opens the part once more, and says which blocks are known. */
  async function resumed(): Promise<number[]> {
    const sink = await openFileSink(path, { resume: true });
    const held = heldBy(sink);
    await sink.abandon?.();
    return held;
  }

  it('knows what was written, and nothing else', async () => {
    await abandoned(5);
    expect(await resumed()).to.deep.equal([0, 1, 2, 3, 4]);
    const sink = await openFileSink(path, { resume: true });
    const [first = new Uint8Array()] = blocks;
    expect(sink.holds?.(0, BLOCK_BYTES - 1, digestOf(first))).to.equal(false);
    expect(sink.holds?.(1, BLOCK_BYTES, digestOf(first))).to.equal(false);
    expect(sink.holds?.(0, BLOCK_BYTES, digestOf(randomBytes(1)))).to.equal(false);
    await sink.abandon?.();
  });

  it('goes on where an earlier attempt ended, as often as needed', async () => {
    await abandoned(3);
    for (let at = 3; at < BLOCKS; at++) {
      const sink = await openFileSink(path, { resume: true });
      const block = blocks[at] ?? new Uint8Array();
      await sink.write(block, at * BLOCK_BYTES, digestOf(block));
      await sink.abandon?.();
    }
    expect(await resumed()).to.have.length(BLOCKS);
  });

  it('is gone when the file is complete, and with it the part', async () => {
    await abandoned();
    const sink = await openFileSink(path, { resume: true });
    expect(heldBy(sink)).to.have.length(BLOCKS);
    expect(await readdir(directory)).to.not.include('film');
    await sink.finish?.();
    expect(await readdir(directory)).to.deep.equal(['film']);
    expect((await readFile(path)).equals(Buffer.concat(blocks))).to.equal(true);
  });

  it('is not used without being asked to resume', async () => {
    await abandoned();
    const sink = await openFileSink(path);
    expect(heldBy(sink)).to.deep.equal([]);
    await sink.abandon?.();
  });

  it('drops the records from a torn or changed one on: those bytes are verified again', async () => {
    await abandoned();
    await truncate(`${path}.part.journal`, HEADER_BYTES + 5 * RECORD_BYTES + 7);
    expect(await resumed()).to.deep.equal([0, 1, 2, 3, 4]);
    const bytes = await readFile(`${path}.part.journal`);
    bytes.writeUInt8(
      bytes.readUInt8(HEADER_BYTES + 2 * RECORD_BYTES + 20) ^ 1,
      HEADER_BYTES + 2 * RECORD_BYTES + 20,
    );
    await writeFile(`${path}.part.journal`, bytes);
    expect(await resumed()).to.deep.equal([0, 1]);
  });

  it('believes no record of bytes that are not there, nor the journal of another file', async () => {
    await abandoned();
    await truncate(`${path}.part`, 3 * BLOCK_BYTES + 1);
    expect(await resumed()).to.deep.equal([0, 1, 2]);
    await copyFile(`${path}.part`, `${path}.other`);
    await rename(`${path}.other`, `${path}.part`);
    expect(await resumed()).to.deep.equal([]);
  });

  it('believes nothing when the block that was written last is not what it was', async () => {
    await abandoned();
    const part = await open(`${path}.part`, 'r+');
    await part.write(Buffer.from([1, 2, 3]), 0, 3, (BLOCKS - 1) * BLOCK_BYTES + 5);
    await part.close();
    expect(await resumed()).to.deep.equal([]);
  });

  it('never knows a block that was not written, whatever a byte of the journal becomes', async () => {
    await abandoned(4);
    const good = await readFile(`${path}.part.journal`);
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const bad = Buffer.from(good);
        bad.writeUInt8(bad.readUInt8(at) ^ flip, at);
        await writeFile(`${path}.part.journal`, bad);
        const held = await resumed();
        expect(held).to.deep.equal([0, 1, 2, 3].slice(0, held.length));
        expect(held.length).to.be.lessThan(4);
      }),
      { numRuns: 60 },
    );
  });

  it('is synced while the part grows: a kill costs at most two syncs', async () => {
    const block = randomBytes(JOURNAL_SYNC_BYTES / 8);
    const sink = await openFileSink(path);
    for (let i = 0; i < 16; i++) await sink.write(block, i * block.length, digestOf(block));
    // Not abandoned: what a killed process leaves.
    const journal = await readFile(`${path}.part.journal`);
    expect(journal.length).to.be.at.least(HEADER_BYTES + 8 * RECORD_BYTES);
    await sink.abandon?.();
  });
});
