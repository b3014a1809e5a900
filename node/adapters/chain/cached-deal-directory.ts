import { LRUCache } from 'lru-cache';
import type { Address, DealId } from '../../../sdk/protocol/identifiers.ts';
import type { AllocationView, DealDirectory, DealView } from '../../core/delivery/deal-directory.ts';
import type { AllocationState, ChainReader } from './chain-reader.ts';

/** Deals of this node that are kept; more would be more than one node can hold the content of. */
const MAX_OWN_DEALS = 100_000;
/** Deals of others that somebody asked for and that are remembered for a moment. */
const MAX_STRANGER_DEALS = 10_000;
/** A deal that allocates nothing to this node is looked up again after so long. */
const STRANGER_TTL_MS = 2_000;
/** Whether another node is allocated in a deal is looked up again after so long. */
const SIBLING_TTL_MS = 10_000;

/** A deal that allocates, or allocated, something to this node. */
export interface OwnDeal {
  readonly deal: DealView;
  readonly allocation: AllocationState;
}

/**
 * The deals of this node, kept in memory. Known ones are answered from memory and refreshed when the chain says that
 * they changed, so serving goes on while the chain is away; unknown ones are read on demand.
 */
export class CachedDealDirectory implements DealDirectory {
  readonly #reader: ChainReader;
  readonly #node: Address;
  readonly #own = new Map<DealId, OwnDeal>();
  readonly #reading = new Map<DealId, Promise<OwnDeal | undefined>>();
  readonly #strangers = new LRUCache<DealId, true>({ max: MAX_STRANGER_DEALS, ttl: STRANGER_TTL_MS });
  readonly #siblings = new LRUCache<string, boolean>({ max: MAX_STRANGER_DEALS, ttl: SIBLING_TTL_MS });

  constructor(components: { reader: ChainReader }, options: { node: Address }) {
    this.#reader = components.reader;
    this.#node = options.node;
  }

  async deal(dealId: DealId): Promise<DealView | undefined> {
    return (await this.#find(dealId))?.deal;
  }

  async allocation(dealId: DealId): Promise<AllocationView | undefined> {
    return (await this.#find(dealId))?.allocation;
  }

  /** A deal of this node as last read, without asking the chain. */
  known(dealId: DealId): OwnDeal | undefined {
    return this.#own.get(dealId);
  }

  /** Every deal of this node. */
  own(): OwnDeal[] {
    return [...this.#own.values()];
  }

  /** Reads a deal again. @throws ChainError when the chain is away; what is known stays */
  refresh(dealId: DealId): Promise<OwnDeal | undefined> {
    let reading = this.#reading.get(dealId);
    if (reading === undefined) {
      reading = this.#read(dealId).finally(() => this.#reading.delete(dealId));
      this.#reading.set(dealId, reading);
    }
    return reading;
  }

  /** Whether another node is allocated in a deal of this node and may thus have its blocks. */
  async isSibling(dealId: DealId, operator: Address): Promise<boolean> {
    if ((await this.#find(dealId)) === undefined) return false;
    const key = `${dealId}${operator}`;
    const known = this.#siblings.get(key);
    if (known !== undefined) return known;
    const allocation = await this.#reader.allocation(dealId, operator);
    const allocated = allocation?.state === 'active' || allocation?.state === 'thawing';
    this.#siblings.set(key, allocated);
    return allocated;
  }

  async #find(dealId: DealId): Promise<OwnDeal | undefined> {
    const known = this.#own.get(dealId);
    if (known !== undefined) return known;
    return this.#strangers.has(dealId) ? undefined : this.refresh(dealId);
  }

  async #read(dealId: DealId): Promise<OwnDeal | undefined> {
    const [deal, allocation] = await Promise.all([
      this.#reader.deal(dealId),
      this.#reader.allocation(dealId, this.#node),
    ]);
    if (deal === undefined || allocation === undefined) {
      this.#strangers.set(dealId, true);
      return undefined;
    }
    this.#strangers.delete(dealId);
    const own = { deal, allocation };
    if (this.#own.size < MAX_OWN_DEALS || this.#own.has(dealId)) this.#own.set(dealId, own);
    return own;
  }
}
