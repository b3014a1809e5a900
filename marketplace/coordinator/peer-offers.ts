import { lateEpochsOf } from '../../sdk/protocol/epoch.ts';
import type { Address, DealId } from '../../sdk/protocol/identifiers.ts';
import { bytesAffordable, priceWei } from '../../sdk/protocol/price.ts';
import { MAX_PEERS_PER_ROOT } from '../../sdk/protocol/peer-root.ts';
import type { Clock } from '../clock.ts';
import type { Database, Sql } from '../database/database.ts';
import type { AllocationRecord, DealRecord } from '../database/deal-records.ts';
import { findNode, type NodeRecord } from '../database/node-records.ts';
import { readHolders, readOpenCaps, readPeerMeters } from '../database/peer-ledger.ts';
import { findPeerPool } from '../database/peer-pools.ts';
import { MAX_GRANT_CAP_BYTES, MAX_PEER_CANDIDATES } from '../limits.ts';
import type { NodeHealth } from './node-health.ts';
import { regionDistance } from './node-selection.ts';
import { committedWei, earnedByPeer, peerRate } from './peer-earnings.ts';

interface OfferComponents {
  readonly database: Database;
  readonly clock: Clock;
  readonly health: NodeHealth;
}

/** A peer that could serve a viewer, and what a GiB of it costs. */
export interface PeerOffer {
  readonly node: NodeRecord;
  readonly ratePerGiB: bigint;
}

/** Who asks, and whom it would take. */
export interface PeerWish {
  readonly viewerKey: Address;
  readonly region: string | undefined;
  /** Only these, if given. */
  readonly nodes: readonly Address[] | undefined;
  readonly maxPeers: number;
}

/**
 * Peers that hold the content of a deal, answer, and are paid from its pool; the nearest first (SPEC.md, peers). None
 * if the pool is empty or thaws: what is earned in a thaw might come too late for a root.
 */
export async function peersFor(
  { database, clock, health }: OfferComponents,
  deal: DealRecord,
  context: { readonly wish: PeerWish; readonly allocations: readonly AllocationRecord[] },
): Promise<PeerOffer[]> {
  const { wish, allocations } = context;
  if (wish.maxPeers === 0) return [];
  const pool = await findPeerPool(database.read, deal.dealId);
  if (pool === undefined || pool.thawEndEpoch !== 0 || pool.fundedWei <= pool.postedWei) return [];
  const edgeRates = allocations.flatMap(({ state, ratePerGiB }) => (state === 'active' ? [ratePerGiB] : []));
  const wanted = wish.nodes === undefined ? undefined : new Set(wish.nodes);
  // What a node is allocated it is paid by voucher; the chain could not tell the two apart.
  const excluded = new Set([wish.viewerKey, ...allocations.map(({ node }) => node)]);
  const range = { nowSeconds: Math.floor(clock.nowMs() / 1000), limit: MAX_PEER_CANDIDATES };
  const offers: PeerOffer[] = [];
  for (const { peer } of await readHolders(database.read, deal.contentRoot, range)) {
    if (excluded.has(peer) || (wanted !== undefined && !wanted.has(peer))) continue;
    const node = await findNode(database.read, peer);
    const ratePerGiB = node === undefined ? undefined : peerRate(node.askWeiPerGiB, edgeRates);
    if (node?.role === 'peer' && node.active && ratePerGiB !== undefined) offers.push({ node, ratePerGiB });
  }
  const up = new Set((await health.upAmong(offers.map(({ node }) => node))).map(({ address }) => address));
  return offers
    .filter(({ node }) => up.has(node.address))
    .sort((a, b) => regionDistance(wish.region, a.node.region) - regionDistance(wish.region, b.node.region))
    .slice(0, wish.maxPeers);
}

/**
 * What is left of a pool for new grants: what it was funded with, less what peers could have earned at most when all
 * open grants are used up. Grants are open until the late window of their epoch is over: then no receipt counts.
 */
export class PoolRoom {
  #leftWei: bigint;
  readonly #known: ReadonlySet<Address>;

  private constructor(leftWei: bigint, known: ReadonlySet<Address>) {
    this.#leftWei = leftWei;
    this.#known = known;
  }

  /** In the transaction that issues the grants, so that two requests cannot take the same room. */
  static async read(
    sql: Sql,
    dealId: DealId,
    now: { readonly epoch: number; readonly epochSeconds: number },
  ): Promise<PoolRoom> {
    const pool = await findPeerPool(sql, dealId);
    const meters = await readPeerMeters(sql, dealId);
    const openCaps = await readOpenCaps(sql, dealId, now.epoch - lateEpochsOf(now.epochSeconds) - 1);
    const leftWei = (pool?.fundedWei ?? 0n) - committedWei(meters, openCaps);
    return new PoolRoom(leftWei, new Set(earnedByPeer([...meters, ...openCaps]).keys()));
  }

  /** Bytes that a grant for the peer can allow at most. */
  bytesFor({ node, ratePerGiB }: PeerOffer): bigint {
    if (!this.#known.has(node.address) && this.#known.size >= MAX_PEERS_PER_ROOT) return 0n;
    if (ratePerGiB === 0n) return BigInt(MAX_GRANT_CAP_BYTES);
    // Two floors can be one unit less than the floor of the sum.
    return this.#leftWei > 1n ? bytesAffordable(this.#leftWei - 1n, ratePerGiB) : 0n;
  }

  /** Sets the most that a new grant can cost aside. */
  take(capBytes: bigint, ratePerGiB: bigint): void {
    this.#leftWei -= priceWei(capBytes, ratePerGiB) + 1n;
  }
}
