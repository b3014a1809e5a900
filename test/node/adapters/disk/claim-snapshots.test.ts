import { appendFile, mkdtemp, readdir, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ClaimSnapshots, isRootOf } from '../../../../node/adapters/disk/claim-snapshots.ts';
import { StorageError } from '../../../../node/core/storage/storage-error.ts';
import { bytesToHex, hexToBytes, uint64ToBytes } from '../../../../sdk/protocol/bytes.ts';
import { ProtocolError } from '../../../../sdk/protocol/errors.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
  parseGrantHash,
} from '../../../../sdk/protocol/identifiers.ts';
import type { ReceiptWithGrant } from '../../../../sdk/protocol/receipt.ts';
import { splitRootWord } from '../../../../sdk/protocol/sampled-claim.ts';
import { rootOf } from '../../../../sdk/protocol/sum-trie.ts';

const dealId = parseDealId(`0x${'11'.repeat(32)}`);
const other = parseDealId(`0x${'12'.repeat(32)}`);
const span = { dealId, fromEpoch: parseEpoch(3), toEpoch: parseEpoch(7) };

/** Receipts whose grant hashes rise with their number; nobody verifies their signatures here. */
function* receipts(count: number, bytes = 5n): Generator<ReceiptWithGrant> {
  for (let index = 0; index < count; index++) {
    const key = new Uint8Array(32);
    key.set(uint64ToBytes(BigInt(index) * 0x9e3779b9n + 1n), 0);
    yield {
      signedGrant: {
        grant: {
          dealId,
          node: parseAddress(`0x${'22'.repeat(20)}`),
          viewerKey: parseAddress(`0x${'33'.repeat(20)}`),
          epoch: parseEpoch(5),
          capBytes: 1n << 40n,
          contentRoot: parseContentRoot(`0x${'44'.repeat(32)}`),
        },
        signature: new Uint8Array(64).fill(1),
      },
      signedReceipt: {
        receipt: { grantHash: parseGrantHash(bytesToHex(key)), bytesCumulative: bytes + BigInt(index) },
        signature: new Uint8Array(64).fill(2),
      },
    };
  }
}

const rootWordOf = (pairs: Iterable<ReceiptWithGrant>): Uint8Array =>
  rootOf(
    [...pairs].map(({ signedReceipt: { receipt } }) => ({
      key: hexToBytes(receipt.grantHash),
      bytes: receipt.bytesCumulative,
    })),
  ).word;

describe('receipts of a claim on disk', () => {
  let directory: string;
  let snapshots: ClaimSnapshots;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-claims-'));
    snapshots = new ClaimSnapshots({ directory: join(directory, 'claims') });
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));
  const path = (): string => join(directory, 'claims', `${dealId}.claim`);

  it('are the same after a restart, with their root', async () => {
    const sealed = await snapshots.seal(span, receipts(1_000));
    const found =
      (await new ClaimSnapshots({ directory: join(directory, 'claims') }).find(dealId)) ?? expect.fail();
    for (const snapshot of [sealed, found]) {
      expect(snapshot).to.deep.include({ ...span, receipts: 1_000, rootWord: rootWordOf(receipts(1_000)) });
      expect([...snapshot.pairs()]).to.deep.equal([...receipts(1_000)]);
      expect([...snapshot.pairs()]).to.have.length(1_000);
    }
    const claim = splitRootWord(found.rootWord);
    expect(isRootOf(found, claim)).to.equal(true);
    expect(isRootOf(found, { ...claim, totalBytes: claim.totalBytes + 1n })).to.equal(false);
    expect(await snapshots.deals()).to.deep.equal([dealId]);
    await snapshots.remove(dealId);
    expect([await snapshots.deals(), await snapshots.find(dealId)]).to.deep.equal([[], undefined]);
  });

  it('are replaced as a whole or not at all', async () => {
    await snapshots.seal(span, receipts(300));
    const failing = function* (): Generator<ReceiptWithGrant> {
      yield* receipts(290);
      yield* receipts(1);
    };
    const error: unknown = await snapshots.seal(span, failing()).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(ProtocolError).with.property('code', 'TRIE_LEAVES_UNSORTED');
    expect((await snapshots.find(dealId))?.receipts).to.equal(300);
    await snapshots.seal(span, receipts(2));
    expect((await snapshots.find(dealId))?.receipts).to.equal(2);
    expect(
      (await readdir(join(directory, 'claims'))).filter((name) => name.endsWith('.claim')),
    ).to.have.length(1);
  });

  it('are refused when there are none, and when the file is damaged', async () => {
    const empty: unknown = await snapshots.seal(span, []).catch((reason: unknown) => reason);
    expect(empty).to.be.instanceOf(ProtocolError).with.property('code', 'TRIE_BYTES_INVALID');
    expect(await snapshots.find(other)).to.equal(undefined);
    for (const damage of [
      () => truncate(path(), 1_000),
      () => truncate(path(), 3),
      () => appendFile(path(), 'x'),
    ]) {
      await snapshots.seal(span, receipts(10));
      await damage();
      const error: unknown = await snapshots.find(dealId).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(StorageError).with.property('code', 'CLAIM_SNAPSHOT_CORRUPT');
      expect(error).to.deep.include({ values: { path: path() } });
    }
  });
});
