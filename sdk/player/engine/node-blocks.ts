import type { CID } from 'multiformats/cid';

import { ClientError } from '../../client/client-error.ts';
import { FetchSession, type FetchComponents, type SessionOptions } from '../../client/fetch-session.ts';
import { MarketplaceApi } from '../../client/marketplace-api.ts';
import type { ReceiptWithGrant } from '../../protocol/receipt.ts';
import type { VerifiedBlocks } from './block-shelf.ts';
import type { ViewReport } from './view-report.ts';
import { ViewTotals } from './view-totals.ts';

/**
 * Blocks of one content from the network's nodes, by the SDK's fetch session. The session is opened when something is
 * asked for, ended when nothing was for a while, and replaced when its nodes are gone.
 */
export class NodeBlocks implements VerifiedBlocks {
  readonly totals = new ViewTotals();
  readonly #components: FetchComponents;
  readonly #options: SessionOptions;
  #opening: Promise<FetchSession> | undefined;
  #session: FetchSession | undefined;
  #dealId: FetchSession['dealId'] | undefined;
  #asked = 0;
  #usedAtMs: number;
  #settled = true;

  constructor(components: FetchComponents, options: SessionOptions) {
    this.#components = components;
    this.#options = options;
    this.#usedAtMs = components.clock.nowMs();
  }

  /** How long nothing has been asked for, milliseconds; 0 while something is under way. */
  get idleMs(): number {
    return this.#asked > 0 ? 0 : this.#components.clock.nowMs() - this.#usedAtMs;
  }

  /** The deal that pays, once one was found. */
  get dealId(): FetchSession['dealId'] | undefined {
    return this.#dealId ?? this.#options.dealId;
  }

  /** @throws ClientError as FetchSession.open and FetchSession.fetchBlock do */
  async fetch(cid: CID, maxBytes: number): Promise<Uint8Array> {
    this.#asked += 1;
    this.#settled = false;
    try {
      const session = await this.#open();
      try {
        return await session.fetchBlock(cid, maxBytes);
      } catch (error) {
        if (error instanceof ClientError && error.code === 'NO_SOURCES') await this.#end(session);
        throw error;
      }
    } finally {
      this.#asked -= 1;
      this.#usedAtMs = this.#components.clock.nowMs();
    }
  }

  abandon(cid: CID, reason: unknown): void {
    this.#session?.abandonBlock(cid, reason);
  }

  /** Delivers the receipts of what was fetched so far; once until something else is fetched. */
  async settle(): Promise<void> {
    if (this.#settled || this.#session === undefined) return;
    const outcomes = await this.#session.settle();
    if (outcomes === undefined) return;
    this.#settled = true;
    this.totals.confirmed(outcomes);
  }

  /** What would be lost if this thread ended now. */
  owed(): readonly ReceiptWithGrant[] {
    return this.#settled ? [] : (this.#session?.owedReceipts() ?? []);
  }

  /** Ends the session, if there is one, and delivers its last receipts. */
  async close(): Promise<void> {
    const opening = this.#opening;
    if (opening === undefined) return;
    let session: FetchSession;
    try {
      session = await opening;
    } catch {
      // Whoever asked for a block was told why it could not be opened.
      return;
    }
    await this.#end(session);
  }

  report(onOrigin: boolean): ViewReport {
    const session = this.#session;
    const at = { viewerKey: this.#viewerKey(), dealId: this.dealId, onOrigin };
    return this.totals.report(at, session, (node) => session?.regionOf(node));
  }

  /** Computed when it is first asked for: that takes longer than anything else here, and what comes first are requests. */
  #viewerKey(): string {
    this.#address ??= this.#components.secp256k1.addressOf(this.#options.viewerKey);
    return this.#address;
  }
  #address: string | undefined;

  #open(): Promise<FetchSession> {
    if (this.#opening !== undefined) return this.#opening;
    const opening = FetchSession.open(this.#components, this.#options).then((session) => {
      this.#session = session;
      this.#dealId = session.dealId;
      void this.#learnPrices(session);
      return session;
    });
    this.#opening = opening;
    // The next request tries again; those that wait are told.
    opening.catch(() => {
      if (this.#opening === opening) this.#opening = undefined;
    });
    return opening;
  }

  async #end(session: FetchSession): Promise<void> {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#opening = undefined;
    this.#settled = true;
    this.totals.confirmed(await session.close());
    this.totals.ended(session.report, (node) => session.regionOf(node));
  }

  async #learnPrices(session: FetchSession): Promise<void> {
    const { cid, marketplaceUrl, signal } = this.#options;
    try {
      const deals = await new MarketplaceApi(this.#components, marketplaceUrl).dealsOf(cid, signal);
      // Another deal may have to take over; where both have a node, that of now says its price.
      const others = deals.filter(({ dealId }) => dealId !== session.dealId);
      const own = deals.filter(({ dealId }) => dealId === session.dealId);
      for (const { node, ratePerGiB } of [...others, ...own].flatMap(({ allocations }) => allocations))
        if (ratePerGiB !== undefined) this.totals.priced(node, ratePerGiB);
    } catch {
      // Only what is shown as the price depends on it.
      return;
    }
  }
}
