import type { Interface } from 'ethers';

import type { Hex } from '../protocol/bytes.ts';
import type { Address, DealId } from '../protocol/identifiers.ts';
import { claimsInterface, marketInterface, tokenInterface } from './contracts.ts';
import type { AllocationRequest, DealRequest, DealState } from './deals.ts';
import type { Deployment } from './deployment.ts';
import type { Permit } from './permits.ts';

/**
 * Calls of the market as a wallet sends them, where another program holds the key: only what is sent, no sending. What a
 * publisher wants is one call each, so one confirmation (contracts/README.md, one confirmation opens a distribution).
 */

/** A permit and the amount that it is over. */
export interface PermittedAmount {
  readonly permit: Permit;
  readonly amountWei: bigint;
}

/** Opens a deal and gives its nodes their money. @param opening.permit undefined where the allowance suffices */
export function openingCall(opening: {
  readonly deal: DealRequest;
  readonly dealId: DealId;
  readonly allocations: readonly AllocationRequest[];
  readonly permit?: PermittedAmount | undefined;
}): Hex {
  const { deal, dealId, allocations, permit } = opening;
  return inOneCall([
    ...permitCalls(permit),
    encode(marketInterface, 'openDeal', [deal]),
    ...allocateCalls(dealId, allocations),
  ]);
}

/** Adds money to a deal, and gives it to nodes where it names some. */
export function topUpCall(topUp: {
  readonly dealId: DealId;
  readonly amountWei: bigint;
  readonly allocations: readonly AllocationRequest[];
  readonly permit?: PermittedAmount | undefined;
}): Hex {
  const { dealId, amountWei, allocations, permit } = topUp;
  return inOneCall([
    ...permitCalls(permit),
    ...(amountWei === 0n ? [] : [encode(marketInterface, 'topUp', [dealId, amountWei])]),
    ...allocateCalls(dealId, allocations),
  ]);
}

/** Starts the thaw of allocations; the deal stays open and can be allocated to again. */
export const pausingCall = (dealId: DealId, nodes: readonly Address[]): Hex =>
  encode(marketInterface, 'thaw', [dealId, nodes]);

/** Takes back what allocations hold whose thaw has ended: it lies free in the deal then. */
export const releasingCall = (dealId: DealId, nodes: readonly Address[]): Hex =>
  encode(marketInterface, 'release', [dealId, nodes]);

/**
 * Gives free money of a deal to nodes, with what thawed of others; what is short is added to the deal.
 * @param wish.missingWei added by this call @param wish.permit undefined where the allowance suffices
 */
export function resumingCall(wish: {
  readonly dealId: DealId;
  readonly thawedNodes: readonly Address[];
  readonly missingWei: bigint;
  readonly allocations: readonly AllocationRequest[];
  readonly permit?: PermittedAmount | undefined;
}): Hex {
  const { dealId, thawedNodes, missingWei, allocations, permit } = wish;
  return inOneCall([
    ...permitCalls(permit),
    ...(missingWei === 0n ? [] : [encode(marketInterface, 'topUp', [dealId, missingWei])]),
    ...(thawedNodes.length === 0 ? [] : [releasingCall(dealId, thawedNodes)]),
    ...allocateCalls(dealId, allocations),
  ]);
}

/** Ends a deal: no new money, and everything allocated begins to thaw, the peer pool too where it holds money. */
export function closingCall(dealId: DealId, nodes: readonly Address[], hasPeerPool: boolean): Hex {
  return inOneCall([
    encode(marketInterface, 'closeDeal', [dealId, nodes]),
    ...(hasPeerPool ? [encode(claimsInterface, 'thawPeerPool', [dealId])] : []),
  ]);
}

/** Takes thawed money back and out of the deal. @param refund.amountWei free money with what the release brings */
export function refundCall(refund: {
  readonly dealId: DealId;
  readonly thawedNodes: readonly Address[];
  readonly hasThawedPeerPool: boolean;
  readonly amountWei: bigint;
  readonly to: Address;
}): Hex {
  const { dealId, thawedNodes, hasThawedPeerPool, amountWei, to } = refund;
  return inOneCall([
    ...(thawedNodes.length === 0 ? [] : [encode(marketInterface, 'release', [dealId, thawedNodes])]),
    ...(hasThawedPeerPool ? [encode(claimsInterface, 'releasePeerPool', [dealId])] : []),
    ...(amountWei === 0n ? [] : [encode(marketInterface, 'withdraw', [dealId, amountWei, to])]),
  ]);
}

/** Reads a contract: a wallet or a provider does it (eth_call). */
export type ContractReader = (call: { readonly to: Address; readonly data: Hex }) => Promise<Hex>;

/** State of a deal on the chain, undefined if there is none. */
export async function readDealState(
  read: ContractReader,
  { market }: Deployment,
  dealId: DealId,
): Promise<{ readonly state: DealState; readonly freeWei: bigint } | undefined> {
  const data = encode(marketInterface, 'dealOf', [dealId]);
  const answer = marketInterface.decodeFunctionResult('dealOf', await read({ to: market, data }));
  const deal = answer[0] as Readonly<Record<'state' | 'freeWei', bigint>>;
  const state = STATES[Number(deal.state)];
  return state === undefined ? undefined : { state, freeWei: deal.freeWei };
}

/** What can be had back of a deal now, and what cannot yet. */
export interface RefundNow {
  readonly freeWei: bigint;
  /** Nodes whose allocations have thawed, and what these hold. */
  readonly thawedNodes: readonly Address[];
  readonly thawedWei: bigint;
  /** Held by allocations that are active or still thaw. */
  readonly heldWei: bigint;
  /** The pool of peers, where it has thawed. */
  readonly hasThawedPeerPool: boolean;
  readonly peerPoolWei: bigint;
}

/** Reads from the chain itself what a refund would bring, to the last unit. */
export async function readRefund(
  read: ContractReader,
  deployment: Deployment,
  deal: { readonly dealId: DealId; readonly nodes: readonly Address[] },
): Promise<RefundNow> {
  const { dealId, nodes } = deal;
  const ask = async (face: Interface, name: string, args: readonly unknown[]): Promise<unknown> => {
    const data = encode(face, name, args);
    return face.decodeFunctionResult(name, await read({ to: deployment.market, data }))[0] as unknown;
  };
  const epoch = Number(await ask(marketInterface, 'currentEpoch', []));
  const state = await readDealState(read, deployment, dealId);
  const pool = (await ask(claimsInterface, 'peerPoolOf', [dealId])) as Readonly<
    Record<'fundedWei' | 'claimedWei' | 'thawEndEpoch', bigint>
  >;
  const found = { thawedNodes: [] as Address[], thawedWei: 0n, heldWei: 0n };
  for (const node of nodes) {
    const allocation = (await ask(marketInterface, 'allocationOf', [dealId, node])) as Readonly<
      Record<'state' | 'balanceWei' | 'lockedWei' | 'thawEndEpoch', bigint>
    >;
    const isThawed = Number(allocation.state) === THAWING && Number(allocation.thawEndEpoch) <= epoch;
    if (isThawed && allocation.lockedWei === 0n) {
      found.thawedNodes.push(node);
      found.thawedWei += allocation.balanceWei;
    } else found.heldWei += allocation.balanceWei + allocation.lockedWei;
  }
  const peerPoolWei = pool.fundedWei - pool.claimedWei;
  const hasThawedPeerPool = pool.thawEndEpoch !== 0n && Number(pool.thawEndEpoch) <= epoch;
  return { ...found, freeWei: state?.freeWei ?? 0n, hasThawedPeerPool, peerPoolWei };
}

/** How long allocations thaw, at most, seconds: the epoch of the close and the epochs of the thaw. */
export async function readThawSeconds(read: ContractReader, { market }: Deployment): Promise<number> {
  const answer = await read({ to: market, data: encode(marketInterface, 'terms', []) });
  const [terms] = marketInterface.decodeFunctionResult('terms', answer);
  const { epochSeconds, thawEpochs } = terms as Readonly<Record<'epochSeconds' | 'thawEpochs', bigint>>;
  return Number(epochSeconds * thawEpochs);
}

/** What the market may pull from an account, and the number of its next permit. */
export async function readAllowance(
  read: ContractReader,
  { market, token }: Deployment,
  owner: Address,
): Promise<{ readonly allowanceWei: bigint; readonly nonce: bigint }> {
  const ask = async (name: string, args: readonly unknown[]): Promise<bigint> => {
    const answer = await read({ to: token, data: encode(tokenInterface, name, args) });
    return BigInt(String(tokenInterface.decodeFunctionResult(name, answer)[0]));
  };
  const [allowanceWei, nonce] = await Promise.all([
    ask('allowance', [owner, market]),
    ask('nonces', [owner]),
  ]);
  return { allowanceWei, nonce };
}

/** State of an allocation in the contracts. */
const THAWING = 2;
const STATES: readonly (DealState | undefined)[] = [undefined, 'open', 'closing', 'closed'];

function permitCalls(permitted: PermittedAmount | undefined): Hex[] {
  if (permitted === undefined) return [];
  return [encode(claimsInterface, 'usePermit', [permitted.amountWei, permitted.permit])];
}

/** Nodes that one call of `allocate` may name (DealEscrow.sol, MAX_NODES_PER_CALL). */
const MAX_NODES_PER_ALLOCATE = 64;

function allocateCalls(dealId: DealId, allocations: readonly AllocationRequest[]): Hex[] {
  const calls: Hex[] = [];
  for (let at = 0; at < allocations.length; at += MAX_NODES_PER_ALLOCATE) {
    const some = allocations.slice(at, at + MAX_NODES_PER_ALLOCATE);
    calls.push(encode(marketInterface, 'allocate', [dealId, some]));
  }
  return calls;
}

/** One call needs no batch. */
function inOneCall(calls: readonly Hex[]): Hex {
  const [only] = calls;
  return only !== undefined && calls.length === 1 ? only : encode(claimsInterface, 'multicall', [calls]);
}

const encode = (face: Interface, name: string, args: readonly unknown[]): Hex =>
  face.encodeFunctionData(name, args) as Hex;
