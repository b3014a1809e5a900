import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';
import fc from 'fast-check';

import { BlockFiles, digestOf, type DigestHex } from '../../../../node/adapters/disk/block-store-files.ts';
import { BlockReading, MAX_FREE_BUFFER_BYTES } from '../../../../node/adapters/disk/block-store-reading.ts';
import type { BlockLoan, BlockSpan } from '../../../../node/core/storage/block-ports.ts';
import { patternBytes, rawCidOf } from '../content-fixture.ts';

const KIB = 1_024;
/** Some of the same length, so that they have the same buffers. */
const BLOCK_BYTES = [64, 64, 64, 64, 40, 40, 40, 17, 17, 1].map((kib) => kib * KIB);
/** Room for three of ten. */
const HOT_BYTES = 170 * KIB;

interface Known {
  readonly digest: DigestHex;
  readonly bytes: Uint8Array;
}

describe('BlockReading', () => {
  let directory: string;
  let files: BlockFiles;
  const blocks: Known[] = BLOCK_BYTES.map((length, i) => {
    const bytes = patternBytes(length, i + 1);
    return { digest: digestOf(rawCidOf(bytes)), bytes };
  });
  const torn: DigestHex[] = [];
  const [block = { digest: '', bytes: new Uint8Array(0) }] = blocks;

  const reading = (hotBytes = HOT_BYTES): BlockReading =>
    new BlockReading(
      {
        files,
        indexedBytes: (wanted) => blocks.find(({ digest }) => digest === wanted)?.bytes.length,
        onTorn: async (digest) => void torn.push(digest),
      },
      { hotBytes },
    );

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-reading-'));
    files = new BlockFiles(directory);
    await files.prepare();
    for (const { digest, bytes } of blocks) await files.write(digest, bytes);
  });
  after(() => rm(directory, { recursive: true, force: true }));

  it('lends one reading to all who ask at once, and takes its buffer back from the last', async () => {
    const reader = reading();
    const loans = await Promise.all([1, 2, 3].map(() => reader.borrow(block.digest)));
    expect(new Set(loans.map((loan) => loan?.bytes.buffer)).size).to.equal(1);
    reader.forget(block.digest);
    loans[0]?.end();
    loans[0]?.end();
    loans[1]?.end();
    expect(reader.freeBufferBytes).to.equal(0);
    expect(Buffer.from(loans[2]?.bytes ?? []).equals(block.bytes)).to.equal(true);
    loans[2]?.end();
    expect(reader.freeBufferBytes).to.equal(block.bytes.length);
  });

  it('reads a short span of a cold block alone, and the whole block for the next one', async () => {
    const reader = reading();
    const span = { start: 1_000, end: 18_000 };
    for (const hotBytes of [0, block.bytes.length]) {
      const loan = await reader.borrow(block.digest, span);
      expect(Buffer.from(loan?.bytes ?? []).equals(block.bytes.subarray(1_000, 18_001))).to.equal(true);
      expect(loan?.blockBytes).to.equal(block.bytes.length);
      expect(reader.hotBytes).to.be.within(hotBytes, hotBytes * 1.01);
      loan?.end();
    }
  });

  it('never uses a buffer again that somebody has for good', async () => {
    const reader = reading(0);
    const kept = await reader.get(block.digest);
    const loan = await reader.borrow(block.digest);
    loan?.end();
    expect(reader.freeBufferBytes).to.equal(block.bytes.length);
    expect(loan?.bytes.buffer).not.to.equal(kept?.buffer);
  });

  it('lends nothing of a torn file, whole or in part, tells of it, and keeps the buffer', async () => {
    const bytes = patternBytes(64 * KIB, 99);
    const digest = digestOf(rawCidOf(bytes));
    blocks.push({ digest, bytes });
    await files.write(digest, bytes);
    await truncate(join(directory, 'blocks', digest.slice(0, 2), digest), bytes.length - 1);
    const reader = reading();
    expect(await reader.borrow(digest)).to.equal(undefined);
    // The part that is asked for is there; the block is not whole all the same.
    expect(await reader.borrow(digest, { start: 0, end: 20 * KIB })).to.equal(undefined);
    expect(await reader.get(digest)).to.equal(undefined);
    expect(torn).to.deep.equal([digest, digest, digest]);
    expect(reader.freeBufferBytes).to.equal((64 + 32) * KIB);
    blocks.pop();
  });

  it('shows every holder the right bytes until it lets go, in any order of what may happen', async () => {
    const step = fc.record({
      kind: fc.constantFrom(
        'borrow',
        'borrow',
        'part',
        'part',
        'get',
        'end',
        'end',
        'again',
        'forget',
        'wait',
      ),
      which: fc.nat(9),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const run = new Run(reading());
        for (const { kind, which, at } of steps) {
          const known = blocks[which];
          if (known !== undefined) await run.step(kind, known, at);
        }
        await run.end();
      }),
      { numRuns: 40 },
    );
  });
});

/** What is under way and held, beside what it has to be. */
class Run {
  readonly #reading: BlockReading;
  readonly #open: { loan: BlockLoan; expected: Uint8Array }[] = [];
  readonly #kept: { bytes: Uint8Array; expected: Uint8Array }[] = [];
  readonly #ended: BlockLoan[] = [];
  #under: Promise<void>[] = [];

  constructor(reading: BlockReading) {
    this.#reading = reading;
  }

  async step(kind: string, known: Known, at: number): Promise<void> {
    if (kind === 'borrow') this.#begin(this.#borrow(known, undefined));
    else if (kind === 'part') this.#begin(this.#borrow(known, spanOf(known, at)));
    else if (kind === 'get') this.#begin(this.#get(known));
    else if (kind === 'forget') this.#reading.forget(known.digest);
    else if (kind === 'again') this.#ended.at(-1)?.end();
    else if (kind === 'wait') await this.#settle();
    else {
      const [ended] = this.#open.splice(Math.floor(at * this.#open.length), 1);
      if (ended === undefined) return;
      ended.loan.end();
      this.#ended.push(ended.loan);
    }
    this.#check();
  }

  async end(): Promise<void> {
    await this.#settle();
    for (const { loan } of this.#open.splice(0)) loan.end();
    this.#check();
    this.#reading.clear();
    expect(this.#reading.hotBytes).to.equal(0);
  }

  #begin(work: Promise<void>): void {
    this.#under.push(work);
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#under);
    this.#under = [];
  }

  async #borrow({ digest, bytes }: Known, span: BlockSpan | undefined): Promise<void> {
    const loan = await this.#reading.borrow(digest, span);
    if (loan === undefined) throw new RangeError('a stored block was not lent');
    this.#open.push({
      loan,
      expected: span === undefined ? bytes : bytes.subarray(span.start, span.end + 1),
    });
  }

  async #get({ digest, bytes }: Known): Promise<void> {
    const read = await this.#reading.get(digest);
    this.#kept.push({ bytes: read ?? new Uint8Array(0), expected: bytes });
  }

  #check(): void {
    for (const { loan, expected } of this.#open) expectSame(loan.bytes, expected);
    for (const { bytes, expected } of this.#kept) expectSame(bytes, expected);
    expect(this.#reading.freeBufferBytes).to.be.within(0, MAX_FREE_BUFFER_BYTES);
  }
}

function spanOf({ bytes }: Known, at: number): BlockSpan {
  const start = Math.floor(at * (bytes.length - 1));
  return { start, end: Math.min(bytes.length - 1, start + Math.floor(bytes.length / 3)) };
}

function expectSame(bytes: Uint8Array, expected: Uint8Array): void {
  expect(Buffer.compare(bytes, expected), 'bytes that are held').to.equal(0);
}
