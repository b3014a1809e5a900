import type { PlannedEvent } from './forking-chain.ts';

export const address = (n: number): string => `0x${n.toString(16).padStart(40, '0')}`;
export const word = (n: number): string => `0x${n.toString(16).padStart(64, '0')}`;
export const NODES = [11, 12, 13];

interface PlausibleAllocation {
  balanceWei: bigint;
  state: string;
  throughEpoch: bigint;
  claim: { readonly lockedWei: bigint; readonly toEpoch: bigint } | undefined;
}

interface PlausibleDeal {
  freeWei: bigint;
  readonly allocations: Map<number, PlausibleAllocation>;
  pool: { fundedWei: bigint; postedWei: bigint; claimedWei: bigint; sequence: bigint } | undefined;
}

/** What a block of a random chain is about. */
export interface Choice {
  readonly what: 'node' | 'deal' | 'claim' | 'pool';
  readonly node: number;
  readonly deal: number;
  readonly amount: number;
}

/** A history that the contracts could have made: each step is possible in the state that the steps before left. */
export class PlausibleHistory {
  readonly #registered = new Map<number, { stakeWei: bigint; drawn: boolean }>();
  readonly #deals = new Map<number, PlausibleDeal>();

  /** @returns the event that the choice leads to, or undefined if it is impossible now */
  next({ what, node, deal, amount }: Choice): PlannedEvent | undefined {
    const operator = NODES[node] ?? 0;
    if (what === 'node') return this.#registryEvent(operator, amount, this.#registered.get(operator));
    const known = this.#deals.get(deal);
    if (known !== undefined && what === 'claim') return claimEvent(known, deal, operator, BigInt(amount));
    if (known !== undefined && what === 'pool') return poolEvent(known, deal, operator, BigInt(amount));
    return this.#marketEvent(deal, operator, BigInt(amount));
  }

  #registryEvent(
    node: number,
    amount: number,
    known: { stakeWei: bigint; drawn: boolean } | undefined,
  ): PlannedEvent {
    const stakeWei = BigInt(amount);
    if (known === undefined) {
      this.#registered.set(node, { stakeWei, drawn: false });
      const region = '0x65752d7765737400';
      return registry(
        'NodeRegistered',
        address(node),
        2,
        region,
        word(node),
        ['/ip4/1.2.3.4/tcp/1/http'],
        7n,
        stakeWei,
      );
    }
    if (!known.drawn) {
      known.drawn = true;
      return registry('PositionDrawn', address(node), word(1000 + node), word(node));
    }
    if (amount % 4 === 0) {
      this.#registered.delete(node);
      return registry('NodeDeregistered', address(node), word(node));
    }
    if (amount % 4 === 1) return registry('AskUpdated', address(node), stakeWei);
    known.stakeWei += stakeWei;
    return registry('StakeAdded', address(node), stakeWei, known.stakeWei);
  }

  #marketEvent(id: number, node: number, amountWei: bigint): PlannedEvent | undefined {
    const deal = this.#deals.get(id);
    if (deal === undefined) {
      this.#deals.set(id, { freeWei: amountWei, allocations: new Map(), pool: undefined });
      return market(
        'DealOpened',
        word(id),
        address(1),
        word(50 + id),
        0x55,
        0,
        address(2),
        address(3),
        amountWei,
      );
    }
    const allocation = deal.allocations.get(node);
    if (allocation?.claim !== undefined) return undefined;
    if (allocation !== undefined && allocation.balanceWei > 0n && amountWei % 3n === 0n) {
      const paidWei = allocation.balanceWei / 2n + 1n;
      allocation.balanceWei -= paidWei;
      const toEpoch = (allocation.throughEpoch += 1n);
      return amountWei % 2n === 0n
        ? market('VoucherRedeemed', word(id), address(node), address(9), toEpoch, paidWei, paidWei, 0n)
        : market('DirectClaimed', word(id), address(node), address(9), toEpoch, 5n, paidWei, 0n);
    }
    if (allocation?.state === 'thawing') {
      deal.freeWei += allocation.balanceWei;
      const released = allocation.balanceWei;
      Object.assign(allocation, { balanceWei: 0n, state: 'released' });
      return market('Released', word(id), address(node), released);
    }
    if (allocation?.state === 'active' && amountWei % 5n === 0n) {
      allocation.state = 'thawing';
      return market('ThawStarted', word(id), address(node), 500n);
    }
    if (deal.freeWei < amountWei) {
      deal.freeWei += amountWei;
      return market('ToppedUp', word(id), address(1), amountWei);
    }
    deal.freeWei -= amountWei;
    const balanceWei = (allocation?.balanceWei ?? 0n) + amountWei;
    const throughEpoch = allocation?.throughEpoch ?? 100n;
    deal.allocations.set(node, { balanceWei, state: 'active', throughEpoch, claim: undefined });
    return market('Allocated', word(id), address(node), amountWei, 3n);
  }
}

export const registry = (name: string, ...args: unknown[]): PlannedEvent => ({
  contract: 'registry',
  name,
  args,
});
export const market = (name: string, ...args: unknown[]): PlannedEvent => ({
  contract: 'market',
  name,
  args,
});

/** Commits a claim, or carries the open one on: pins, opens, pays, voids or supersedes it. */
function claimEvent(
  deal: PlausibleDeal,
  id: number,
  node: number,
  amountWei: bigint,
): PlannedEvent | undefined {
  const allocation = deal.allocations.get(node);
  if (allocation === undefined) return undefined;
  const at = [word(id), address(node)];
  const { claim } = allocation;
  if (claim === undefined) {
    if (allocation.balanceWei === 0n) return undefined;
    const lockedWei = allocation.balanceWei < amountWei ? allocation.balanceWei : amountWei;
    const fromEpoch = allocation.throughEpoch;
    allocation.throughEpoch += 2n;
    allocation.balanceWei -= lockedWei;
    allocation.claim = { lockedWei, toEpoch: allocation.throughEpoch };
    const root = `0x${'5a'.repeat(24)}`;
    return market('ClaimCommitted', ...at, fromEpoch, allocation.throughEpoch, root, 99n, lockedWei, 7n, 12n);
  }
  if (amountWei % 5n === 0n) return market('SeedPinned', ...at, word(9));
  if (amountWei % 5n === 1n) return market('StrataOpened', ...at, amountWei);
  allocation.claim = undefined;
  const { lockedWei, toEpoch } = claim;
  if (amountWei % 5n === 2n) return market('ClaimPaid', ...at, address(9), toEpoch, lockedWei, 0n);
  allocation.balanceWei += lockedWei;
  const name = amountWei % 5n === 3n ? 'ClaimVoided' : 'ClaimSuperseded';
  return market(name, ...at, toEpoch, lockedWei, 7n);
}

/** Funds the pool of a deal, posts a root, pays a peer, thaws or releases. */
function poolEvent(
  deal: PlausibleDeal,
  id: number,
  peer: number,
  amountWei: bigint,
): PlannedEvent | undefined {
  if (deal.pool === undefined || amountWei % 4n === 0n) {
    if (deal.freeWei < amountWei) return undefined;
    deal.freeWei -= amountWei;
    deal.pool ??= { fundedWei: 0n, postedWei: 0n, claimedWei: 0n, sequence: 0n };
    deal.pool.fundedWei += amountWei;
    return market('PeerPoolFunded', word(id), amountWei);
  }
  const { pool } = deal;
  if (amountWei % 4n === 1n && pool.postedWei < pool.fundedWei) {
    pool.postedWei += 1n;
    pool.sequence += 1n;
    return market('PeerRootPosted', word(id), pool.sequence, word(Number(pool.sequence)), pool.postedWei);
  }
  if (amountWei % 4n === 2n && pool.claimedWei < pool.postedWei) {
    pool.claimedWei += 1n;
    return market('PeerPaid', word(id), address(peer), 1n, pool.claimedWei);
  }
  if (amountWei % 3n === 0n) return market('PeerPoolThawing', word(id), 500n);
  const remainingWei = pool.fundedWei - pool.claimedWei;
  deal.freeWei += remainingWei;
  pool.fundedWei = pool.claimedWei;
  pool.postedWei = pool.claimedWei;
  return market('PeerPoolReleased', word(id), remainingWei);
}
