import { AbiCoder, keccak256, type JsonRpcProvider } from 'ethers';

import type { Hex } from '../protocol/bytes.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
  type Address,
  type ContentRoot,
  type DealId,
  type Epoch,
} from '../protocol/identifiers.ts';
import { callMarket } from './contract-call.ts';
import { ChainError } from './chain-errors.ts';
import { connectContracts } from './contracts.ts';
import type { Deployment } from './deployment.ts';
import { signPermit } from './permits.ts';
import { fromChain } from './reverts.ts';
import type { MinedTransaction, TransactionSender } from './transactions.ts';

export type DealState = 'open' | 'closing' | 'closed';
export type AllocationState = 'active' | 'thawing' | 'released';

const DEAL_STATES: readonly (DealState | undefined)[] = [undefined, 'open', 'closing', 'closed'];
const ALLOCATION_STATES: readonly (AllocationState | undefined)[] = [
  undefined,
  'active',
  'thawing',
  'released',
];

/** What a publisher states when opening a deal. */
export interface DealRequest {
  /** 32 bytes chosen by the publisher; with its address it gives the deal's identifier. */
  readonly salt: Hex;
  /** Signs vouchers. */
  readonly collector: Address;
  /** Signs grants. */
  readonly grantKey: Address;
  readonly contentRoot: ContentRoot;
  /** Multicodec of the root CID: 0x55 raw, 0x70 dag-pb. */
  readonly contentCodec: number;
  readonly serviceLevel: number;
  readonly depositWei: bigint;
}

/** A deal as the chain knows it. */
export interface DealRecord {
  readonly dealId: DealId;
  readonly state: DealState;
  readonly publisher: Address;
  readonly collector: Address;
  readonly grantKey: Address;
  /** Keys before the last rotation, good for epochs up to `keyLastEpoch`; undefined if never rotated. */
  readonly previousKeys:
    { readonly collector: Address; readonly grantKey: Address; readonly keyLastEpoch: Epoch } | undefined;
  readonly contentRoot: ContentRoot;
  readonly contentCodec: number;
  readonly serviceLevel: number;
  /** Escrowed and not allocated. */
  readonly freeWei: bigint;
  /** Allocations that are active or thawing. */
  readonly openAllocations: number;
}

/** An allocation as the chain knows it. */
export interface AllocationRecord {
  readonly dealId: DealId;
  readonly node: Address;
  readonly state: AllocationState;
  /** What the node can still be paid at most, beside what is locked. */
  readonly balanceWei: bigint;
  /** Held by an open sampled claim of the node. */
  readonly lockedWei: bigint;
  /** Paid so far, protocol fee included. */
  readonly paidWei: bigint;
  readonly ratePerGiB: bigint;
  /** Epochs up to this one are settled. */
  readonly throughEpoch: Epoch;
  /** First epoch in which it may be released; undefined unless thawing. */
  readonly thawEndEpoch: Epoch | undefined;
  /** Protocol fee contained in `paidWei` and not yet collected. */
  readonly feeUncollectedWei: bigint;
}

/** Money for one node. */
export interface AllocationRequest {
  readonly node: Address;
  readonly amountWei: bigint;
  readonly ratePerGiB: bigint;
}

/** The immutable terms of a market. */
export interface MarketTerms {
  readonly epochSeconds: number;
  readonly claimWindowEpochs: number;
  readonly thawEpochs: number;
  readonly protocolFeeBps: number;
  readonly feeRecipient: Address;
  /** Samples of a sampled claim: strata of which each must be opened. */
  readonly claimSamples: number;
  /** Blocks after a claim's seed block in which its publisher may salt it; nobody can pin or open before. */
  readonly saltWindowBlocks: number;
  /** Blocks after a claim's seed block in which a pinned claim can be opened. */
  readonly openingWindowBlocks: number;
  /** Least bond of a claim; otherwise the locked amount divided by the number of samples. */
  readonly claimBondFloorWei: bigint;
}

/** A deal, or undefined if there is none. @throws ChainError CHAIN_UNREACHABLE */
export async function readDeal(
  provider: JsonRpcProvider,
  deployment: Deployment,
  dealId: DealId,
): Promise<DealRecord | undefined> {
  const deal = await fromChain(connectContracts(provider, deployment).market.dealOf(dealId));
  const state = DEAL_STATES[Number(deal.state)];
  if (state === undefined) return undefined;
  return {
    dealId,
    state,
    publisher: parseAddress(deal.publisher),
    collector: parseAddress(deal.collector),
    grantKey: parseAddress(deal.grantKey),
    previousKeys:
      BigInt(deal.previousGrantKey) === 0n
        ? undefined
        : {
            collector: parseAddress(deal.previousCollector),
            grantKey: parseAddress(deal.previousGrantKey),
            keyLastEpoch: parseEpoch(Number(deal.keyLastEpoch)),
          },
    contentRoot: parseContentRoot(deal.contentRoot),
    contentCodec: Number(deal.contentCodec),
    serviceLevel: Number(deal.serviceLevel),
    freeWei: deal.freeWei,
    openAllocations: Number(deal.openAllocations),
  };
}

/** An allocation, or undefined if the deal never allocated the node anything. @throws ChainError CHAIN_UNREACHABLE */
export async function readAllocation(
  provider: JsonRpcProvider,
  deployment: Deployment,
  key: { readonly dealId: DealId; readonly node: Address },
): Promise<AllocationRecord | undefined> {
  const { market } = connectContracts(provider, deployment);
  const allocation = await fromChain(market.allocationOf(key.dealId, key.node));
  const state = ALLOCATION_STATES[Number(allocation.state)];
  if (state === undefined) return undefined;
  return {
    dealId: key.dealId,
    node: key.node,
    state,
    balanceWei: allocation.balanceWei,
    lockedWei: allocation.lockedWei,
    paidWei: allocation.paidWei,
    ratePerGiB: allocation.ratePerGiB,
    throughEpoch: parseEpoch(Number(allocation.throughEpoch)),
    thawEndEpoch: state === 'thawing' ? parseEpoch(Number(allocation.thawEndEpoch)) : undefined,
    feeUncollectedWei: allocation.feeUncollectedWei,
  };
}

/** The terms of the market, which never change. @throws ChainError CHAIN_UNREACHABLE */
export async function readMarketTerms(
  provider: JsonRpcProvider,
  deployment: Deployment,
): Promise<MarketTerms> {
  const terms = await fromChain(connectContracts(provider, deployment).market.terms());
  return {
    epochSeconds: Number(terms.epochSeconds),
    claimWindowEpochs: Number(terms.claimWindowEpochs),
    thawEpochs: Number(terms.thawEpochs),
    protocolFeeBps: Number(terms.protocolFeeBps),
    feeRecipient: parseAddress(terms.feeRecipient),
    claimSamples: Number(terms.claimSamples),
    saltWindowBlocks: Number(terms.saltWindowBlocks),
    openingWindowBlocks: Number(terms.openingWindowBlocks),
    claimBondFloorWei: terms.claimBondFloorWei,
  };
}

/** Time of the latest block, seconds since 1970: what the contracts take for now. @throws ChainError */
export async function readChainTime(provider: JsonRpcProvider): Promise<number> {
  const block = await fromChain(provider.getBlock('latest'));
  if (block === null) throw new ChainError('CHAIN_ANSWER_INVALID', 'The chain has no latest block.');
  return block.timestamp;
}

/** The identifier of the deal that `publisher` opens with `salt`. */
export function dealIdOf(deployment: Deployment, publisher: Address, salt: Hex): DealId {
  const types = ['uint256', 'address', 'address', 'bytes32'];
  const encoded = AbiCoder.defaultAbiCoder().encode(types, [
    deployment.chainId,
    deployment.market,
    publisher,
    salt,
  ]);
  return parseDealId(keccak256(encoded));
}

/** Opens a deal; the deposit is approved by permit, so it is one transaction. @throws ChainError */
export async function openDeal(
  sender: TransactionSender,
  request: DealRequest,
  signal?: AbortSignal,
): Promise<{ readonly dealId: DealId; readonly transaction: MinedTransaction }> {
  const transaction =
    request.depositWei === 0n
      ? await callMarket(sender, 'openDeal', [request], signal)
      : await callMarket(
          sender,
          'openDealWithPermit',
          [request, await signPermit(sender, sender.deployment.market, request.depositWei)],
          signal,
        );
  return { dealId: dealIdOf(sender.deployment, sender.address, request.salt), transaction };
}

/** Moves free money of a deal to nodes. @throws ChainError CHAIN_REVERTED (InsufficientFree, NodeNotActive, …) */
export const allocate = (
  sender: TransactionSender,
  dealId: DealId,
  requests: readonly AllocationRequest[],
  signal?: AbortSignal,
): Promise<MinedTransaction> => callMarket(sender, 'allocate', [dealId, requests], signal);

/** Starts the thaw of allocations. @throws ChainError */
export const thaw = (
  sender: TransactionSender,
  dealId: DealId,
  nodes: readonly Address[],
  signal?: AbortSignal,
): Promise<MinedTransaction> => callMarket(sender, 'thaw', [dealId, nodes], signal);

/** Refuses new money for a deal and starts the thaw of its allocations. @throws ChainError */
export const closeDeal = (
  sender: TransactionSender,
  dealId: DealId,
  nodes: readonly Address[],
  signal?: AbortSignal,
): Promise<MinedTransaction> => callMarket(sender, 'closeDeal', [dealId, nodes], signal);

/** Returns thawed allocations to the free part of a deal. @throws ChainError CHAIN_REVERTED (ThawNotEnded, …) */
export const release = (
  sender: TransactionSender,
  dealId: DealId,
  nodes: readonly Address[],
  signal?: AbortSignal,
): Promise<MinedTransaction> => callMarket(sender, 'release', [dealId, nodes], signal);

/** Takes tokens out of the free part of a deal. @throws ChainError CHAIN_REVERTED (InsufficientFree, …) */
export const withdraw = (
  sender: TransactionSender,
  dealId: DealId,
  payout: { readonly amountWei: bigint; readonly to: Address },
  signal?: AbortSignal,
): Promise<MinedTransaction> => callMarket(sender, 'withdraw', [dealId, payout.amountWei, payout.to], signal);

/** Replaces the keys of a deal; those before stay good for epochs up to the next one. @throws ChainError */
export const rotateKeys = (
  sender: TransactionSender,
  dealId: DealId,
  keys: { readonly grantKey: Address; readonly collector: Address },
  signal?: AbortSignal,
): Promise<MinedTransaction> =>
  callMarket(sender, 'rotateKeys', [dealId, keys.grantKey, keys.collector], signal);
