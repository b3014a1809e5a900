import { LRUCache } from 'lru-cache';

import type { PeerPoolRecord } from '../../../sdk/chain/peer-pool.ts';
import type { DealId } from '../../../sdk/protocol/identifiers.ts';
import { GIB_BYTES } from '../../../sdk/protocol/limits.ts';
import { bytesAffordable } from '../../../sdk/protocol/price.ts';
import type { AllocationView, DealDirectory, DealView } from '../../core/delivery/deal-directory.ts';
import { MAX_UNPAID_PEER_BYTES } from '../../core/delivery/delivery-limits.ts';
import type { PeerStore } from './peer-store.ts';

/** Deals that somebody presented a grant of and that are remembered. */
const MAX_DEALS = 10_000;
/** A deal is looked at again after so long, because its pool is emptied by other peers too. */
const FRESH_MS = 5_000;

/** What the chain says. Fails with ChainError CHAIN_UNREACHABLE. */
export interface PoolReader {
  deal(dealId: DealId): Promise<DealView | undefined>;
  pool(dealId: DealId): Promise<Pick<PeerPoolRecord, 'fundedWei' | 'postedWei' | 'thawEndEpoch'>>;
}

interface PooledDeal {
  readonly deal: DealView;
  readonly state: 'active' | 'thawing';
  readonly thawEndEpoch: AllocationView['thawEndEpoch'];
  /** In the pool beyond what the last root promises. */
  readonly leftWei: bigint;
}

/**
 * The deals whose peer pools could pay this peer. It sees a pool as an allocation of bytes: as many as it serves at most
 * before a root covers them, and as the pool can pay at its ask. One byte counts as one wei there, because the rate of a
 * grant is the coordinator's.
 */
export class PeerDealDirectory implements DealDirectory {
  readonly #chain: PoolReader;
  readonly #store: Pick<PeerStore, 'account'>;
  readonly #askWeiPerGiB: () => bigint;
  readonly #known = new LRUCache<DealId, { readonly found: PooledDeal | undefined; readonly atMs: number }>({
    max: MAX_DEALS,
  });
  readonly #reading = new Map<DealId, Promise<PooledDeal | undefined>>();
  readonly #nowMs: () => number;

  constructor(
    components: {
      readonly chain: PoolReader;
      readonly store: Pick<PeerStore, 'account'>;
      readonly clock: { nowMs(): number };
    },
    options: { readonly askWeiPerGiB: () => bigint },
  ) {
    this.#chain = components.chain;
    this.#store = components.store;
    this.#nowMs = () => components.clock.nowMs();
    this.#askWeiPerGiB = options.askWeiPerGiB;
  }

  async deal(dealId: DealId): Promise<DealView | undefined> {
    return (await this.#find(dealId))?.deal;
  }

  async allocation(dealId: DealId): Promise<AllocationView | undefined> {
    const found = await this.#find(dealId);
    if (found === undefined || found.leftWei <= 0n) return undefined;
    const { state, thawEndEpoch, leftWei } = found;
    return {
      ...{ state, thawEndEpoch, isPeerPool: true },
      ratePerGiB: GIB_BYTES,
      balanceWei: least(BigInt(MAX_UNPAID_PEER_BYTES), this.#affordable(leftWei)),
      throughEpoch: this.#store.account(dealId).coveredThrough,
    };
  }

  #affordable(leftWei: bigint): bigint {
    const askWeiPerGiB = this.#askWeiPerGiB();
    if (askWeiPerGiB === 0n) return BigInt(MAX_UNPAID_PEER_BYTES);
    return bytesAffordable(leftWei, askWeiPerGiB);
  }

  /** What was known before is good while the chain is away. */
  async #find(dealId: DealId): Promise<PooledDeal | undefined> {
    const known = this.#known.get(dealId);
    if (known !== undefined && this.#nowMs() - known.atMs < FRESH_MS) return known.found;
    try {
      return await this.#refresh(dealId);
    } catch (error) {
      if (known === undefined) throw error;
      return known.found;
    }
  }

  #refresh(dealId: DealId): Promise<PooledDeal | undefined> {
    let reading = this.#reading.get(dealId);
    if (reading === undefined) {
      reading = this.#read(dealId).finally(() => this.#reading.delete(dealId));
      this.#reading.set(dealId, reading);
    }
    return reading;
  }

  async #read(dealId: DealId): Promise<PooledDeal | undefined> {
    const [deal, pool] = await Promise.all([this.#chain.deal(dealId), this.#chain.pool(dealId)]);
    const { fundedWei, postedWei, thawEndEpoch } = pool;
    const state = thawEndEpoch === undefined ? 'active' : 'thawing';
    const found =
      deal === undefined || fundedWei === 0n
        ? undefined
        : ({ deal, state, thawEndEpoch, leftWei: fundedWei - postedWei } as const);
    this.#known.set(dealId, { found, atMs: this.#nowMs() });
    return found;
  }
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
