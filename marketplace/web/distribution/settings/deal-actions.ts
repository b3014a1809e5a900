import {
  closingCall,
  pausingCall,
  readRefund,
  refundCall,
  releasingCall,
  resumingCall,
  topUpCall,
  type RefundNow,
} from '../../../../sdk/chain/market-calls.ts';
import type { Hex } from '../../../../sdk/protocol/bytes.ts';
import { parseAddress, parseDealId } from '../../../../sdk/protocol/identifiers.ts';
import { equalAllocations } from '../../../../sdk/publish/equal-allocations.ts';
import type { Network } from '../../market-data/network.ts';
import { NewDistributionError } from '../../new-distribution/failure.ts';
import { deploymentOf, permitFor, readerOf, requireFunds } from '../../new-distribution/opening.ts';
import type { Wallet } from '../../wallet/wallet.ts';
import { fetchDealNodes } from '../deal-figures.ts';
import { missingOf, nodesToPay } from './node-shares.ts';

interface AllocatedNode {
  readonly node: string;
  readonly ratePerGiB: bigint;
  readonly state: string;
}

/** A distribution that its publisher changes. */
export interface DealAtHand {
  readonly wallet: Wallet;
  readonly network: Network;
  readonly dealId: string;
  readonly nodes: readonly AllocatedNode[];
}

/** Adds money and gives it to the nodes in equal shares, so that a distribution that ran dry or rests goes on. */
export async function topUp(deal: DealAtHand, amountWei: bigint): Promise<Hex> {
  const { wallet, network } = deal;
  await requireFunds(wallet, parseAddress(network.token), amountWei);
  const allocations = sharesOf(await payable(deal), amountWei);
  const permit = await permitFor(wallet, network, amountWei);
  return send(deal, topUpCall({ dealId: parseDealId(deal.dealId), amountWei, allocations, permit }));
}

/** Gives free money of the deal to its nodes. */
export async function giveFree(deal: DealAtHand, freeWei: bigint): Promise<Hex> {
  const allocations = sharesOf(await payable(deal), freeWei);
  return send(deal, topUpCall({ dealId: parseDealId(deal.dealId), amountWei: 0n, allocations }));
}

export function pause(deal: DealAtHand): Promise<Hex> {
  return send(deal, pausingCall(parseDealId(deal.dealId), nodesIn(deal, 'active')));
}

/** Lets a distribution that rests go on, with what lies free and what has thawed. */
export async function resume(deal: DealAtHand): Promise<Hex> {
  const { wallet, network } = deal;
  const { freeWei, thawedWei, thawedNodes } = await refundNow(deal);
  const to = await payable(deal);
  const oneEachWei = BigInt(to.length);
  const missingWei = missingOf(oneEachWei, freeWei + thawedWei);
  if (missingWei > 0n) await requireFunds(wallet, parseAddress(network.token), missingWei);
  const permit = await permitFor(wallet, network, missingWei);
  const allocations = sharesOf(to, freeWei + thawedWei + missingWei);
  const dealId = parseDealId(deal.dealId);
  return send(deal, resumingCall({ dealId, thawedNodes, missingWei, allocations, permit }));
}

/** A node that a distribution is to have, what it asks, and what it can earn at most. */
export interface NodeWish {
  readonly node: string;
  readonly ratePerGiB: bigint;
  readonly amountWei: bigint;
}

/** Gives a node money: out of what lies free in the deal, and what is short out of the account. */
export async function addNode(deal: DealAtHand, wish: NodeWish, freeWei: bigint): Promise<Hex> {
  const { wallet, network } = deal;
  const missingWei = missingOf(wish.amountWei, freeWei);
  if (missingWei > 0n) await requireFunds(wallet, parseAddress(network.token), missingWei);
  const permit = await permitFor(wallet, network, missingWei);
  const allocations = [{ ...wish, node: parseAddress(wish.node) }];
  const dealId = parseDealId(deal.dealId);
  return send(deal, topUpCall({ dealId, amountWei: missingWei, allocations, permit }));
}

/** Begins the thaw of one node: it is granted nothing more and keeps what it earned. */
export const letGo = (deal: DealAtHand, node: string): Promise<Hex> =>
  send(deal, pausingCall(parseDealId(deal.dealId), [parseAddress(node)]));

/** Takes back what a node held that was let go, into the free part of the deal. */
export const releaseNode = (deal: DealAtHand, node: string): Promise<Hex> =>
  send(deal, releasingCall(parseDealId(deal.dealId), [parseAddress(node)]));

export async function close(deal: DealAtHand): Promise<Hex> {
  const { peerPoolWei, hasThawedPeerPool } = await refundNow(deal);
  const hasPeerPool = peerPoolWei > 0n && !hasThawedPeerPool;
  return send(deal, closingCall(parseDealId(deal.dealId), nodesIn(deal, 'active'), hasPeerPool));
}

/** Takes back all that can be taken back now. */
export async function takeRefund(deal: DealAtHand): Promise<Hex> {
  const now = await refundNow(deal);
  const { thawedNodes } = now;
  const hasThawedPeerPool = now.hasThawedPeerPool && now.peerPoolWei > 0n;
  return send(
    deal,
    refundCall({
      dealId: parseDealId(deal.dealId),
      ...{ thawedNodes, hasThawedPeerPool, amountWei: refundWei(now), to: deal.wallet.address },
    }),
  );
}

/** What a refund would bring at this moment, read from the chain. */
export function refundNow({ wallet, network, dealId, nodes }: DealAtHand): Promise<RefundNow> {
  const all = nodes.map(({ node }) => parseAddress(node));
  return readRefund(readerOf(wallet), deploymentOf(network), { dealId: parseDealId(dealId), nodes: all });
}

export function refundWei({ freeWei, thawedWei, hasThawedPeerPool, peerPoolWei }: RefundNow): bigint {
  return freeWei + thawedWei + (hasThawedPeerPool ? peerPoolWei : 0n);
}

/**
 * Without nodes that left the ring: the market refuses money for them, and with it the whole call.
 * @throws NewDistributionError NODES_GONE
 */
async function payable({ dealId, nodes }: DealAtHand): Promise<readonly AllocatedNode[]> {
  const { nodes: seen } = await fetchDealNodes(dealId);
  const left = new Set(seen.filter(({ state }) => state === 'leaving').map(({ node }) => node));
  const to = nodesToPay(nodes.filter(({ node }) => !left.has(node)));
  if (to.length > 0) return to;
  throw new NewDistributionError(
    'NODES_GONE',
    'None of the nodes of this distribution is on the ring any more.',
    'Add a node first; its money begins the distribution anew.',
  );
}

const sharesOf = (nodes: readonly AllocatedNode[], amountWei: bigint) =>
  equalAllocations(
    nodes.map(({ node, ratePerGiB }) => ({ node: parseAddress(node), ratePerGiB })),
    amountWei,
  );

const nodesIn = ({ nodes }: DealAtHand, state: string) =>
  nodes.filter((node) => node.state === state).map(({ node }) => parseAddress(node));

const send = ({ wallet, network }: DealAtHand, data: Hex): Promise<Hex> =>
  wallet.sendTransaction({ to: network.market, data });
