import { concatBytes, hexToBytes, uint32ToBytes } from '../../../../sdk/protocol/bytes.ts';
import { grantDigest, grantHashOf } from '../../../../sdk/protocol/grant.ts';
import type { Address } from '../../../../sdk/protocol/identifiers.ts';
import { receiptDigest, type ReceiptWithGrant } from '../../../../sdk/protocol/receipt.ts';
import { drawSamples } from '../../../../sdk/protocol/sampled-claim.ts';
import {
  compareKeys,
  openLeaves,
  rootOf,
  verifyFrontier,
  type TrieLeaf,
} from '../../../../sdk/protocol/sum-trie.ts';
import type { Domain } from '../../../../sdk/protocol/eip712.ts';
import { bytesToHex } from '../../../../sdk/protocol/bytes.ts';
import { nativeSecp256k1 as secp256k1 } from '../../../../sdk/signing/native-secp256k1.ts';
import type { Random } from '../../../measuring/random-streams.ts';

const SEED_WORDS = 8;

/**
 * A claim's trie off chain, drawn from again and again: builder, samples and verifier are those of nodes, and agree with
 * the contract's (test/contracts/sum-trie-differential.test.ts).
 */
export class DrawnClaims {
  readonly totalBytes: bigint;
  readonly validBytes: bigint;
  readonly #leaves: readonly TrieLeaf[];
  readonly #rootWord: Uint8Array;
  readonly #valid = new Set<string>();

  constructor(receipts: readonly ReceiptWithGrant[], domain: Domain, grantKey: Address) {
    const leaves: TrieLeaf[] = [];
    let validBytes = 0n;
    for (const pair of receipts) {
      const hash = grantHashOf(domain, pair.signedGrant.grant);
      const bytes = pair.signedReceipt.receipt.bytesCumulative;
      leaves.push({ key: hexToBytes(hash), bytes });
      if (!isValid(pair, domain, grantKey)) continue;
      this.#valid.add(hash);
      validBytes += bytes;
    }
    this.#leaves = leaves.sort(compareKeys);
    const { word, totalBytes } = rootOf(this.#leaves);
    this.#rootWord = word;
    this.totalBytes = totalBytes;
    this.validBytes = validBytes;
  }

  /** Draws seeds. @returns how often every sample lay in a valid receipt, so that the claim would be paid */
  draw(random: Random, { draws, samples }: { readonly draws: number; readonly samples: number }): number {
    let paid = 0;
    for (let draw = 0; draw < draws; draw++) if (this.#opens(seedOf(random), samples)) paid += 1;
    return paid;
  }

  #opens(seed: Uint8Array, samples: number): boolean {
    const drawn = drawSamples(seed, this.totalBytes, samples);
    const opened = verifyFrontier(openLeaves(this.#leaves, drawn), this.#rootWord);
    return opened.every(({ key }) => this.#valid.has(bytesToHex(key)));
  }
}

function isValid(
  { signedGrant, signedReceipt }: ReceiptWithGrant,
  domain: Domain,
  grantKey: Address,
): boolean {
  const { grant, signature } = signedGrant;
  const viewer = secp256k1.recover(receiptDigest(domain, signedReceipt.receipt), signedReceipt.signature);
  return (
    secp256k1.recover(grantDigest(domain, grant), signature) === grantKey &&
    viewer === grant.viewerKey &&
    signedReceipt.receipt.bytesCumulative <= grant.capBytes
  );
}

const seedOf = (random: Random): Uint8Array =>
  concatBytes(...Array.from({ length: SEED_WORDS }, () => uint32ToBytes(Math.floor(random() * 2 ** 32))));
