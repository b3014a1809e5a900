import {
  closingCall,
  pausingCall,
  readRefund,
  refundCall,
  topUpCall,
  type RefundNow,
} from '../../../sdk/chain/market-calls.ts';
import type { Hex } from '../../../sdk/protocol/bytes.ts';
import { parseAddress, parseDealId } from '../../../sdk/protocol/identifiers.ts';
import type { Network } from '../market-data/network.ts';
import { deploymentOf, permitFor, readerOf, requireFunds } from '../new-distribution/opening.ts';
import type { Wallet } from '../wallet/wallet.ts';
import { equalShares } from './equal-shares.ts';

/** A distribution that its publisher changes. */
export interface DealAtHand {
  readonly wallet: Wallet;
  readonly network: Network;
  readonly dealId: string;
  readonly nodes: readonly { readonly node: string; readonly ratePerGiB: bigint; readonly state: string }[];
}

/** Adds money and gives it to the nodes in equal shares, so that a distribution that ran dry or rests goes on. */
export async function topUp(deal: DealAtHand, amountWei: bigint): Promise<Hex> {
  const { wallet, network } = deal;
  await requireFunds(wallet, parseAddress(network.token), amountWei);
  const permit = await permitFor(wallet, network, amountWei);
  const allocations = sharesOf(deal, amountWei);
  return send(deal, topUpCall({ dealId: parseDealId(deal.dealId), amountWei, allocations, permit }));
}

/** Gives free money of the deal to its nodes, which resumes one that rests. */
export function giveFree(deal: DealAtHand, freeWei: bigint): Promise<Hex> {
  const allocations = sharesOf(deal, freeWei);
  return send(deal, topUpCall({ dealId: parseDealId(deal.dealId), amountWei: 0n, allocations }));
}

export function pause(deal: DealAtHand): Promise<Hex> {
  return send(deal, pausingCall(parseDealId(deal.dealId), nodesIn(deal, 'active')));
}

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

function sharesOf({ nodes }: DealAtHand, amountWei: bigint) {
  const shares = equalShares(amountWei, nodes.length);
  return nodes.map(({ node, ratePerGiB }, index) => ({
    ...{ node: parseAddress(node), ratePerGiB, amountWei: shares[index] ?? 0n },
  }));
}

const nodesIn = ({ nodes }: DealAtHand, state: string) =>
  nodes.filter((node) => node.state === state).map(({ node }) => parseAddress(node));

const send = ({ wallet, network }: DealAtHand, data: Hex): Promise<Hex> =>
  wallet.sendTransaction({ to: network.market, data });
