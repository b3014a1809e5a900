import { closeSync, openSync, readSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

import {
  bytesToHex,
  bytesToUtf8,
  concatBytes,
  copyBytes,
  hexToBytes,
  readUint32,
  uint32ToBytes,
  utf8ToBytes,
} from '../../../sdk/protocol/bytes.ts';
import { ProtocolError } from '../../../sdk/protocol/errors.ts';
import { parseDealId, parseEpoch, type DealId, type Epoch } from '../../../sdk/protocol/identifiers.ts';
import {
  decodeReceiptsWithGrants,
  encodeReceiptsWithGrants,
  RECEIPT_WITH_GRANT_BYTES,
  type ReceiptWithGrant,
} from '../../../sdk/protocol/receipt.ts';
import {
  TRUNCATED_HASH_BYTES,
  SumTrieBuilder,
  wordBytes,
  type TrieWord,
} from '../../../sdk/protocol/sum-trie.ts';
import { StorageError } from '../../core/storage/storage-error.ts';
import { diskError, errorCode } from './disk-error.ts';
import { syncDirectory } from './receipt-journal-file.ts';

const MAGIC = 'BCDNCLM1';
/** magic 8, fromEpoch 4, toEpoch 4, receipts 4, root word 32. */
const HEADER_BYTES = 8 + 4 + 4 + 4 + 32;
/** Receipts read or written at a time. */
const RECEIPTS_PER_CHUNK = 64;
const FILE_NAME = /^(0x[0-9a-f]{64})\.claim$/;

/** The epochs that a claim is for: above the first one, up to the second. */
export interface ClaimSpan {
  readonly dealId: DealId;
  readonly fromEpoch: Epoch;
  readonly toEpoch: Epoch;
}

/** The receipts of a sampled claim, kept as they were committed. */
export interface ClaimSnapshot extends ClaimSpan {
  readonly receipts: number;
  /** Root of their sum-trie. */
  readonly rootWord: TrieWord;
  /** They by rising grant hash, in bounded memory, as often as asked. @throws StorageError CLAIM_SNAPSHOT_CORRUPT */
  pairs(): Iterable<ReceiptWithGrant>;
}

/**
 * Keeps what a node commits to, one file a deal: receipts that come later must not change the trie. A snapshot is on disk
 * before the commitment is sent, and stays until the claim is decided.
 */
export class ClaimSnapshots {
  readonly #directory: string;

  constructor(options: { directory: string }) {
    this.#directory = options.directory;
  }

  /**
   * Writes the receipts of a claim and makes them durable; an older snapshot of the deal is replaced at once or not.
   *
   * @param pairs receipts by rising grant hash
   * @throws ProtocolError TRIE_LEAVES_UNSORTED, TRIE_BYTES_INVALID without a receipt; StorageError DISK_FULL, DISK_FAILED
   */
  async seal(span: ClaimSpan, pairs: Iterable<ReceiptWithGrant>): Promise<ClaimSnapshot> {
    const path = this.#pathOf(span.dealId);
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      const file = await open(`${path}.new`, 'w', 0o600);
      let header;
      try {
        header = await writeSnapshot(file, span, pairs);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(`${path}.new`, path);
      await syncDirectory(this.#directory);
      return { ...header, pairs: () => pairsOf(path, header.receipts) };
    } catch (error) {
      throw error instanceof ProtocolError ? error : diskError(error, path);
    }
  }

  /** The snapshot of a deal. @throws StorageError CLAIM_SNAPSHOT_CORRUPT, DISK_FAILED */
  async find(dealId: DealId): Promise<ClaimSnapshot | undefined> {
    const path = this.#pathOf(dealId);
    let file: FileHandle;
    try {
      file = await open(path, 'r');
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw diskError(error, path);
    }
    try {
      const header = new Uint8Array(HEADER_BYTES);
      const { bytesRead } = await file.read(header, 0, HEADER_BYTES, 0);
      const receipts = readUint32(header, 16);
      const { size } = await file.stat();
      const isWhole =
        bytesRead === HEADER_BYTES &&
        bytesToUtf8(header.subarray(0, 8)) === MAGIC &&
        size === HEADER_BYTES + receipts * RECEIPT_WITH_GRANT_BYTES;
      if (!isWhole) throw corrupt(path);
      return {
        dealId,
        fromEpoch: parseEpoch(readUint32(header, 8)),
        toEpoch: parseEpoch(readUint32(header, 12)),
        receipts,
        rootWord: copyBytes(header.subarray(20)),
        pairs: () => pairsOf(path, receipts),
      };
    } finally {
      await file.close();
    }
  }

  /** Deals that have a snapshot. */
  async deals(): Promise<DealId[]> {
    try {
      const names = await readdir(this.#directory);
      return names.flatMap((name) => {
        const dealId = FILE_NAME.exec(name)?.[1];
        return dealId === undefined ? [] : [parseDealId(dealId)];
      });
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return [];
      throw diskError(error, this.#directory);
    }
  }

  async remove(dealId: DealId): Promise<void> {
    await rm(this.#pathOf(dealId), { force: true });
  }

  #pathOf(dealId: DealId): string {
    return join(this.#directory, `${dealId}.claim`);
  }
}

/** Whether a snapshot is that of a root as the chain has it. */
export const isRootOf = (
  snapshot: ClaimSnapshot,
  claim: { readonly root: string; readonly totalBytes: bigint },
): boolean =>
  bytesToHex(snapshot.rootWord.subarray(0, TRUNCATED_HASH_BYTES)) === claim.root &&
  wordBytes(snapshot.rootWord) === claim.totalBytes;

async function writeSnapshot(
  file: FileHandle,
  span: ClaimSpan,
  pairs: Iterable<ReceiptWithGrant>,
): Promise<Omit<ClaimSnapshot, 'pairs'>> {
  const trie = new SumTrieBuilder();
  let receipts = 0;
  let chunk: ReceiptWithGrant[] = [];
  const writeChunk = async (): Promise<void> => {
    const bytes = encodeReceiptsWithGrants(chunk);
    await file.write(
      bytes,
      0,
      bytes.length,
      HEADER_BYTES + (receipts - chunk.length) * RECEIPT_WITH_GRANT_BYTES,
    );
    chunk = [];
    // Serving goes on meanwhile.
    await nextTurn();
  };
  for (const pair of pairs) {
    const { grantHash, bytesCumulative } = pair.signedReceipt.receipt;
    trie.add({ key: hexToBytes(grantHash), bytes: bytesCumulative });
    receipts += 1;
    chunk.push(pair);
    if (chunk.length === RECEIPTS_PER_CHUNK) await writeChunk();
  }
  await writeChunk();
  const { word } = trie.finish();
  const numbers = [span.fromEpoch, span.toEpoch, receipts].map(uint32ToBytes);
  const header = concatBytes(utf8ToBytes(MAGIC), ...numbers, word);
  await file.write(header, 0, header.length, 0);
  return { ...span, receipts, rootWord: word };
}

function* pairsOf(path: string, receipts: number): Generator<ReceiptWithGrant> {
  const file = openSync(path, 'r');
  try {
    for (let first = 0; first < receipts; first += RECEIPTS_PER_CHUNK) {
      const length = Math.min(RECEIPTS_PER_CHUNK, receipts - first) * RECEIPT_WITH_GRANT_BYTES;
      const bytes = new Uint8Array(length);
      const read = readSync(file, bytes, 0, length, HEADER_BYTES + first * RECEIPT_WITH_GRANT_BYTES);
      if (read !== length) throw corrupt(path);
      yield* decodeReceiptsWithGrants(bytes);
    }
  } finally {
    closeSync(file);
  }
}

const corrupt = (path: string): StorageError =>
  new StorageError('CLAIM_SNAPSHOT_CORRUPT', `The receipts of a claim in ${path} cannot be read.`, {
    values: { path },
    remedy: 'Restore the file from a backup before the claim ends, or ask the publisher for a voucher.',
  });
