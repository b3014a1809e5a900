import type { JsonRpcProvider } from 'ethers';

import { callPeerPool } from './contract-call.ts';
import { bytesToHex, type Hex } from '../protocol/bytes.ts';
import { parseBytes32, parseEpoch, type Address, type DealId, type Epoch } from '../protocol/identifiers.ts';
import type { PeerRoot } from '../protocol/peer-root.ts';
import { connectContracts } from './contracts.ts';
import type { Deployment } from './deployment.ts';
import { fromChain } from './reverts.ts';
import type { MinedTransaction, TransactionSender } from './transactions.ts';

/** The money of a deal that is set aside for peers, as the chain knows it. */
export interface PeerPoolRecord {
  readonly dealId: DealId;
  /** Put in since the deal began, less what was released. */
  readonly fundedWei: bigint;
  /** Claimed by peers since the deal began. */
  readonly claimedWei: bigint;
  /** Total of the current root. */
  readonly postedWei: bigint;
  /** Undefined before the first root. */
  readonly root: Hex | undefined;
  /** The root before, still good for claims. */
  readonly previousRoot: Hex | undefined;
  /** Of the current root; 0 before the first. */
  readonly sequence: number;
  /** When the current root was posted, seconds since 1970; 0 before the first. */
  readonly postedAtSeconds: number;
  /** First epoch in which the pool may be released; undefined unless it thaws. */
  readonly thawEndEpoch: Epoch | undefined;
}

/** A peer's claim of what it earned. */
export interface PeerClaim {
  readonly dealId: DealId;
  readonly peer: Address;
  /** Since the deal began, as the leaf says it. */
  readonly cumulativeWei: bigint;
  /** Siblings from the leaf upwards. */
  readonly proof: readonly Hex[];
}

/** The pool of a deal; one of zeros if it was never funded. @throws ChainError CHAIN_UNREACHABLE */
export async function peerPoolOf(
  provider: JsonRpcProvider,
  deployment: Deployment,
  dealId: DealId,
): Promise<PeerPoolRecord> {
  const pool = await fromChain(connectContracts(provider, deployment).claims.peerPoolOf(dealId));
  const thawEndEpoch = Number(pool.thawEndEpoch);
  return {
    dealId,
    fundedWei: pool.fundedWei,
    claimedWei: pool.claimedWei,
    postedWei: pool.postedWei,
    root: rootOf(pool.root),
    previousRoot: rootOf(pool.previousRoot),
    sequence: Number(pool.sequence),
    postedAtSeconds: Number(pool.postedAt),
    thawEndEpoch: thawEndEpoch === 0 ? undefined : parseEpoch(thawEndEpoch),
  };
}

/** What a peer was paid by a deal since it began, wei. @throws ChainError CHAIN_UNREACHABLE */
export async function peerPaidWei(
  provider: JsonRpcProvider,
  deployment: Deployment,
  key: { readonly dealId: DealId; readonly peer: Address },
): Promise<bigint> {
  return fromChain(connectContracts(provider, deployment).claims.peerClaimedWei(key.dealId, key.peer));
}

/**
 * Moves free money of an open deal into its peer pool; ends a thaw. Only the publisher.
 * @throws ChainError CHAIN_REVERTED (InsufficientFree, AmountZero, …)
 */
export const fundPeerPool = (
  sender: TransactionSender,
  dealId: DealId,
  amountWei: bigint,
  signal?: AbortSignal,
): Promise<MinedTransaction> => callPeerPool(sender, 'fundPeerPool', [dealId, amountWei], signal);

/**
 * Posts a root that the collector has signed. Anybody may.
 * @throws ChainError CHAIN_REVERTED (PeerRootTooEarly, PeerRootOutOfOrder, PeerTotalFell, PeerPoolTooSmall,
 *   InvalidPeerRootSignature)
 */
export const postPeerRoot = (
  sender: TransactionSender,
  signed: { readonly statement: PeerRoot; readonly signature: Uint8Array },
  signal?: AbortSignal,
): Promise<MinedTransaction> =>
  callPeerPool(sender, 'postPeerRoot', [signed.statement, bytesToHex(signed.signature)], signal);

/**
 * Pays a peer what it has earned and was not paid yet. Anybody may.
 * @throws ChainError CHAIN_REVERTED (PeerProofInvalid, PeerNothingDue)
 */
export const claimPeer = (
  sender: TransactionSender,
  claim: PeerClaim,
  signal?: AbortSignal,
): Promise<MinedTransaction> =>
  callPeerPool(sender, 'claimPeer', [claim.dealId, claim.peer, claim.cumulativeWei, claim.proof], signal);

/** Starts the thaw of the pool. Only the publisher. @throws ChainError CHAIN_REVERTED (PeerPoolThaws) */
export const thawPeerPool = (
  sender: TransactionSender,
  dealId: DealId,
  signal?: AbortSignal,
): Promise<MinedTransaction> => callPeerPool(sender, 'thawPeerPool', [dealId], signal);

/**
 * Returns what peers have not claimed to the free part of the deal, after the thaw. Only the publisher.
 * @throws ChainError CHAIN_REVERTED (PeerPoolNotThawing, PeerPoolThawNotEnded)
 */
export const releasePeerPool = (
  sender: TransactionSender,
  dealId: DealId,
  signal?: AbortSignal,
): Promise<MinedTransaction> => callPeerPool(sender, 'releasePeerPool', [dealId], signal);

function rootOf(word: string): Hex | undefined {
  return BigInt(word) === 0n ? undefined : parseBytes32(word, 'peer root');
}
