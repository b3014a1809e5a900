import type { CID } from 'multiformats/cid';
import { hexToBytes } from '../../../sdk/protocol/bytes.ts';
import { contentRootOf } from '../../../sdk/protocol/content.ts';
import type { ContentRoot, DealId } from '../../../sdk/protocol/identifiers.ts';
import type { CachedDealDirectory, OwnDeal } from '../../adapters/chain/cached-deal-directory.ts';
import { pause } from '../../../sdk/pacing/pause.ts';
import type { BlockStore } from '../../adapters/disk/block-store.ts';
import type { BlockHolder } from '../../adapters/libp2p/block-exchange-client.ts';
import type { ContentTarget } from '../../core/storage/block-ports.ts';
import { NodeError, reportOf } from '../node-error.ts';
import type { NodeLog } from '../node-log.ts';
import type { OriginFill, OriginUse } from './origin-fill.ts';
import {
  closeSources,
  openSources,
  type BlockSource,
  type HolderExchange,
  type HolderSearch,
} from './block-sources.ts';

/** Blocks that one walk of the DAG names as missing. */
const MISSING_PER_WALK = 256;
/** Pause before a content that nobody could give is tried again; grows by half up to the second figure. */
const FIRST_PAUSE_MS = 200;
const MAX_PAUSE_MS = 5_000;
const PAUSE_GROWTH = 1.5;
/** Contents that are being filled at once. */
const MAX_FILLING = 2;

/** The ring as filling needs it. */
export interface ContentAnnouncer {
  provide(key: Uint8Array): Promise<void>;
  unprovide(key: Uint8Array): Promise<void>;
}

export interface ContentFillingParts {
  readonly store: BlockStore;
  readonly directory: Pick<CachedDealDirectory, 'own' | 'known'>;
  readonly exchange: HolderExchange;
  readonly holders: HolderSearch;
  readonly announcer: ContentAnnouncer;
  /** The publishers' origins, after every node. @default none are asked */
  readonly origin?: OriginFill | undefined;
  /** Deals whose content was taken down: it is not filled. @default none */
  readonly isWithdrawn?: ((dealId: DealId) => boolean) | undefined;
  /** Whether nothing is to be filled now. @default never */
  readonly isPaused?: (() => boolean) | undefined;
  readonly log: NodeLog;
}

/** Filling for one deal, under way. */
interface FillingJob {
  readonly done: Promise<void>;
  readonly stopping: AbortController;
}

/** What hinders a content from being complete. */
export interface FillingTrouble {
  readonly dealId: DealId;
  readonly code: string;
  readonly message: string;
}

/**
 * Sees to it that the content of every deal that allocates this node is stored, pinned and announced: fills it from the
 * other allocated nodes, as often as it takes.
 */
export class ContentFilling {
  readonly #parts: ContentFillingParts;
  readonly #jobs = new Map<DealId, FillingJob>();
  readonly #troubles = new Map<DealId, FillingTrouble>();
  readonly #waiting: (() => void)[] = [];
  #filling = 0;
  #stopping = new AbortController();

  constructor(parts: ContentFillingParts) {
    this.#parts = parts;
  }

  /** Whether a deal of this node has its content at an origin, too. */
  async hasOrigin(root: ContentRoot): Promise<boolean> {
    const { directory, origin } = this.#parts;
    for (const { deal } of directory.own()) {
      if (deal.contentRoot === root && (await origin?.isNamed(deal)) === true) return true;
    }
    return false;
  }

  /** Origins of publishers that were used. */
  origins(): OriginUse[] {
    return this.#parts.origin?.uses() ?? [];
  }

  /** Bytes fetched from origins since the node started. */
  get originBytes(): number {
    return this.#parts.origin?.fetchedBytes ?? 0;
  }

  /** What is not complete, and why. */
  troubles(): FillingTrouble[] {
    return [...this.#troubles.values()];
  }

  /** Brings the store in line with what the chain says about a deal. Returns at once; the work goes on by itself. */
  attend(own: OwnDeal): void {
    const { dealId } = own.deal;
    if (!this.#wants(own)) {
      void this.letGo(own).catch((error: unknown) =>
        this.#parts.log.error({ dealId, error }, 'Content not let go'),
      );
      return;
    }
    if (this.#jobs.has(dealId) || this.#stopping.signal.aborted) return;
    if (this.#parts.isPaused?.() === true) return;
    const stopping = new AbortController();
    const signal = AbortSignal.any([this.#stopping.signal, stopping.signal]);
    const done = this.#obtain(own, signal)
      .catch((error: unknown) => {
        if (!signal.aborted) this.#parts.log.error({ dealId, error }, 'Content could not be filled');
      })
      .finally(() => this.#jobs.delete(dealId));
    this.#jobs.set(dealId, { done, stopping });
  }

  /** Announces a content that a publisher has just pushed. */
  async announce(root: ContentRoot): Promise<void> {
    await this.#parts.announcer.provide(hexToBytes(root, 32));
  }

  /**
   * Fetches one missing block for a client who waits: from the nearest that may have it, a sibling of the own
   * cooperation group as a rule, else from any holder that the ring knows, else from the publisher's origin.
   *
   * @throws NodeError CONTENT_UNAVAILABLE when no holder gives it; OriginError when the origin does not either
   */
  async fillBlock(cid: CID, contentRoot: ContentRoot | undefined, signal: AbortSignal): Promise<void> {
    const own = this.#dealWith(cid, contentRoot);
    if (own === undefined) return;
    // A content that was purged is filled again from its first request on.
    if (!this.#parts.store.isComplete(own.deal.contentRoot)) this.attend(own);
    const { origin } = this.#parts;
    const comes = origin?.isUnderWay(own.deal, cid) === true;
    if (comes && (await origin.fetch(own.deal, cid, signal).catch(() => false))) return;
    signal.throwIfAborted();
    const asked = new Set<string>();
    for (const wanted of [1, Infinity]) {
      const holders = await this.#parts.holders.find(hexToBytes(own.deal.contentRoot, 32), wanted);
      const fresh = holders.filter(({ peerId }) => !asked.has(peerId));
      for (const { peerId } of fresh) asked.add(peerId);
      if (await this.#fetchFromAny(own, cid, { holders: fresh, signal })) return;
    }
    if ((await origin?.fetch(own.deal, cid, signal)) === true) return;
    throw unavailable(own.deal.dealId, asked.size);
  }

  /** Ends all jobs for now; what they have stored stays, and `attend` begins them again. */
  async pause(): Promise<void> {
    const jobs = [...this.#jobs.values()];
    for (const { stopping } of jobs) stopping.abort();
    for (const go of this.#waiting.splice(0)) go();
    await Promise.all(jobs.map(({ done }) => done));
  }

  /** Ends all jobs; what they have stored stays. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const go of this.#waiting.splice(0)) go();
    await this.#parts.origin?.stop();
    await Promise.all([...this.#jobs.values()].map(({ done }) => done));
  }

  /** Ends filling for a deal, its pin, and its announcement unless another deal wants the content. */
  async letGo({ deal }: OwnDeal): Promise<void> {
    const { store, announcer } = this.#parts;
    const job = this.#jobs.get(deal.dealId);
    job?.stopping.abort();
    for (const go of this.#waiting.splice(0)) go();
    await job?.done;
    this.#troubles.delete(deal.dealId);
    const content = store.contents().find(({ root }) => root === deal.contentRoot);
    if (content?.pinnedBy.includes(deal.dealId) !== true) return;
    store.unpin(deal.contentRoot, deal.dealId);
    const stillPinned = content.pinnedBy.length > 1;
    if (!stillPinned) await announcer.unprovide(hexToBytes(deal.contentRoot, 32));
  }

  async #obtain(own: OwnDeal, signal: AbortSignal): Promise<void> {
    const { store, log } = this.#parts;
    const { dealId, contentRoot } = own.deal;
    const target = targetOf(own);
    let pauseMs = FIRST_PAUSE_MS;
    while (!signal.aborted && !store.isComplete(contentRoot)) {
      try {
        await this.#inTurn(signal, () => this.#fill(own, target, signal));
        pauseMs = FIRST_PAUSE_MS;
      } catch (error) {
        if (signal.aborted) return;
        const { code, message } = reportOf(error);
        if (!this.#troubles.has(dealId)) log.info({ dealId, code, reason: message }, 'Waiting for content');
        this.#troubles.set(dealId, { dealId, code, message });
        await pause(pauseMs, signal);
        pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * PAUSE_GROWTH);
        if (!this.#stillWanted(dealId)) return;
      }
    }
    if (signal.aborted) return;
    store.pin(target, dealId);
    this.#troubles.delete(dealId);
    await this.announce(contentRoot);
    log.info({ dealId, contentRoot }, 'Content complete and announced');
  }

  #stillWanted(dealId: DealId): boolean {
    const own = this.#parts.directory.known(dealId);
    return own !== undefined && this.#wants(own);
  }

  #wants({ deal, allocation }: OwnDeal): boolean {
    if (this.#parts.isWithdrawn?.(deal.dealId) === true) return false;
    return deal.state !== 'closed' && allocation.state !== 'released';
  }

  async #inTurn(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    while (this.#filling >= MAX_FILLING) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      signal.throwIfAborted();
    }
    this.#filling += 1;
    try {
      await work();
    } finally {
      this.#filling -= 1;
      this.#waiting.shift()?.();
    }
  }

  /** Fetches what is missing, as much as one turn may take: a long file of an origin takes many. */
  async #fill(own: OwnDeal, target: ContentTarget, signal: AbortSignal): Promise<void> {
    const { store, exchange } = this.#parts;
    const holders = await this.#parts.holders.find(hexToBytes(own.deal.contentRoot, 32), Infinity);
    if (store.isComplete(own.deal.contentRoot)) return;
    const sources = await openSources(exchange, holders, signal);
    try {
      // Filling begins only when there is somebody to fill from: an upload may bring the content meanwhile.
      if (sources.length === 0) throw unavailable(own.deal.dealId, holders.length);
      store.pin(target, own.deal.dealId);
      await this.#fetchAll(own, target, { sources, signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof NodeError) || error.code !== 'CONTENT_UNAVAILABLE') throw error;
      if (!(await this.#fillFromOrigin(own, error, signal))) return;
    } finally {
      await closeSources(sources);
    }
    await store.complete(target);
  }

  /** @returns whether the content seems whole now @throws the given error if there is no origin; OriginError */
  async #fillFromOrigin(
    own: OwnDeal,
    unavailableElsewhere: NodeError,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { store, origin } = this.#parts;
    if (origin === undefined || !(await origin.isNamed(own.deal))) throw unavailableElsewhere;
    store.pin(targetOf(own), own.deal.dealId);
    return (await origin.fill(own.deal, signal)) === 'whole';
  }

  async #fetchAll(
    own: OwnDeal,
    target: ContentTarget,
    from: { sources: readonly BlockSource[]; signal: AbortSignal },
  ): Promise<void> {
    for (;;) {
      const missing = await this.#parts.store.missing(target, MISSING_PER_WALK);
      if (missing.length === 0) return;
      const queue = [...missing];
      let fetched = 0;
      await Promise.all(
        from.sources.map(async (source) => {
          for (let cid = queue.shift(); cid !== undefined; cid = queue.shift()) {
            const stored = await this.#fetchInto(own, cid, { source, signal: from.signal });
            if (stored) fetched += 1;
            else {
              queue.push(cid);
              return;
            }
          }
        }),
      );
      if (fetched === 0) throw unavailable(own.deal.dealId, from.sources.length);
    }
  }

  /** Whether the source gave the block, and it was the right one. Errors of the own disk are thrown. */
  async #fetchInto(
    own: OwnDeal,
    cid: CID,
    from: { source: BlockSource; signal: AbortSignal },
  ): Promise<boolean> {
    const { store, log } = this.#parts;
    const { holder, conversation } = from.source;
    try {
      const block = await conversation.fetch({ dealId: own.deal.dealId, cid }, from.signal);
      if (block === undefined) {
        this.#parts.holders.refused(holder, hexToBytes(own.deal.contentRoot, 32));
        return false;
      }
      if (!this.#wants(own)) return false;
      await store.put(targetOf(own), cid, block);
      return true;
    } catch (error) {
      from.signal.throwIfAborted();
      const { code, message } = reportOf(error);
      if (!code.startsWith('BLOCK_')) throw error;
      log.warn(
        { peerId: holder.peerId, cid: cid.toString(), code, reason: message },
        'A holder gave no good block',
      );
      return false;
    }
  }

  /** Whether one of the holders gave the block. */
  async #fetchFromAny(
    own: OwnDeal,
    cid: CID,
    from: { readonly holders: readonly BlockHolder[]; readonly signal: AbortSignal },
  ): Promise<boolean> {
    const sources = await openSources(this.#parts.exchange, from.holders, from.signal);
    try {
      for (const source of sources) {
        if (await this.#fetchInto(own, cid, { source, signal: from.signal })) return true;
      }
      return false;
    } finally {
      await closeSources(sources);
    }
  }

  #dealWith(cid: CID, contentRoot: ContentRoot | undefined): OwnDeal | undefined {
    const { directory, store } = this.#parts;
    const root = contentRoot ?? contentRootOf(cid);
    const active = directory
      .own()
      .filter(
        ({ deal, allocation }) =>
          allocation.state !== 'released' && this.#parts.isWithdrawn?.(deal.dealId) !== true,
      );
    const named = active.find(({ deal }) => deal.contentRoot === root);
    if (named !== undefined || contentRoot !== undefined) return named;
    return active.find(({ deal }) => store.contains(deal.contentRoot, cid));
  }
}

function targetOf({ deal }: OwnDeal): ContentTarget {
  return { root: deal.contentRoot, codec: deal.contentCodec };
}

function unavailable(dealId: DealId, holders: number): NodeError {
  return new NodeError('CONTENT_UNAVAILABLE', {
    message: 'No reachable node gave the missing blocks.',
    remedy: 'The publisher uploads the content to one of the allocated nodes; the others fill from it.',
    values: { dealId, holders },
  });
}
