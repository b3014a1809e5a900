import type { Hex } from '../../../sdk/protocol/bytes.ts';
import type { Address, ContentRoot, DealId, Epoch } from '../../../sdk/protocol/identifiers.ts';

/** What is remembered of a deal after the chain has forgotten its allocation. */
export interface DealNote {
  readonly dealId: DealId;
  readonly publisher: Address;
  readonly contentRoot: ContentRoot;
  readonly contentCodec: number;
  readonly ratePerGiB: bigint;
}

export const PAYMENT_ROUTES = ['voucher', 'direct-claim', 'sampled-claim'] as const;
export type PaymentRoute = (typeof PAYMENT_ROUTES)[number];

/** One payment as the chain logged it. */
export interface PaymentNote {
  readonly transaction: string;
  readonly logIndex: number;
  readonly dealId: DealId;
  readonly route: PaymentRoute;
  readonly throughEpoch: Epoch;
  readonly paidWei: bigint;
  readonly feeWei: bigint;
  /** When its block was made. */
  readonly atSeconds: number;
  /** Its block; absent for what the first version noted. */
  readonly block?: number;
}

export const GAS_STEPS = [
  'voucher',
  'direct-claim',
  'claim-commit',
  'claim-pin',
  'claim-open',
  'claim-void',
  'claim-supersede',
  'bond-approval',
  'peer-claim',
] as const;
/** What a transaction was sent for. */
export type GasStep = (typeof GAS_STEPS)[number];

/** What one of this node's transactions cost. */
export interface GasNote {
  readonly transaction: string;
  readonly step: GasStep;
  /** The deals that it was for; they share the cost. */
  readonly dealIds: readonly DealId[];
  readonly gasUsed: bigint;
  /** Wei of ether. */
  readonly gasCostWei: bigint;
  readonly atSeconds: number;
}

export const CLAIM_NOTE_STATES = ['committed', 'seeded', 'paid', 'void', 'superseded'] as const;
export type ClaimNoteState = (typeof CLAIM_NOTE_STATES)[number];

/** A sampled claim of this node as last seen on chain. */
export interface ClaimNote {
  readonly dealId: DealId;
  /** The claim is for epochs after this one. */
  readonly fromEpoch: Epoch;
  readonly toEpoch: Epoch;
  /** Truncated hash of the sum-trie's root, 24 bytes. */
  readonly root: Hex;
  readonly totalBytes: bigint;
  /** Receipts in the trie; 0 when this node no longer has them. */
  readonly receipts: number;
  readonly lockedWei: bigint;
  readonly bondWei: bigint;
  readonly committedBlock: number;
  readonly seedBlock: number;
  /** Last block in which it can be pinned or opened. */
  readonly lastBlock: number;
  readonly state: ClaimNoteState;
}

/** The market's terms that serving and settling need. */
export interface NotedTerms {
  readonly epochSeconds: number;
  readonly claimWindowEpochs: number;
}
