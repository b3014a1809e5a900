import { MaxUint256, type JsonRpcProvider } from 'ethers';

import { bytesToHex, hexToBytes, type Hex } from '../protocol/bytes.ts';
import { parseEpoch, type Address, type DealId, type Epoch } from '../protocol/identifiers.ts';
import { claimSeed, splitRootWord } from '../protocol/sampled-claim.ts';
import type { TrieWord } from '../protocol/sum-trie.ts';
import type { SignedVoucher } from '../protocol/voucher.ts';
import { ChainError } from './chain-errors.ts';
import { claimsInterface, connectContracts } from './contracts.ts';
import { readMarketTerms } from './deals.ts';
import type { Deployment } from './deployment.ts';
import type { OpeningCall } from './claim-openings.ts';
import { paymentsIn, type PaidTransaction } from './payments.ts';
import { fromChain } from './reverts.ts';
import { approveTokens } from './tokens.ts';
import type { MinedTransaction, TransactionSender } from './transactions.ts';

/** Blocks from a commitment to the block whose hash gives the randomness; the contract's own constant. */
export const SEED_DELAY_BLOCKS = 2;

export type ClaimState = 'committed' | 'seeded' | 'paid' | 'void' | 'superseded';
const CLAIM_STATES: readonly (ClaimState | undefined)[] = [
  undefined,
  'committed',
  'seeded',
  'paid',
  'void',
  'superseded',
];

/** Terms of sampled claims, immutable for a deployment. */
export interface ClaimTerms {
  readonly samples: number;
  /** Blocks after the seed block in which the publisher may salt. */
  readonly saltWindowBlocks: number;
  /** Blocks after the seed block in which a pinned claim can be opened. */
  readonly openingWindowBlocks: number;
  readonly bondFloorWei: bigint;
}

/** Whose claim. */
export interface ClaimKey {
  readonly dealId: DealId;
  readonly node: Address;
}

/** The last claim of an allocation as the chain knows it. */
export interface ClaimRecord extends ClaimKey {
  readonly state: ClaimState;
  /** Truncated hash of the sum-trie's root, 24 bytes. */
  readonly root: Hex;
  readonly totalBytes: bigint;
  readonly lockedWei: bigint;
  readonly bondWei: bigint;
  /** The claim is for epochs after this one. */
  readonly fromEpoch: Epoch;
  readonly toEpoch: Epoch;
  readonly seedBlock: number;
  /** Last block in which it can be pinned, while committed, or opened. */
  readonly lastBlock: number;
  /** The seed once pinned; before, the publisher's salt, zero without one. */
  readonly seed: Hex;
  /** Bit i: stratum i was opened. */
  readonly openedStrata: number;
}

/** @throws ChainError CHAIN_UNREACHABLE */
export async function readClaimTerms(provider: JsonRpcProvider, deployment: Deployment): Promise<ClaimTerms> {
  const { claimSamples, saltWindowBlocks, openingWindowBlocks, claimBondFloorWei } = await readMarketTerms(
    provider,
    deployment,
  );
  return { samples: claimSamples, saltWindowBlocks, openingWindowBlocks, bondFloorWei: claimBondFloorWei };
}

/** The bond that a claim of a locked amount takes: the floor, or the share of one sample. */
export function claimBondWei(lockedWei: bigint, terms: ClaimTerms): bigint {
  const share = lockedWei / BigInt(terms.samples);
  return share > terms.bondFloorWei ? share : terms.bondFloorWei;
}

/** The last claim of an allocation, or undefined if it never had one. @throws ChainError CHAIN_UNREACHABLE */
export async function claimOf(
  provider: JsonRpcProvider,
  deployment: Deployment,
  { dealId, node }: ClaimKey,
): Promise<ClaimRecord | undefined> {
  const claim = await fromChain(connectContracts(provider, deployment).claims.claimOf(dealId, node));
  const state = CLAIM_STATES[Number(claim.state)];
  if (state === undefined) return undefined;
  return {
    dealId,
    node,
    state,
    root: claim.root as Hex,
    totalBytes: claim.totalBytes,
    lockedWei: claim.lockedWei,
    bondWei: claim.bondWei,
    fromEpoch: parseEpoch(Number(claim.fromEpoch)),
    toEpoch: parseEpoch(Number(claim.toEpoch)),
    seedBlock: Number(claim.seedBlock),
    lastBlock: Number(claim.lastBlock),
    seed: claim.seed as Hex,
    openedStrata: Number(claim.openedStrata),
  };
}

/** First block whose transactions may pin or open: from then on no salt can change the seed. */
export const firstOpeningBlock = (claim: Pick<ClaimRecord, 'seedBlock'>, terms: ClaimTerms): number =>
  claim.seedBlock + terms.saltWindowBlocks + 1;

/**
 * The seed of an open claim, as the next block draws it or as it was pinned.
 *
 * @throws ChainError CHAIN_ANSWER_INVALID when the chain does not have the seed block, CHAIN_UNREACHABLE
 */
export async function seedOf(provider: JsonRpcProvider, claim: ClaimRecord): Promise<Uint8Array> {
  if (claim.state === 'seeded') return hexToBytes(claim.seed, 32);
  const block = await fromChain(provider.getBlock(claim.seedBlock));
  if (block?.hash == null) {
    throw new ChainError('CHAIN_ANSWER_INVALID', `The chain has no block ${claim.seedBlock}.`, {
      reason: 'the seed block of a claim is missing',
      block: claim.seedBlock,
    });
  }
  const { dealId, node, toEpoch } = claim;
  return claimSeed({
    blockHash: block.hash,
    salt: claim.seed,
    dealId,
    node,
    rootWord: rootWordOf(claim),
    toEpoch,
  });
}

function rootWordOf({ root, totalBytes }: ClaimRecord): TrieWord {
  const word = new Uint8Array(32);
  word.set(hexToBytes(root, 24));
  new DataView(word.buffer).setBigUint64(24, totalBytes);
  return word;
}

/**
 * Lets the market take bonds of the sender, once and without a limit: it takes none but those of the sender's claims.
 *
 * @returns undefined when that is so already
 * @throws ChainError as `TransactionSender.send`
 */
export async function approveClaimBonds(
  sender: TransactionSender,
  bondWei: bigint,
  signal?: AbortSignal,
): Promise<MinedTransaction | undefined> {
  const { token } = connectContracts(sender.provider, sender.deployment);
  const allowed = await fromChain(token.allowance(sender.address, sender.deployment.market));
  if (allowed >= bondWei) return undefined;
  return approveTokens(sender, sender.deployment.market, MaxUint256, signal);
}

/** What a commitment says. */
export interface ClaimCommitment {
  readonly dealId: DealId;
  /** Ended; the claim is for the epochs after the allocation's `throughEpoch` up to this one. */
  readonly toEpoch: Epoch;
  /** Root of the sum-trie of the receipts of these epochs. */
  readonly rootWord: TrieWord;
}

/**
 * Commits the sender's node to its receipts; the bond is approved before (`approveClaimBonds`).
 *
 * @throws ChainError CHAIN_REVERTED (ClaimOpen, EpochNotEnded, EpochSettled, ThawEnded, ClaimTooSmall, NothingDue,
 * ERC20InsufficientBalance, ERC20InsufficientAllowance)
 */
export function commitClaim(
  sender: TransactionSender,
  { dealId, toEpoch, rootWord }: ClaimCommitment,
  signal?: AbortSignal,
): Promise<MinedTransaction> {
  const { root, totalBytes } = splitRootWord(rootWord);
  return call(sender, { name: 'commitClaim', args: [dealId, toEpoch, root, totalBytes] }, signal);
}

/** How much a call of an open claim can wait: near the end of its window it cannot. */
export interface ClaimUrgency {
  readonly isUrgent?: boolean;
}

/** Fixes the samples of a claim. @throws ChainError CHAIN_REVERTED (SeedTooEarly, ClaimWindowOver, WrongClaimState) */
export const pinSeed = (
  sender: TransactionSender,
  { dealId, node, isUrgent }: ClaimKey & ClaimUrgency,
  signal?: AbortSignal,
): Promise<MinedTransaction> => call(sender, { name: 'pinSeed', args: [dealId, node], isUrgent }, signal);

/**
 * Opens strata of the sender's claim; the call that opens the last ones pays.
 *
 * @throws ChainError CHAIN_REVERTED (SeedTooEarly, ClaimWindowOver, WrongClaimState, RootMismatch, SampleNotOpened,
 * PathWrong, EpochOutsideClaim, CapExceeded, InvalidGrantSignature, InvalidReceiptSignature)
 */
export async function openClaim(
  sender: TransactionSender,
  {
    dealId,
    strata,
    openings,
    to,
    isUrgent,
  }: OpeningCall & ClaimUrgency & { readonly dealId: DealId; readonly to: Address },
  signal?: AbortSignal,
): Promise<PaidTransaction> {
  const args = [dealId, strata, bytesToHex(openings), to];
  const transaction = await call(sender, { name: 'openClaim', args, isUrgent }, signal);
  return { transaction, payments: paymentsIn(transaction, claimsInterface, 'ClaimPaid') };
}

/** Ends a claim whose window is over; its bond is burned. @throws ChainError CHAIN_REVERTED (ClaimWindowRunning, …) */
export const voidClaim = (
  sender: TransactionSender,
  { dealId, node }: ClaimKey,
  signal?: AbortSignal,
): Promise<MinedTransaction> => call(sender, { name: 'voidClaim', args: [dealId, node] }, signal);

/**
 * Redeems a voucher in the place of the sender's open claim.
 *
 * @throws ChainError CHAIN_REVERTED (VoucherBelowClaim, WrongClaimState, InvalidVoucherSignature)
 */
export async function supersedeClaim(
  sender: TransactionSender,
  signed: SignedVoucher,
  to: Address,
  signal?: AbortSignal,
): Promise<PaidTransaction> {
  const args = [signed.voucher, bytesToHex(signed.signature), to];
  const transaction = await call(sender, { name: 'supersedeClaim', args }, signal);
  return { transaction, payments: paymentsIn(transaction, claimsInterface, 'VoucherRedeemed') };
}

async function call(
  sender: TransactionSender,
  {
    name,
    args,
    isUrgent = false,
  }: { name: string; args: readonly unknown[]; isUrgent?: boolean | undefined },
  signal: AbortSignal | undefined,
): Promise<MinedTransaction> {
  const data = claimsInterface.encodeFunctionData(name, args);
  return sender.send({ to: sender.deployment.market, data, isUrgent }, signal);
}
