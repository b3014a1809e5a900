import { createStore, del, entries, set, type UseStore } from 'idb-keyval';
import { z } from 'zod';

import { MarketplaceApi } from '../../client/marketplace-api.ts';
import type { CallComponents } from '../../client/json-call.ts';
import { base64UrlDecode, base64UrlEncode } from '../../protocol/bytes.ts';
import {
  decodeReceiptsWithGrants,
  encodeReceiptsWithGrants,
  type ReceiptWithGrant,
} from '../../protocol/receipt.ts';
import { MAX_OWED_AGE_MS, MAX_OWED_ENTRIES } from '../player-limits.ts';

const DATABASE = 'bcdn-receipts';
const LOCK_PREFIX = 'bcdn-view-';

const entrySchema = z.object({
  marketplaceUrl: z.string().max(2_048),
  receipts: z.string().max(1_048_576),
  atMs: z.number().nonnegative(),
});

/**
 * Signed receipts that no node has acknowledged, written down while a page is open: a closed tab or a worker that the
 * browser ends owes its nodes something, and the next page or worker of the same site hands it to the coordinator.
 */
export class OwedReceipts {
  readonly #store: UseStore;
  readonly #id: string;
  readonly #components: CallComponents;
  #written = '';
  #release: () => void = () => undefined;

  /** @param id of this view, random */
  constructor(components: CallComponents, id: string) {
    this.#components = components;
    this.#id = id;
    this.#store = createStore(DATABASE, 'owed');
  }

  /** Says that this view is alive, so that nobody else delivers what it will deliver itself. */
  async start(): Promise<void> {
    const held = Promise.withResolvers<void>();
    const ends = Promise.withResolvers<void>();
    this.#release = ends.resolve;
    const request = navigator.locks.request(LOCK_PREFIX + this.#id, () => {
      held.resolve();
      return ends.promise;
    });
    // A page that goes away while it waits for its lock has nothing to do any more.
    request.catch(held.resolve);
    await held.promise;
  }

  stop(): void {
    this.#release();
  }

  /** Writes down what is owed now; nothing owed removes the entry. */
  async keep(marketplaceUrl: string, owed: readonly ReceiptWithGrant[]): Promise<void> {
    const receipts = owed.length === 0 ? '' : base64UrlEncode(encodeReceiptsWithGrants(owed));
    if (receipts === this.#written) return;
    this.#written = receipts;
    if (receipts === '') await del(this.#id, this.#store);
    else {
      const atMs = this.#components.clock.nowMs();
      await set(this.#id, { marketplaceUrl, receipts, atMs }, this.#store);
    }
  }

  /** Hands over what views that are gone have left. @returns receipts that the coordinator took */
  async deliverOthers(): Promise<number> {
    let taken = 0;
    for (const [id, value] of (await entries(this.#store)).slice(0, MAX_OWED_ENTRIES)) {
      if (typeof id !== 'string' || id === this.#id) continue;
      const count = await navigator.locks.request(LOCK_PREFIX + id, { ifAvailable: true }, (lock) =>
        lock === null ? 0 : this.#deliver(id, value),
      );
      taken += count;
    }
    return taken;
  }

  async #deliver(id: string, value: unknown): Promise<number> {
    const entry = entrySchema.safeParse(value);
    const old = this.#components.clock.nowMs() - MAX_OWED_AGE_MS;
    if (!entry.success || entry.data.atMs < old) {
      await del(id, this.#store);
      return 0;
    }
    const { marketplaceUrl, receipts } = entry.data;
    const pairs = decodeReceiptsWithGrants(base64UrlDecode(receipts));
    const taken = await new MarketplaceApi(this.#components, marketplaceUrl).deliverReceipts(pairs);
    await del(id, this.#store);
    return taken.length;
  }
}
