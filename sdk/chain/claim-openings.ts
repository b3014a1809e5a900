import { setImmediate as nextTurn } from 'node:timers/promises';

import { hexToBytes } from '../protocol/bytes.ts';
import { ProtocolError } from '../protocol/errors.ts';
import type { GrantHash } from '../protocol/identifiers.ts';
import type { ReceiptWithGrant } from '../protocol/receipt.ts';
import { drawSamples, encodeOpenings, strataBitmap } from '../protocol/sampled-claim.ts';
import { MultiproofBuilder, SumTrieBuilder, type TrieLeaf, type TrieRoot } from '../protocol/sum-trie.ts';

/**
 * Longest openings in one transaction, bytes: nodes of the chain take transactions of 128 KiB. All 32 strata of a
 * million receipts are about 30 KiB and 0.75 million gas, so this bounds a transaction's gas to some two million.
 */
export const MAX_OPENINGS_BYTES = 65_536;

/** Receipts after which other work gets its turn: a few milliseconds. */
const RECEIPTS_PER_TURN = 64;

/** Receipts of a claim by rising grant hash, as often as they are asked for. */
export type ClaimReceipts = () => Iterable<ReceiptWithGrant>;

/** What is to be opened. */
export interface OpeningOrder {
  readonly seed: Uint8Array;
  readonly totalBytes: bigint;
  readonly samples: number;
  /** Strata that were opened before: bit i for stratum i. */
  readonly openedStrata: number;
}

/** Arguments of one call of `openClaim`. */
export interface OpeningCall {
  /** Bit i: stratum i is opened. */
  readonly strata: number;
  readonly openings: Uint8Array;
}

/** The root of the sum-trie of receipts; they are read once and not kept. @throws ProtocolError TRIE_LEAVES_UNSORTED */
export function claimRoot(receipts: ClaimReceipts): TrieRoot {
  const trie = new SumTrieBuilder();
  for (const pair of receipts()) trie.add(leafOf(pair));
  return trie.finish();
}

/**
 * The openings of the strata that are still closed, in as few calls as the limit allows. Reads the receipts once for
 * each attempt, keeps the opened ones only, and lets other work go on in between: a hundred thousand receipts take seconds.
 *
 * @throws ProtocolError TRIE_OPENINGS_INVALID when the receipts are not those of the claim, LENGTH_INVALID when the
 *   opening of one stratum exceeds the limit
 */
export async function openingCalls(
  receipts: ClaimReceipts,
  order: OpeningOrder,
  maxOpeningsBytes = MAX_OPENINGS_BYTES,
): Promise<OpeningCall[]> {
  const drawn = drawSamples(order.seed, order.totalBytes, order.samples);
  const closed = [...drawn.keys()].filter((stratum) => ((order.openedStrata >>> stratum) & 1) === 0);
  return closed.length === 0 ? [] : split(closed);

  async function split(strata: readonly number[]): Promise<OpeningCall[]> {
    const sampleBytes = strata.map((stratum) => drawn[stratum] ?? 0n);
    const openings = await openingsOf(receipts, sampleBytes);
    if (openings.length <= maxOpeningsBytes) return [{ strata: strataBitmap(strata), openings }];
    if (strata.length === 1) {
      throw new ProtocolError('LENGTH_INVALID', 'The opening of one stratum exceeds the limit.', {
        expected: maxOpeningsBytes,
        actual: openings.length,
      });
    }
    const half = Math.ceil(strata.length / 2);
    return [...(await split(strata.slice(0, half))), ...(await split(strata.slice(half)))];
  }
}

async function openingsOf(receipts: ClaimReceipts, sampleBytes: readonly bigint[]): Promise<Uint8Array> {
  const proof = new MultiproofBuilder(sampleBytes);
  const opened = new Map<GrantHash, ReceiptWithGrant>();
  let count = 0;
  for (const pair of receipts()) {
    if (proof.add(leafOf(pair))) opened.set(pair.signedReceipt.receipt.grantHash, pair);
    count += 1;
    if (count % RECEIPTS_PER_TURN === 0) await nextTurn();
  }
  return encodeOpenings(proof.finish(), (grantHash) => {
    const pair = opened.get(grantHash);
    if (pair !== undefined) return pair;
    throw new ProtocolError('TRIE_OPENINGS_INVALID', 'An opened receipt is missing.', { grantHash });
  });
}

function leafOf({ signedReceipt: { receipt } }: ReceiptWithGrant): TrieLeaf {
  return { key: hexToBytes(receipt.grantHash), bytes: receipt.bytesCumulative };
}
