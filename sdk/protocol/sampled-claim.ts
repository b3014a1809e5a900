import { keccak_256 } from '@noble/hashes/sha3.js';

import {
  bytesToHex,
  concatBytes,
  copyBytes,
  hexToBytes,
  readUint,
  readUint32,
  readUint64,
  uint32ToBytes,
  uint64ToBytes,
} from './bytes.ts';
import { addressWord, bytes32Word, uintWord } from './eip712.ts';
import { ProtocolError } from './errors.ts';
import {
  addressFromBytes,
  identifierBytes,
  parseEpoch,
  type Address,
  type DealId,
  type Epoch,
  type GrantHash,
} from './identifiers.ts';
import type { ReceiptWithGrant } from './receipt.ts';
import { SIGNATURE_BYTES } from './signature.ts';
import { MAX_BRANCH, TRUNCATED_HASH_BYTES, type FrontierItem, type TrieWord } from './sum-trie.ts';

/** Most samples of a claim. */
export const MAX_CLAIM_SAMPLES = 32;
/** branch 1, viewerKey 20, epoch 4, capBytes 8, bytesCumulative 8, two signatures. */
const LEAF_BYTES = 1 + 20 + 4 + 8 + 8 + 2 * SIGNATURE_BYTES;
const SUBTREE_BYTES = 1 + 32;
/** Subtrees in a row and leaves in a call: their number is one byte. */
const MAX_IN_A_ROW = 255;

/** What the seed of a claim is made of. */
export interface SeedIngredients {
  /** Hash of the claim's seed block. */
  readonly blockHash: string;
  /** The publisher's salt; zero if none was given. */
  readonly salt: string;
  readonly dealId: DealId;
  readonly node: Address;
  readonly rootWord: TrieWord;
  readonly toEpoch: Epoch;
}

/** Seed of a claim: keccak256 of its ingredients, each a word of 32 bytes. */
export function claimSeed(from: SeedIngredients): Uint8Array {
  return keccak_256(
    concatBytes(
      bytes32Word(from.blockHash),
      bytes32Word(from.salt),
      identifierBytes(from.dealId),
      addressWord(from.node),
      from.rootWord,
      uintWord(from.toEpoch),
    ),
  );
}

/**
 * The byte drawn in each of `samples` equal strata of [0, totalBytes).
 *
 * @param samples 1 to 32; `totalBytes` is at least as much
 * @throws ProtocolError INTEGER_OUT_OF_RANGE
 */
export function drawSamples(seed: Uint8Array, totalBytes: bigint, samples: number): bigint[] {
  const count = BigInt(samples);
  if (samples < 1 || samples > MAX_CLAIM_SAMPLES || totalBytes < count) {
    throw new ProtocolError(
      'INTEGER_OUT_OF_RANGE',
      `A claim has 1 to ${MAX_CLAIM_SAMPLES} samples and at least as many bytes.`,
      { samples, totalBytes },
    );
  }
  return Array.from({ length: samples }, (_, stratum) => {
    const from = (totalBytes * BigInt(stratum)) / count;
    const width = (totalBytes * BigInt(stratum + 1)) / count - from;
    return from + (readUint(keccak_256(concatBytes(seed, uintWord(stratum)))) % width);
  });
}

/** Strata as the contract takes them: bit i for stratum i. */
export const strataBitmap = (strata: readonly number[]): number =>
  strata.reduce((bits, stratum) => (bits | (1 << stratum)) >>> 0, 0);

/** The two parts of a root's word as `commitClaim` takes them. */
export function splitRootWord(word: TrieWord): { readonly root: string; readonly totalBytes: bigint } {
  return {
    root: bytesToHex(word.subarray(0, TRUNCATED_HASH_BYTES)),
    totalBytes: readUint64(word, TRUNCATED_HASH_BYTES),
  };
}

/** An opened receipt as it stands in the openings; deal, node and content are the claim's. */
export interface OpenedReceipt {
  readonly viewerKey: Address;
  readonly epoch: Epoch;
  readonly capBytes: bigint;
  readonly bytesCumulative: bigint;
  readonly grantSignature: Uint8Array;
  readonly receiptSignature: Uint8Array;
}

/** One item of decoded openings. */
export type OpeningItem =
  | { readonly kind: 'leaf'; readonly branch: number; readonly receipt: OpenedReceipt }
  | { readonly kind: 'subtree'; readonly branch: number; readonly word: TrieWord };

/**
 * The openings of a claim as `openClaim` takes them: number of leaves; before each leaf and after the last the number of
 * subtrees and these.
 *
 * @param receiptOf the receipt of an opened grant
 * @throws ProtocolError LENGTH_INVALID for more than 255 leaves or subtrees in a row
 */
export function encodeOpenings(
  items: readonly FrontierItem[],
  receiptOf: (grantHash: GrantHash) => ReceiptWithGrant,
): Uint8Array {
  const parts: Uint8Array[] = [];
  let row: Uint8Array[] = [];
  let leaves = 0;
  for (const item of items) {
    if (item.kind === 'subtree') {
      row.push(concatBytes(Uint8Array.of(item.branch), item.word));
      continue;
    }
    const receipt = receiptOf(bytesToHex(item.key) as GrantHash);
    parts.push(countByte(row.length), ...row, encodeLeaf(item.branch, receipt));
    row = [];
    leaves++;
  }
  return concatBytes(countByte(leaves), ...parts, countByte(row.length), ...row);
}

function encodeLeaf(branch: number, { signedGrant, signedReceipt }: ReceiptWithGrant): Uint8Array {
  const { grant } = signedGrant;
  return concatBytes(
    Uint8Array.of(branch),
    hexToBytes(grant.viewerKey, 20),
    uint32ToBytes(grant.epoch),
    uint64ToBytes(grant.capBytes),
    uint64ToBytes(signedReceipt.receipt.bytesCumulative),
    signedGrant.signature,
    signedReceipt.signature,
  );
}

function countByte(count: number): Uint8Array {
  if (count > MAX_IN_A_ROW) throw lengthInvalid(MAX_IN_A_ROW, count);
  return Uint8Array.of(count);
}

/** Decodes the layout only. @throws ProtocolError LENGTH_INVALID unless the bytes end with the last subtree */
export function decodeOpenings(bytes: Uint8Array): OpeningItem[] {
  const items: OpeningItem[] = [];
  let offset = 1;
  const readSubtrees = (): void => {
    const count = bytes[offset] ?? 0;
    offset++;
    for (let i = 0; i < count; i++, offset += SUBTREE_BYTES) {
      const word = copyBytes(bytes.subarray(offset + 1, offset + SUBTREE_BYTES));
      items.push({ kind: 'subtree', branch: branchAt(bytes, offset), word });
    }
  };
  for (let leaves = bytes[0] ?? 0; leaves > 0; leaves--) {
    readSubtrees();
    if (bytes.length < offset + LEAF_BYTES) throw lengthInvalid(offset + LEAF_BYTES, bytes.length);
    items.push({ kind: 'leaf', branch: branchAt(bytes, offset), receipt: decodeReceipt(bytes, offset + 1) });
    offset += LEAF_BYTES;
  }
  readSubtrees();
  if (offset !== bytes.length) throw lengthInvalid(offset, bytes.length);
  return items;
}

function branchAt(bytes: Uint8Array, offset: number): number {
  return Math.min(bytes[offset] ?? 0, MAX_BRANCH);
}

function decodeReceipt(bytes: Uint8Array, offset: number): OpenedReceipt {
  return {
    viewerKey: addressFromBytes(bytes.subarray(offset, offset + 20)),
    epoch: parseEpoch(readUint32(bytes, offset + 20)),
    capBytes: readUint64(bytes, offset + 24),
    bytesCumulative: readUint64(bytes, offset + 32),
    grantSignature: copyBytes(bytes.subarray(offset + 40, offset + 104)),
    receiptSignature: copyBytes(bytes.subarray(offset + 104, offset + 168)),
  };
}

const lengthInvalid = (expected: number, actual: number): ProtocolError =>
  new ProtocolError('LENGTH_INVALID', `Expected ${expected}, got ${actual}.`, { expected, actual });
