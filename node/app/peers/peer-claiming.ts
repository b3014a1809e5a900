import { ChainError } from '../../../sdk/chain/chain-errors.ts';
import { claimPeer, peerPaidWei, peerPoolOf, postPeerRoot } from '../../../sdk/chain/peer-pool.ts';
import type { TransactionSender } from '../../../sdk/chain/transactions.ts';
import type { DealId, Epoch } from '../../../sdk/protocol/identifiers.ts';
import { rootOfPeerProof } from '../../../sdk/protocol/peer-root.ts';
import type { Clock } from '../../adapters/clock/system-clock.ts';
import type { NodeLog } from '../node-log.ts';
import type { SettlementStore } from '../settlement/settlement-store.ts';
import type { PeerCoordinator, PeerProofAnswer } from './peer-coordinator.ts';
import type { PeerAccount, PeerStore } from './peer-store.ts';

/** Gas of a claim with a short proof, and of posting a root (contracts/GAS.md). */
export const PEER_CLAIM_GAS = 85_000n;
export const PEER_ROOT_GAS = 75_000n;

/** Refusals that say that somebody else was quicker. */
const OVERTAKEN: readonly unknown[] = [
  'PeerRootOutOfOrder',
  'PeerRootTooEarly',
  'PeerNothingDue',
  'PeerProofInvalid',
];

export interface PeerClaimingParts {
  readonly coordinator: Pick<PeerCoordinator, 'proofs' | 'pendingRoot'>;
  readonly sender: TransactionSender;
  readonly store: PeerStore;
  readonly settlements: Pick<SettlementStore, 'noteGas'>;
  readonly clock: Clock;
  readonly log: NodeLog;
}

/** What a claim must be worth. */
export interface PeerClaimPolicy {
  readonly minimumDueWei: bigint;
  /** Token wei that a unit of gas costs now. */
  readonly tokenWeiPerGas: bigint;
  /** So long a signed root is left to others to post, ms. */
  readonly postGraceMs: number;
}

/** Roots that were seen waiting, and since when: the coordinator may post them itself. */
export type WaitingRoots = Map<DealId, { readonly sequence: number; readonly sinceMs: number }>;

/**
 * Brings one deal's money home as far as it goes now: reads what the chain has paid, claims with the best proof if it is
 * worth its gas, and posts a signed root that nobody else posts.
 *
 * @throws ChainError, ClientError
 */
export async function claimEarnings(
  parts: PeerClaimingParts,
  at: { readonly dealId: DealId; readonly policy: PeerClaimPolicy; readonly waiting: WaitingRoots },
  signal: AbortSignal,
): Promise<void> {
  const { dealId, policy } = at;
  const { sender, store, coordinator } = parts;
  const key = { dealId, peer: sender.address };
  const paidWei = await peerPaidWei(sender.provider, sender.deployment, key);
  // Receipts that viewers handed in late are counted before this peer has them.
  const { earnedWei, proofs } = await coordinator.proofs(dealId, signal);
  const account = store.note(dealId, { paidWei, earnedWei });
  const best = bestOf(proofs);
  if (best !== undefined) notePosted(parts, account, best);
  const dueWei = (best?.cumulativeWei ?? 0n) - paidWei;
  if (best !== undefined && isWorth(dueWei, PEER_CLAIM_GAS, policy)) {
    await claim(parts, { dealId, best, dueWei }, signal);
  }
  const unpostedWei = account.earnedWei - (best?.cumulativeWei ?? 0n);
  if (isWorth(unpostedWei, PEER_ROOT_GAS + PEER_CLAIM_GAS, policy)) await post(parts, at, signal);
}

/** The largest amount that the chain pays now. */
function bestOf(proofs: readonly PeerProofAnswer[]): PeerProofAnswer | undefined {
  return proofs
    .filter(({ posted }) => posted)
    .reduce<PeerProofAnswer | undefined>(
      (best, one) => (best === undefined || one.cumulativeWei > best.cumulativeWei ? one : best),
      undefined,
    );
}

function isWorth(dueWei: bigint, gas: bigint, { minimumDueWei, tokenWeiPerGas }: PeerClaimPolicy): boolean {
  return dueWei > 0n && dueWei >= minimumDueWei && dueWei > gas * tokenWeiPerGas;
}

/** A root that promises all that was handed in ends the risk of those epochs. */
function notePosted({ store }: PeerClaimingParts, account: PeerAccount, best: PeerProofAnswer): void {
  const isCovered = best.cumulativeWei >= account.earnedWei;
  const coveredThrough: Epoch = isCovered ? account.handedThrough : account.coveredThrough;
  store.note(account.dealId, { postedWei: best.cumulativeWei, coveredThrough });
}

async function claim(
  parts: PeerClaimingParts,
  at: { readonly dealId: DealId; readonly best: PeerProofAnswer; readonly dueWei: bigint },
  signal: AbortSignal,
): Promise<void> {
  const { sender, store, settlements, clock, log } = parts;
  const { dealId, best } = at;
  const leaf = { peer: sender.address, cumulativeWei: best.cumulativeWei };
  const pool = await peerPoolOf(sender.provider, sender.deployment, dealId);
  const root = rootOfPeerProof(leaf, best.proof);
  if (root !== pool.root && root !== pool.previousRoot) {
    log.warn(
      { dealId, root, sequence: best.sequence },
      'A proof of the coordinator leads to no root on chain',
    );
    return;
  }
  const mined = await unlessOvertaken(claimPeer(sender, { dealId, ...leaf, proof: best.proof }, signal));
  if (mined === undefined) return;
  const { hash, gasUsed, gasCostWei } = mined;
  const atSeconds = Math.floor(clock.nowMs() / 1000);
  store.noteClaim({ transaction: hash, dealId, paidWei: at.dueWei, gasUsed, gasCostWei, atSeconds });
  settlements.noteGas({
    transaction: hash,
    step: 'peer-claim',
    dealIds: [dealId],
    gasUsed,
    gasCostWei,
    atSeconds,
  });
  const paidWei = await peerPaidWei(sender.provider, sender.deployment, { dealId, peer: sender.address });
  store.note(dealId, { paidWei });
  log.info({ dealId, paidWei: at.dueWei.toString(), transaction: hash }, 'Claimed from the peer pool');
}

async function post(
  { coordinator, sender, clock, log }: PeerClaimingParts,
  at: { readonly dealId: DealId; readonly policy: PeerClaimPolicy; readonly waiting: WaitingRoots },
  signal: AbortSignal,
): Promise<void> {
  const { dealId, policy, waiting } = at;
  const pending = await coordinator.pendingRoot(dealId, signal);
  if (pending === undefined) {
    waiting.delete(dealId);
    return;
  }
  const { sequence } = pending.statement;
  const seen = waiting.get(dealId);
  const nowMs = clock.nowMs();
  if (seen?.sequence !== sequence) waiting.set(dealId, { sequence, sinceMs: nowMs });
  else if (nowMs - seen.sinceMs >= policy.postGraceMs) {
    const mined = await unlessOvertaken(postPeerRoot(sender, pending, signal));
    if (mined !== undefined) log.info({ dealId, sequence, transaction: mined.hash }, 'Posted a peer root');
    waiting.delete(dealId);
  }
}

/** @returns undefined when somebody else did it first */
async function unlessOvertaken<T>(sending: Promise<T>): Promise<T | undefined> {
  try {
    return await sending;
  } catch (error) {
    if (error instanceof ChainError && OVERTAKEN.includes(error.values['error'])) return undefined;
    throw error;
  }
}
