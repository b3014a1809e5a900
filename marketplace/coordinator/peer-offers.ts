import { lateEpochsOf } from '../../sdk/protocol/epoch.ts';
import type { Address, DealId } from '../../sdk/protocol/identifiers.ts';
import type { NetworkDomain } from '../../sdk/protocol/network-domain.ts';
import { bytesAffordable, priceWei } from '../../sdk/protocol/price.ts';
import { MAX_PEERS_PER_ROOT } from '../../sdk/protocol/peer-root.ts';
import type { Clock } from '../../sdk/pacing/clock.ts';
import type { Database, Sql } from '../database/database.ts';
import type { AllocationRecord, DealRecord } from '../database/deal-records.ts';
import { findNode, readEdges, type NodeRecord } from '../database/node-records.ts';
import { readHolders, readOpenCaps, readPeerMeters } from '../database/peer-ledger.ts';
import { findPeerPool } from '../database/peer-pools.ts';
import { readPeerReach } from '../database/peer-reach.ts';
import { MAX_GRANT_CAP_BYTES, MAX_PEER_CANDIDATES, MAX_PLANNED_NODES } from '../limits.ts';
import type { NodeHealth } from './node-health.ts';
import { regionDistance } from './node-selection.ts';
import { committedWei, earnedByPeer, peerRate } from './peer-earnings.ts';
import { domainOfNode, type Asker } from './viewer-domain.ts';

interface OfferComponents {
  readonly database: Database;
  readonly clock: Clock;
  readonly health: NodeHealth;
}

/** A peer that could serve a viewer, and what a GiB of it costs. */
export interface PeerOffer {
  readonly node: NodeRecord;
  readonly ratePerGiB: bigint;
  /** Where its bytes count as contributed; undefined for a region that is no code. */
  readonly domain: NetworkDomain | undefined;
}

/** Peers that hold a content. */
export interface PeerOffers {
  /** Those that may serve who asks directly, at most as many as were wished for. */
  readonly direct: readonly PeerOffer[];
  /** How many there are that only an edge may ask, because they are in other domains. */
  readonly elsewhere: number;
}

/** Who asks, and whom it would take. */
export interface PeerWish {
  readonly viewerKey: Address;
  readonly asker: Asker;
  /** Only these, if given. */
  readonly nodes: readonly Address[] | undefined;
  readonly maxPeers: number;
}

/**
 * Peers that hold the content of a deal, answer, and are paid from its pool (SPEC.md, peers and domains): those of the
 * domain of who asks; all for an edge that carries, for a viewer that does not say where it is, and where the publisher lets them serve everywhere. None if the pool is
 * empty or thaws: what is earned in a thaw might come too late for a root.
 */
export async function peersFor(
  { database, clock, health }: OfferComponents,
  deal: DealRecord,
  context: { readonly wish: PeerWish; readonly allocations: readonly AllocationRecord[] },
): Promise<PeerOffers> {
  const { wish, allocations } = context;
  const { asker } = wish;
  if (wish.maxPeers === 0) return NO_PEERS;
  const pool = await findPeerPool(database.read, deal.dealId);
  if (pool === undefined || pool.thawEndEpoch !== 0 || pool.fundedWei <= pool.postedWei) return NO_PEERS;
  const edgeRates = await ratesOfEdges(database.read, allocations);
  const wanted = wish.nodes === undefined ? undefined : new Set(wish.nodes);
  // What a node is allocated it is paid by voucher; the chain could not tell the two apart.
  const excluded = new Set([wish.viewerKey, ...allocations.map(({ node }) => node)]);
  const range = { nowSeconds: Math.floor(clock.nowMs() / 1000), limit: MAX_PEER_CANDIDATES };
  const offers: PeerOffer[] = [];
  for (const { peer } of await readHolders(database.read, deal.contentRoot, range)) {
    if (excluded.has(peer)) continue;
    const node = await findNode(database.read, peer);
    const ratePerGiB = node === undefined ? undefined : peerRate(node.askWeiPerGiB, edgeRates);
    if (node?.role !== 'peer' || !node.active || ratePerGiB === undefined) continue;
    offers.push({ node, ratePerGiB, domain: await domainOfNode(database.read, node) });
  }
  const { everywhere } = await readPeerReach(database.read, deal.dealId);
  const isDirect = ({ domain }: PeerOffer): boolean =>
    everywhere || asker.edge !== undefined || asker.domain === undefined || domain === asker.domain;
  const asked = offers.filter(({ node }) => wanted === undefined || wanted.has(node.address));
  const near = asked.filter(isDirect);
  const up = new Set((await health.upAmong(near.map(({ node }) => node))).map(({ address }) => address));
  return {
    direct: near
      .filter(({ node }) => up.has(node.address))
      .sort(
        (a, b) => regionDistance(asker.region, a.node.region) - regionDistance(asker.region, b.node.region),
      )
      .slice(0, wish.maxPeers),
    elsewhere: offers.filter((offer) => !isDirect(offer)).length,
  };
}

const NO_PEERS: PeerOffers = { direct: [], elsewhere: 0 };

/** What bounds the rate of peers: the deal's own edges; those of the network where the deal is for peers alone. */
async function ratesOfEdges(sql: Sql, allocations: readonly AllocationRecord[]): Promise<bigint[]> {
  const ofDeal = allocations.flatMap(({ state, ratePerGiB }) => (state === 'active' ? [ratePerGiB] : []));
  if (ofDeal.length > 0) return ofDeal;
  const edges = await readEdges(sql, MAX_PLANNED_NODES);
  return edges.flatMap(({ active, askWeiPerGiB }) => (active ? [askWeiPerGiB] : []));
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
