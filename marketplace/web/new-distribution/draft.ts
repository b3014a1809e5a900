import type { Hex } from '../../../sdk/protocol/bytes.ts';
import type { Address, ContentRoot, DealId } from '../../../sdk/protocol/identifiers.ts';

/** A node of the plan that was reviewed. */
export interface DraftNode {
  readonly node: Address;
  readonly region: string;
  readonly endpoints: readonly string[];
  readonly ratePerGiB: bigint;
  readonly amountWei: bigint;
}

/** The publisher's word where nodes have the content: made before the deal, declared when it is open. */
export interface DraftOrigin {
  readonly url: string;
  /** As it was shown; empty where none was. */
  readonly etag: string;
  readonly lastModified: string;
  /** Undefined until the wallet has signed. */
  readonly signed: OriginSignature | undefined;
}

export interface OriginSignature {
  /** Unix seconds. */
  readonly issuedAt: number;
  /** EIP-2098, 64 bytes in hexadecimal. */
  readonly signature: Hex;
}

/**
 * A distribution on its way, from the review to the last node. Everything that a page needs to go on is in it, so it is
 * written down before anything is signed or sent. The identifier of the deal follows from publisher and salt: the chain is
 * asked by it, and refuses to open it twice.
 */
export interface Draft {
  /** Of the chain and its first block: a restarted chain is another one. */
  readonly chainId: string;
  readonly genesisHash: string;
  readonly publisher: Address;
  readonly dealId: DealId;
  readonly salt: Hex;
  /** The salt is a hash over this key, which signs the uploads. */
  readonly uploadNonce: Hex;
  readonly uploadKey: Hex;
  readonly name: string;
  readonly cid: string;
  readonly contentRoot: ContentRoot;
  readonly contentCodec: number;
  readonly bytes: bigint;
  readonly collector: Address;
  readonly grantKey: Address;
  readonly serviceLevel: number;
  readonly depositWei: bigint;
  /** Where nodes fetch the content; undefined where it is uploaded to them. */
  readonly origin: DraftOrigin | undefined;
  readonly nodes: readonly DraftNode[];
  /** Of the transaction that opens the deal, once it was sent. */
  readonly transaction: Hex | undefined;
  /** Unix seconds. */
  readonly reviewedAt: number;
}
