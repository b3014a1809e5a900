import { bytesToHex, compareBytes, hexToBytes, readUint32 } from '../../sdk/protocol/bytes.ts';
import type { Domain } from '../../sdk/protocol/eip712.ts';
import { grantDigest, type Grant } from '../../sdk/protocol/grant.ts';
import {
  parseContentRoot,
  type Address,
  type DealId,
  type Epoch,
  type GrantHash,
} from '../../sdk/protocol/identifiers.ts';
import { receiptDigest, type ReceiptWithGrant } from '../../sdk/protocol/receipt.ts';
import { encodeOpenings, splitRootWord } from '../../sdk/protocol/sampled-claim.ts';
import { pureSecp256k1 } from '../../sdk/protocol/signature.ts';
import { openLeaves, rootOf, type FrontierItem, type TrieRoot } from '../../sdk/protocol/sum-trie.ts';

const MIB = 1_048_576n;

/** One viewer at one node. Its messages are signed only when they are opened: a claim needs few of many. */
export interface Session {
  readonly grant: Grant;
  readonly bytesCumulative: bigint;
  /** Grant hash: the key in the trie. */
  readonly key: Uint8Array;
  readonly bytes: bigint;
}

/** What the sessions of a claim have in common. */
export interface SessionTerms {
  readonly domain: Domain;
  readonly dealId: DealId;
  readonly node: Address;
  readonly epoch: Epoch;
  readonly contentRoot: string;
  readonly grantKey: Uint8Array;
  readonly viewerKey: Uint8Array;
}

/** The session of `bytes` whose grant differs from the others by its cap. */
export function sessionOf(
  terms: SessionTerms,
  index: number,
  bytes: bigint,
  change: Partial<Grant> = {},
): Session {
  const grant: Grant = {
    dealId: terms.dealId,
    node: terms.node,
    viewerKey: change.viewerKey ?? pureSecp256k1.addressOf(terms.viewerKey),
    epoch: terms.epoch,
    capBytes: (1n << 31n) + BigInt(index),
    contentRoot: parseContentRoot(terms.contentRoot),
    ...change,
  };
  return { grant, bytesCumulative: bytes, bytes, key: grantDigest(terms.domain, grant) };
}

/** Sessions of 1 to 128 MiB, 64.5 MiB on average, the same in every run. */
export function manySessions(terms: SessionTerms, count: number): Session[] {
  const viewerKey = pureSecp256k1.addressOf(terms.viewerKey);
  return Array.from({ length: count }, (_, index) => {
    const session = sessionOf(terms, index, 0n, { viewerKey });
    const bytes = MIB + ((BigInt(readUint32(session.key)) * 127n * MIB) >> 32n);
    return { ...session, bytes, bytesCumulative: bytes };
  });
}

/** A claim for some sessions, and its openings. */
export class SessionClaim {
  readonly terms: SessionTerms;
  /** In the order of the trie. */
  readonly sessions: readonly Session[];
  readonly root: TrieRoot;

  constructor(terms: SessionTerms, sessions: readonly Session[]) {
    this.terms = terms;
    this.sessions = [...sessions].sort((a, b) => compareBytes(a.key, b.key));
    this.root = rootOf(this.sessions);
  }

  /** Arguments of `commitClaim` after deal and epoch. */
  get commitment(): { readonly root: string; readonly totalBytes: bigint } {
    return splitRootWord(this.root.word);
  }

  frontier(sampleBytes: readonly bigint[]): FrontierItem[] {
    return openLeaves(this.sessions, sampleBytes);
  }

  /** Openings of these bytes for `openClaim`. */
  openings(sampleBytes: readonly bigint[]): string {
    return bytesToHex(encodeOpenings(this.frontier(sampleBytes), (hash) => this.receiptOf(hash)));
  }

  /** The grant with this hash and its receipt, signed. */
  receiptOf(hash: GrantHash): ReceiptWithGrant {
    const key = hexToBytes(hash);
    const session = this.sessions.find((candidate) => compareBytes(candidate.key, key) === 0);
    if (session === undefined) throw new TypeError(`no session ${hash}`);
    const { domain, grantKey, viewerKey } = this.terms;
    const receipt = { grantHash: hash, bytesCumulative: session.bytesCumulative };
    return {
      signedGrant: { grant: session.grant, signature: pureSecp256k1.sign(key, grantKey) },
      signedReceipt: {
        receipt,
        signature: pureSecp256k1.sign(receiptDigest(domain, receipt), viewerKey),
      },
    };
  }
}
