import type { CID } from 'multiformats/cid';

import type { Domain } from '../protocol/eip712.ts';
import type { SignedReceipt } from '../protocol/receipt.ts';
import type { Acknowledgement } from './acknowledgement.ts';
import type { EdgeState } from './grant-account.ts';
import type { Refusal } from './json-call.ts';

/** One block asked for under a grant. */
export interface BlockRequest {
  readonly cid: CID;
  /** The grant as its header carries it: base64url of the signed grant. */
  readonly grant: string;
  /** Newest receipt under that grant, if one rides along. */
  readonly receipt: SignedReceipt | undefined;
  /** The source is broken off beyond this. */
  readonly maxBytes: number;
  readonly stallTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** The bytes as they came, not yet verified, or the source's refusal. */
export type BlockAnswer =
  | {
      readonly kind: 'block';
      readonly bytes: Uint8Array;
      readonly state: EdgeState;
      /** SHA-256 of the bytes, if they were hashed while they arrived. */
      readonly sha256?: Uint8Array | undefined;
      /** From the request until the answer began, milliseconds, where the transport tells it. */
      readonly waitedMs?: number | undefined;
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly state: EdgeState };

/** Port to a node that serves blocks for grants: HTTP now, libp2p streams for nodes behind NAT. */
export interface BlockSource {
  /** @throws ClientError UNREACHABLE, STALLED, ANSWER_TOO_LARGE; the signal's reason when it aborts */
  fetchBlock(request: BlockRequest): Promise<BlockAnswer>;
  /** Hands receipts over and waits until they are safely recorded. @throws ClientError as above, ANSWER_INVALID */
  deliverReceipts(receipts: readonly SignedReceipt[], signal?: AbortSignal): Promise<Acknowledgement[]>;
  /** Lets go of what it keeps open. */
  close?(): void;
}

/** A node that a grant names, and where it is said to be. */
export interface NodePlace {
  /** Its HTTP interface; undefined if it announces none. */
  readonly origin: string | undefined;
  /** Multiaddrs or URLs, not checked yet. */
  readonly endpoints: readonly string[];
}

/** Chooses how a node is reached; undefined for one that cannot be. */
export type OpenSource = (place: NodePlace, domain: Domain) => BlockSource | undefined;
