import { keccak_256 } from '@noble/hashes/sha3.js';

import {
  bytesToHex,
  concatBytes,
  hexToBytes,
  readUint,
  readUint64,
  uint32ToBytes,
  uint64ToBytes,
} from './bytes.ts';
import { addressWord, bytes32Word, uintWord } from './eip712.ts';
import { ProtocolError } from './errors.ts';
import { identifierBytes, type Address, type DealId, type Epoch, type GrantHash } from './identifiers.ts';
import type { ReceiptWithGrant } from './receipt.ts';
import {
  TRUNCATED_HASH_BYTES,
  pathsOf,
  type FrontierItem,
  type TriePath,
  type TrieSibling,
  type TrieWord,
} from './sum-trie.ts';

/** Most samples of a claim. */
export const MAX_CLAIM_SAMPLES = 32;
/** Siblings in a row and leaves in a call: their number is one byte. */
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

/** A decoded opening: what `TriePath` says of a leaf, with the receipt in its place. */
export type Opening = Omit<TriePath, 'leaf'> & { readonly receipt: OpenedReceipt };

/**
 * The openings of a claim as `openClaim` takes them (SPEC.md).
 *
 * @param items a multiproof
 * @param receiptOf the receipt of an opened grant
 * @throws ProtocolError LENGTH_INVALID for more than 255 leaves or siblings in a row, TRIE_OPENINGS_INVALID for none
 */
export function encodeOpenings(
  items: readonly FrontierItem[],
  receiptOf: (grantHash: GrantHash) => ReceiptWithGrant,
): Uint8Array {
  const paths = pathsOf(items);
  const parts = paths.flatMap(({ leaf, branch, left, right }) => [
    encodeReceipt(receiptOf(bytesToHex(leaf.key) as GrantHash)),
    Uint8Array.of(branch),
    ...encodeSiblings(left),
    ...encodeSiblings(right),
  ]);
  return concatBytes(countByte(paths.length), ...parts);
}

/** A number of siblings and these. @throws ProtocolError LENGTH_INVALID for more than 255 */
export function encodeSiblings(siblings: readonly TrieSibling[]): Uint8Array[] {
  const encoded = siblings.map(({ branch, word }) => concatBytes(Uint8Array.of(branch), word));
  return [countByte(siblings.length), ...encoded];
}

function encodeReceipt({ signedGrant, signedReceipt }: ReceiptWithGrant): Uint8Array {
  const { grant } = signedGrant;
  return concatBytes(
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

const lengthInvalid = (expected: number, actual: number): ProtocolError =>
  new ProtocolError('LENGTH_INVALID', `Expected ${expected}, got ${actual}.`, { expected, actual });
