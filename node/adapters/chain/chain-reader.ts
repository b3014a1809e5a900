import type { JsonRpcProvider, Log } from 'ethers';
import { claimOf, type ClaimRecord } from '../../../sdk/chain/claims.ts';
import {
  claimsInterface,
  connectContracts,
  marketInterface,
  registryInterface,
} from '../../../sdk/chain/contracts.ts';
import { readAllocation, readDeal, readMarketTerms, type MarketTerms } from '../../../sdk/chain/deals.ts';
import type { Deployment } from '../../../sdk/chain/deployment.ts';
import { readNode, readNodes, type NodeRecord } from '../../../sdk/chain/nodes.ts';
import { fromChain } from '../../../sdk/chain/reverts.ts';
import { readTokenBalance } from '../../../sdk/chain/tokens.ts';
import {
  parseAddress,
  parseDealId,
  parseEpoch,
  type Address,
  type DealId,
  type Epoch,
} from '../../../sdk/protocol/identifiers.ts';
import type { AllocationView, DealView } from '../../core/delivery/deal-directory.ts';

/** An allocation with what settling needs beside what serving needs. */
export interface AllocationState extends AllocationView {
  readonly paidWei: bigint;
}

/** The newest block. */
export interface ChainHead {
  readonly block: number;
  readonly hash: string;
  readonly timestampSeconds: number;
}

/** How a payment came about. */
type PaidRoute = 'voucher' | 'direct-claim' | 'sampled-claim';

/** The events that pay, with their route and the name of the last epoch that they settle. */
const PAYING_EVENTS: Readonly<Record<string, { readonly route: PaidRoute; readonly through: string }>> = {
  VoucherRedeemed: { route: 'voucher', through: 'throughEpoch' },
  DirectClaimed: { route: 'direct-claim', through: 'toEpoch' },
  ClaimPaid: { route: 'sampled-claim', through: 'toEpoch' },
};

/** Events that change the state of a sampled claim. */
const CLAIM_EVENTS: ReadonlySet<string> = new Set([
  'ClaimCommitted',
  'SeedPinned',
  'ClaimPaid',
  'ClaimVoided',
  'ClaimSuperseded',
]);

/** What happened on chain, as far as a node cares. */
export type ChainNews =
  | { readonly kind: 'registry' }
  | { readonly kind: 'deal'; readonly dealId: DealId; readonly node: Address | undefined }
  /** A sampled claim is in another state. */
  | { readonly kind: 'claim'; readonly dealId: DealId; readonly node: Address }
  | {
      readonly kind: 'payment';
      readonly dealId: DealId;
      readonly node: Address;
      readonly route: PaidRoute;
      readonly throughEpoch: Epoch;
      readonly paidWei: bigint;
      readonly feeWei: bigint;
      readonly block: number;
      readonly transaction: string;
      readonly logIndex: number;
    };

/** Reads the contracts and gives plain data. */
export class ChainReader {
  readonly provider: JsonRpcProvider;
  readonly #deployment: Deployment;
  readonly #url: string;

  constructor(components: { provider: JsonRpcProvider; deployment: Deployment }) {
    this.provider = components.provider;
    this.#deployment = components.deployment;
    this.#url = components.provider._getConnection().url;
  }

  /** The newest block. @throws ChainError CHAIN_UNREACHABLE */
  async head(): Promise<ChainHead | undefined> {
    const block = await fromChain(this.provider.getBlock('latest'), this.#url);
    if (block === null) return undefined;
    return { block: block.number, hash: block.hash ?? '', timestampSeconds: block.timestamp };
  }

  /** The hash that the chain has for a block now; undefined when there is no such block. @throws ChainError */
  async hashOf(block: number): Promise<string | undefined> {
    return (await fromChain(this.provider.getBlock(block), this.#url))?.hash ?? undefined;
  }

  /** Seconds since 1970 at which a block was made. @throws ChainError CHAIN_UNREACHABLE */
  async timeOf(block: number): Promise<number | undefined> {
    return (await fromChain(this.provider.getBlock(block), this.#url))?.timestamp;
  }

  /** The immutable terms of the market. @throws ChainError CHAIN_UNREACHABLE */
  terms(): Promise<MarketTerms> {
    return readMarketTerms(this.provider, this.#deployment);
  }

  /** @throws ChainError CHAIN_UNREACHABLE */
  async minimumEdgeStakeWei(): Promise<bigint> {
    const { registry } = connectContracts(this.provider, this.#deployment);
    return fromChain(registry.minimumEdgeStakeWei(), this.#url);
  }

  /** From the request to unbond to the withdrawal, seconds. @throws ChainError CHAIN_UNREACHABLE */
  async unbondingSeconds(): Promise<number> {
    const { registry } = connectContracts(this.provider, this.#deployment);
    return Number(await fromChain(registry.unbondingSeconds(), this.#url));
  }

  /** @throws ChainError CHAIN_UNREACHABLE */
  tokenBalanceWei(owner: Address): Promise<bigint> {
    return readTokenBalance(this.provider, this.#deployment, owner);
  }

  /** @throws ChainError CHAIN_UNREACHABLE */
  gasBalanceWei(owner: Address): Promise<bigint> {
    return fromChain(this.provider.getBalance(owner), this.#url);
  }

  /** Price of one unit of gas in the chain's coin, wei. @throws ChainError CHAIN_UNREACHABLE */
  async gasPriceWei(): Promise<bigint> {
    const fees = await fromChain(this.provider.getFeeData(), this.#url);
    return fees.maxFeePerGas ?? fees.gasPrice ?? 0n;
  }

  /** A deal as serving needs it. @throws ChainError CHAIN_UNREACHABLE */
  async deal(dealId: DealId): Promise<DealView | undefined> {
    const deal = await readDeal(this.provider, this.#deployment, dealId);
    if (deal === undefined) return undefined;
    const { state, publisher, contentRoot, contentCodec, grantKey, previousKeys } = deal;
    const view = { dealId, state, publisher, contentRoot, contentCodec, grantKey };
    if (previousKeys === undefined) return view;
    const previousGrantKey = { address: previousKeys.grantKey, lastEpoch: previousKeys.keyLastEpoch };
    return { ...view, previousGrantKey };
  }

  /** @throws ChainError CHAIN_UNREACHABLE */
  allocation(dealId: DealId, node: Address): Promise<AllocationState | undefined> {
    return readAllocation(this.provider, this.#deployment, { dealId, node });
  }

  /** The last sampled claim of an allocation. @throws ChainError CHAIN_UNREACHABLE */
  claim(dealId: DealId, node: Address): Promise<ClaimRecord | undefined> {
    return claimOf(this.provider, this.#deployment, { dealId, node });
  }

  /** @throws ChainError CHAIN_UNREACHABLE */
  node(operator: Address): Promise<NodeRecord | undefined> {
    return readNode(this.provider, this.#deployment, operator);
  }

  /** Every registered node. @throws ChainError CHAIN_UNREACHABLE */
  nodes(): Promise<readonly NodeRecord[]> {
    return readNodes(this.provider, this.#deployment);
  }

  /** What happened in a span of blocks, both ends included. @throws ChainError CHAIN_UNREACHABLE */
  async news(fromBlock: number, toBlock: number): Promise<ChainNews[]> {
    const address = [this.#deployment.registry, this.#deployment.market];
    const logs = await fromChain(this.provider.getLogs({ address, fromBlock, toBlock }), this.#url);
    return logs.flatMap((log) => this.#newsOf(log));
  }

  #newsOf(log: Log): ChainNews[] {
    if (parseAddress(log.address) === this.#deployment.registry) {
      return registryInterface.parseLog(log) === null ? [] : [{ kind: 'registry' }];
    }
    const event = marketInterface.parseLog(log) ?? claimsInterface.parseLog(log);
    if (event === null) return [];
    const fields = event.args.toObject() as Record<string, unknown>;
    const dealId = parseDealId(String(fields['dealId']));
    const node = typeof fields['node'] === 'string' ? parseAddress(fields['node']) : undefined;
    const news: ChainNews[] = [{ kind: 'deal', dealId, node }];
    if (node === undefined) return news;
    if (CLAIM_EVENTS.has(event.name)) news.push({ kind: 'claim', dealId, node });
    const paying = PAYING_EVENTS[event.name];
    if (paying !== undefined) {
      news.push({
        kind: 'payment',
        dealId,
        node,
        route: paying.route,
        throughEpoch: parseEpoch(Number(fields[paying.through])),
        paidWei: BigInt(String(fields['paidWei'])),
        feeWei: BigInt(String(fields['feeWei'])),
        block: log.blockNumber,
        transaction: log.transactionHash,
        logIndex: log.index,
      });
    }
    return news;
  }
}
