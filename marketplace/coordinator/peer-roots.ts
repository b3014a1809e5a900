import { LRUCache } from 'lru-cache';

import type { Domain } from '../../sdk/protocol/eip712.ts';
import type { Address, DealId } from '../../sdk/protocol/identifiers.ts';
import { peerRootDigest, PeerTree, type PeerLeaf, type PeerRoot } from '../../sdk/protocol/peer-root.ts';
import type { Hex } from '../../sdk/protocol/bytes.ts';
import type { Clock } from '../../sdk/pacing/clock.ts';
import type { Database, Sql } from '../database/database.ts';
import { findDeal, type DealRecord } from '../database/deal-records.ts';
import { readPeerMeters } from '../database/peer-ledger.ts';
import { findPeerPool, type PeerPoolRecord } from '../database/peer-pools.ts';
import {
  findPeerRoot,
  readPeerLeaves,
  readPeerRoots,
  readSignedAmounts,
  renewPeerRootSignature,
  savePeerRoot,
  type SignedPeerRoot,
} from '../database/peer-roots.ts';
import { MarketplaceError } from '../errors.ts';
import { MAX_CACHED_PEER_TREES, PEER_ROOT_INTERVAL_SECONDS, PEER_ROOT_THRESHOLD_WEI } from '../limits.ts';
import type { EpochClock, EpochMoment } from './epoch-clock.ts';
import type { KeyVault } from './key-vault.ts';
import { earnedByPeer, earnedInAll } from './peer-earnings.ts';

/** When a new root is worth the gas of posting it. */
export interface PeerRootPolicy {
  /** Earned since the last root. @default 10^18 wei */
  readonly thresholdWei?: bigint;
  /** Time after which anything earned is enough, seconds. @default a day */
  readonly intervalSeconds?: number;
}

interface RootComponents {
  readonly database: Database;
  readonly clock: Clock;
  readonly domain: Domain;
  readonly epochClock: Pick<EpochClock, 'now'>;
  readonly vault: Pick<KeyVault, 'collectorSigner'>;
}

/** Where the roots of a deal stand. */
export interface PeerRootStanding {
  /** Signed and not yet on chain: anybody can post it. */
  readonly pending: SignedPeerRoot | undefined;
  readonly pool: PeerPoolRecord;
  /** Earned by peers beyond the total of the root on chain. */
  readonly unpostedWei: bigint;
}

/** A peer's way to its money under one root. */
export interface PeerProof {
  readonly statement: PeerRoot;
  readonly cumulativeWei: bigint;
  readonly proof: readonly Hex[];
  /** Whether the chain takes claims from it now. */
  readonly posted: boolean;
}

/**
 * Promises peers what they have earned: signs the Merkle root over their cumulative amounts, one after the other as the
 * chain takes them. A root is on disk with all its leaves before anybody sees it, and is never signed twice with
 * other contents; no amount is ever lowered and no peer left out (sdk/protocol/SPEC.md, peer root).
 */
export class PeerRoots {
  readonly #components: RootComponents;
  readonly #thresholdWei: bigint;
  readonly #intervalSeconds: number;
  readonly #trees = new LRUCache<string, { tree: PeerTree; amounts: ReadonlyMap<Address, bigint> }>({
    max: MAX_CACHED_PEER_TREES,
  });

  constructor(components: RootComponents, policy: PeerRootPolicy = {}) {
    this.#components = components;
    this.#thresholdWei = policy.thresholdWei ?? PEER_ROOT_THRESHOLD_WEI;
    this.#intervalSeconds = policy.intervalSeconds ?? PEER_ROOT_INTERVAL_SECONDS;
  }

  /**
   * The root that waits to be posted; signs a new one if that is due.
   * @throws MarketplaceError DEAL_NOT_FOUND, POOL_NOT_FUNDED, POOL_TOO_SMALL, PEER_AMOUNT_FELL, PEER_ROOT_UNKNOWN,
   *   DEAL_NOT_SERVED, NOT_INDEXED_YET, CHAIN_STALE, CLOCK_DRIFT
   */
  async standing(dealId: DealId): Promise<PeerRootStanding> {
    const { database, epochClock } = this.#components;
    const moment = await epochClock.now();
    return database.write(async (sql) => {
      const deal = await requireDeal(sql, dealId);
      const pool = await requirePool(sql, dealId);
      const unpostedWei = earnedInAll(await readPeerMeters(sql, dealId)) - pool.postedWei;
      const pending =
        (await this.#pending(sql, { deal, pool, moment })) ??
        (this.#isDue(pool, unpostedWei, moment) ? await this.#sign(sql, { deal, pool, moment }) : undefined);
      return { pending, pool, unpostedWei };
    });
  }

  /** Proofs of a peer: of the root that waits, of that on chain, and of the one before. */
  async proofsOf(dealId: DealId, peer: Address): Promise<PeerProof[]> {
    const { read } = this.#components.database;
    const pool = await findPeerPool(read, dealId);
    if (pool === undefined) return [];
    const proofs: PeerProof[] = [];
    for (const { statement } of await readPeerRoots(read, dealId, pool.sequence - 1)) {
      const { tree, amounts } = await this.#treeOf(read, statement);
      const cumulativeWei = amounts.get(peer);
      const proof = tree.proofOf(peer);
      if (cumulativeWei === undefined || proof === undefined) continue;
      const posted = statement.root === pool.root || statement.root === pool.previousRoot;
      proofs.push({ statement, cumulativeWei, proof, posted });
    }
    return proofs;
  }

  #isDue(pool: PeerPoolRecord, unpostedWei: bigint, moment: EpochMoment): boolean {
    const sinceSeconds = moment.chainSeconds - pool.postedAtSeconds;
    if (unpostedWei <= 0n || sinceSeconds < moment.epochSeconds) return false;
    return unpostedWei >= this.#thresholdWei || sinceSeconds >= this.#intervalSeconds;
  }

  /** A root that was signed for the sequence that the chain takes next; signed again if its key was rotated out. */
  async #pending(
    sql: Sql,
    at: { deal: DealRecord; pool: PeerPoolRecord; moment: EpochMoment },
  ): Promise<SignedPeerRoot | undefined> {
    const { deal, pool, moment } = at;
    const signed = await findPeerRoot(sql, deal.dealId, pool.sequence + 1);
    if (signed === undefined) return undefined;
    const isGood =
      signed.collector === deal.collector ||
      (signed.collector === deal.previousCollector && moment.epoch <= deal.keyLastEpoch);
    if (isGood) return signed;
    const renewed = await this.#signed(signed.statement, deal, moment);
    await renewPeerRootSignature(sql, renewed);
    return renewed;
  }

  async #sign(
    sql: Sql,
    { deal, pool, moment }: { deal: DealRecord; pool: PeerPoolRecord; moment: EpochMoment },
  ): Promise<SignedPeerRoot> {
    const { dealId } = deal;
    await requireKnownRoot(sql, dealId, pool);
    const earned = earnedByPeer(await readPeerMeters(sql, dealId));
    for (const [peer, promisedWei] of await readSignedAmounts(sql, dealId)) {
      const earnedWei = earned.get(peer) ?? 0n;
      if (earnedWei < promisedWei) throw amountFell(dealId, peer, { earnedWei, promisedWei });
    }
    const leaves: PeerLeaf[] = [...earned].map(([peer, cumulativeWei]) => ({ peer, cumulativeWei }));
    const tree = new PeerTree(leaves);
    const { root, totalWei } = tree;
    if (totalWei > pool.fundedWei) throw poolTooSmall(dealId, totalWei, pool.fundedWei);
    const signed = await this.#signed({ dealId, sequence: pool.sequence + 1, root, totalWei }, deal, moment);
    await savePeerRoot(sql, signed, { leaves, atMs: this.#components.clock.nowMs() });
    return signed;
  }

  /** The contract asks whether the key is good in the epoch of posting. */
  async #signed(statement: PeerRoot, deal: DealRecord, { epoch }: EpochMoment): Promise<SignedPeerRoot> {
    const { vault, domain } = this.#components;
    const { sign, address } = await vault.collectorSigner(deal, epoch);
    return { statement, collector: address, signature: sign(peerRootDigest(domain, statement)) };
  }

  async #treeOf(
    sql: Sql,
    { dealId, sequence, root }: PeerRoot,
  ): Promise<{ tree: PeerTree; amounts: ReadonlyMap<Address, bigint> }> {
    const key = `${dealId} ${root}`;
    let known = this.#trees.get(key);
    if (known === undefined) {
      const leaves = await readPeerLeaves(sql, dealId, sequence);
      const amounts = new Map(leaves.map(({ peer, cumulativeWei }) => [peer, cumulativeWei]));
      known = { tree: new PeerTree(leaves), amounts };
      this.#trees.set(key, known);
    }
    return known;
  }
}

async function requireDeal(sql: Sql, dealId: DealId): Promise<DealRecord> {
  const deal = await findDeal(sql, dealId);
  if (deal !== undefined) return deal;
  throw new MarketplaceError('DEAL_NOT_FOUND', 'The index has no such deal.', { dealId });
}

async function requirePool(sql: Sql, dealId: DealId): Promise<PeerPoolRecord> {
  const pool = await findPeerPool(sql, dealId);
  if (pool !== undefined) return pool;
  throw new MarketplaceError('POOL_NOT_FUNDED', 'The deal sets nothing aside for peers.', { dealId });
}

/** Amounts are only known to be no lower than on chain if what is on chain was signed here. */
async function requireKnownRoot(sql: Sql, dealId: DealId, pool: PeerPoolRecord): Promise<void> {
  if (pool.sequence === 0) return;
  const known = await findPeerRoot(sql, dealId, pool.sequence);
  if (known !== undefined && known.statement.root === pool.root) return;
  throw new MarketplaceError('PEER_ROOT_UNKNOWN', 'The root on chain was not signed by this coordinator.', {
    dealId,
    sequence: pool.sequence,
    root: pool.root ?? 'none',
  });
}

function amountFell(
  dealId: DealId,
  peer: Address,
  { earnedWei, promisedWei }: { earnedWei: bigint; promisedWei: bigint },
): MarketplaceError {
  return new MarketplaceError('PEER_AMOUNT_FELL', 'A peer was promised more than its receipts are worth.', {
    ...{ dealId, peer, earnedWei: earnedWei.toString(), promisedWei: promisedWei.toString() },
  });
}

function poolTooSmall(dealId: DealId, totalWei: bigint, fundedWei: bigint): MarketplaceError {
  return new MarketplaceError('POOL_TOO_SMALL', 'Peers have earned more than the pool holds.', {
    ...{ dealId, totalWei: totalWei.toString(), fundedWei: fundedWei.toString() },
  });
}
