import { LRUCache } from 'lru-cache';

import type { DealRecord } from '../../../sdk/chain/deals.ts';
import type { PeerPoolRecord } from '../../../sdk/chain/peer-pool.ts';
import { epochAt } from '../../../sdk/protocol/epoch.ts';
import { parseEpoch, type DealId } from '../../../sdk/protocol/identifiers.ts';
import { GIB_BYTES } from '../../../sdk/protocol/limits.ts';
import type { AllocationView, DealDirectory, DealView } from '../../core/delivery/deal-directory.ts';
import { CARRIAGE_MEMORY_EPOCHS } from '../../core/carriage/carriage-limits.ts';

/** Deals that somebody presented a grant of and that are remembered. */
const MAX_DEALS = 10_000;
/** A deal is looked at again after so long: its pool may have been taken back. */
const FRESH_MS = 5_000;
/** Carriage is bounded by caps, not by money: more than any cap costs at a wei a byte. */
const BOUNDLESS_WEI = 2n ** 100n;

/** What the chain says. Fails with ChainError CHAIN_UNREACHABLE. */
export interface PooledDealReader {
  deal(dealId: DealId): Promise<DealRecord | undefined>;
  pool(dealId: DealId): Promise<Pick<PeerPoolRecord, 'fundedWei' | 'thawEndEpoch'>>;
}

interface Options {
  readonly epochSeconds: number;
}

/**
 * The deals whose contents this edge carries: those that are open and whose peers are paid (node/core/carriage/SPEC.md,
 * rules 1 and 2). What signs grants there is the deal's collector key.
 */
export class CarriageDeals implements DealDirectory {
  readonly #chain: PooledDealReader;
  readonly #clock: { nowMs(): number };
  readonly #options: Options;
  readonly #known = new LRUCache<DealId, { readonly deal: DealView | null; readonly atMs: number }>({
    max: MAX_DEALS,
  });
  readonly #reading = new Map<DealId, Promise<DealView | undefined>>();

  /** @param components.clock that counts epochs */
  constructor(
    components: { readonly chain: PooledDealReader; readonly clock: { nowMs(): number } },
    options: Options,
  ) {
    this.#chain = components.chain;
    this.#clock = components.clock;
    this.#options = options;
  }

  async deal(dealId: DealId): Promise<DealView | undefined> {
    const known = this.#known.get(dealId);
    if (known !== undefined && this.#clock.nowMs() - known.atMs < FRESH_MS) return known.deal ?? undefined;
    let reading = this.#reading.get(dealId);
    if (reading === undefined) {
      reading = this.#read(dealId).finally(() => this.#reading.delete(dealId));
      this.#reading.set(dealId, reading);
    }
    return reading;
  }

  async allocation(dealId: DealId): Promise<AllocationView | undefined> {
    if ((await this.deal(dealId)) === undefined) return undefined;
    const now = epochAt(this.#clock.nowMs() / 1000, this.#options.epochSeconds);
    return {
      ...{ state: 'active', isPeerPool: true, ratePerGiB: GIB_BYTES, balanceWei: BOUNDLESS_WEI },
      throughEpoch: parseEpoch(Math.max(0, now - CARRIAGE_MEMORY_EPOCHS)),
    };
  }

  async #read(dealId: DealId): Promise<DealView | undefined> {
    const [deal, pool] = await Promise.all([this.#chain.deal(dealId), this.#chain.pool(dealId)]);
    const isCarried = deal?.state === 'open' && pool.fundedWei > 0n && pool.thawEndEpoch === undefined;
    const view = isCarried ? viewOf(dealId, deal) : undefined;
    this.#known.set(dealId, { deal: view ?? null, atMs: this.#clock.nowMs() });
    return view;
  }
}

function viewOf(dealId: DealId, deal: DealRecord): DealView {
  const { state, publisher, contentRoot, contentCodec, collector, previousKeys } = deal;
  const view = { dealId, state, publisher, contentRoot, contentCodec, grantKey: collector };
  if (previousKeys === undefined) return view;
  const { collector: address, keyLastEpoch: lastEpoch } = previousKeys;
  return { ...view, previousGrantKey: { address, lastEpoch } };
}
