import { bytesToHex, hexToBytes } from '../protocol/bytes.ts';
import { ProtocolError } from '../protocol/errors.ts';
import type { GrantHash } from '../protocol/identifiers.ts';
import type { ReceiptWithGrant } from '../protocol/receipt.ts';
import { drawSamples, encodeOpenings, strataBitmap } from '../protocol/sampled-claim.ts';
import { openLeaves, rootOf, type TrieLeaf, type TrieRoot } from '../protocol/sum-trie.ts';

/**
 * Longest openings in one transaction, bytes: nodes of the chain take transactions of 128 KiB. All 32 strata of a
 * million receipts are about 30 KiB and 0.75 million gas, so this bounds a transaction's gas to some two million.
 */
export const MAX_OPENINGS_BYTES = 65_536;

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
export const claimRoot = (receipts: ClaimReceipts): TrieRoot => rootOf(leavesOf(receipts()));

/**
 * The openings of the strata that are still closed, in as few calls as the limit allows. Reads the receipts once for
 * each attempt and keeps the opened ones only.
 *
 * @throws ProtocolError TRIE_OPENINGS_INVALID when the receipts are not those of the claim, LENGTH_INVALID when the
 *   opening of one stratum exceeds the limit
 */
export function openingCalls(
  receipts: ClaimReceipts,
  order: OpeningOrder,
  maxOpeningsBytes = MAX_OPENINGS_BYTES,
): OpeningCall[] {
  const drawn = drawSamples(order.seed, order.totalBytes, order.samples);
  const closed = [...drawn.keys()].filter((stratum) => ((order.openedStrata >>> stratum) & 1) === 0);
  return closed.length === 0 ? [] : split(closed);

  function split(strata: readonly number[]): OpeningCall[] {
    const openings = openingsOf(
      receipts,
      strata.map((stratum) => drawn[stratum] ?? 0n),
    );
    if (openings.length <= maxOpeningsBytes) return [{ strata: strataBitmap(strata), openings }];
    if (strata.length === 1) {
      throw new ProtocolError('LENGTH_INVALID', 'The opening of one stratum exceeds the limit.', {
        expected: maxOpeningsBytes,
        actual: openings.length,
      });
    }
    const half = Math.ceil(strata.length / 2);
    return [...split(strata.slice(0, half)), ...split(strata.slice(half))];
  }
}

function openingsOf(receipts: ClaimReceipts, sampleBytes: readonly bigint[]): Uint8Array {
  const opened = new Map<GrantHash, ReceiptWithGrant>();
  const frontier = openLeaves(leavesOf(receipts(), opened, sampleBytes), sampleBytes);
  return encodeOpenings(frontier, (grantHash) => {
    const pair = opened.get(grantHash);
    if (pair !== undefined) return pair;
    throw new ProtocolError('TRIE_OPENINGS_INVALID', 'An opened receipt is missing.', { grantHash });
  });
}

/** Leaves of receipts; keeps those that hold one of the sampled bytes. */
function* leavesOf(
  receipts: Iterable<ReceiptWithGrant>,
  opened = new Map<GrantHash, ReceiptWithGrant>(),
  sampleBytes: readonly bigint[] = [],
): Generator<TrieLeaf> {
  let end = 0n;
  let next = 0;
  for (const pair of receipts) {
    const { grantHash, bytesCumulative } = pair.signedReceipt.receipt;
    end += bytesCumulative;
    const first = next;
    while ((sampleBytes[next] ?? end) < end) next++;
    const key = hexToBytes(grantHash);
    if (next > first) opened.set(bytesToHex(key) as GrantHash, pair);
    yield { key, bytes: bytesCumulative };
  }
}
