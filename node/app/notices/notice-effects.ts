import type { CID } from 'multiformats/cid';

import type { ContentNotice, SignedContentNotice } from '../../../sdk/protocol/content-notice.ts';
import { cidOfContentRoot } from '../../../sdk/protocol/content.ts';
import type { Address, ContentRoot, DealId } from '../../../sdk/protocol/identifiers.ts';
import type { OwnDeal } from '../../adapters/chain/cached-deal-directory.ts';
import type { BlockStore } from '../../adapters/disk/block-store.ts';
import type { NoticeStore } from '../../adapters/disk/notice-store.ts';
import { PathResolution } from '../../adapters/http/path-resolution.ts';
import { MAX_WAITING_NOTICES } from '../../core/notices/notice-limits.ts';
import type { Withdrawals } from '../../core/notices/withdrawals.ts';
import type { ContentTarget } from '../../core/storage/block-ports.ts';
import { storedSkeleton } from '../content/stored-skeleton.ts';
import { reportOf } from '../node-error.ts';
import type { NodeLog } from '../node-log.ts';
import { StoredAccess } from './stored-access.ts';

export interface NoticeEffectsParts {
  readonly store: BlockStore;
  readonly notices: NoticeStore;
  readonly withdrawals: Withdrawals;
  /** The deals of this node. */
  readonly own: () => readonly OwnDeal[];
  /** Ends filling and announcing under a deal, and its pin. */
  readonly letGo: (own: OwnDeal) => Promise<void>;
  /** Whether a content is filled from its publisher's origin, which has no inner nodes: these outlive a purge. */
  readonly hasOrigin: (root: ContentRoot) => Promise<boolean>;
  /** Told when copies were dropped: they may be looked for again. */
  readonly contentChanged: (root: ContentRoot) => void;
  readonly log: NodeLog;
}

/** Does what accepted notices say, one after the other, and the rest of what a fall cut short. */
export class NoticeEffects {
  readonly #parts: NoticeEffectsParts;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(parts: NoticeEffectsParts) {
    this.#parts = parts;
  }

  /** What the node obeyed before: contents stay withdrawn, and effects that a fall cut short are had again. */
  resume(publisherOf: (notice: ContentNotice) => Address | undefined): void {
    const { notices, withdrawals } = this.#parts;
    for (const { notice } of notices.takedowns()) withdrawals.add(notice.dealId, notice.contentRoot);
    for (const signed of notices.unapplied()) {
      const publisher = publisherOf(signed.notice);
      if (publisher !== undefined) this.begin(signed, publisher);
    }
  }

  /** Begins the effect of a notice; that of a takedown on grants is at once. */
  begin({ notice }: SignedContentNotice, publisher: Address): void {
    const { withdrawals, notices, log } = this.#parts;
    if (notice.kind === 'takedown') withdrawals.add(notice.dealId, notice.contentRoot);
    // What does not fit is not marked as done: the next start does it.
    if (this.#waiting >= MAX_WAITING_NOTICES) return;
    this.#waiting += 1;
    this.#last = this.#last
      .then(async () => {
        const removed = await this.#apply(notice, publisher);
        notices.markApplied(notice);
        const { kind, dealId, contentRoot, path, tag } = notice;
        log.info({ kind, dealId, contentRoot, path, tag, removed }, 'A notice of a publisher was obeyed');
      })
      .catch((error: unknown) => {
        const { code, message } = reportOf(error);
        log.error({ dealId: notice.dealId, code, reason: message }, 'A notice could not be obeyed');
      })
      .finally(() => (this.#waiting -= 1));
  }

  /** Resolves when all effects that were begun are over. */
  async idle(): Promise<void> {
    await this.#last;
  }

  /** @returns blocks that were removed */
  async #apply(notice: ContentNotice, publisher: Address): Promise<number> {
    switch (notice.kind) {
      case 'takedown':
        return this.#takeDown(notice);
      case 'tag':
        for (const target of this.#targetsOf([notice.contentRoot], publisher)) {
          this.#parts.store.tag(target, [notice.tag]);
        }
        return 0;
      case 'purge':
        return this.#purge(notice, publisher);
    }
  }

  async #takeDown({ dealId, contentRoot }: ContentNotice): Promise<number> {
    const { own, letGo, store, withdrawals } = this.#parts;
    const deals = own();
    const withdrawn = deals.find(({ deal }) => deal.dealId === dealId);
    if (withdrawn !== undefined) await letGo(withdrawn);
    const stored = store.contents().find(({ root }) => root === contentRoot);
    if (stored === undefined || !withdrawals.withholds(contentRoot, () => liveDeals(deals))) return 0;
    return store.purge(stored);
  }

  async #purge({ contentRoot, path, tag }: ContentNotice, publisher: Address): Promise<number> {
    const { store, contentChanged } = this.#parts;
    const roots = tag === '' ? [contentRoot] : store.tagged(tag);
    let removed = 0;
    for (const target of this.#targetsOf(roots, publisher)) {
      const below = path === '' ? undefined : await this.#resolve(target, path);
      if (path !== '' && below === undefined) continue;
      removed += await this.#dropCopies(target, below);
      contentChanged(target.root);
    }
    return removed;
  }

  async #dropCopies(target: ContentTarget, below: CID | undefined): Promise<number> {
    const { store, hasOrigin } = this.#parts;
    const kept = (await hasOrigin(target.root)) ? await storedSkeleton(target, (cid) => store.get(cid)) : [];
    const removed = await store.purge(target, below);
    for (const { cid, bytes } of kept) await store.put(target, cid, bytes);
    return removed;
  }

  /** Of these contents, those that this node keeps for deals of the publisher. */
  #targetsOf(roots: readonly ContentRoot[], publisher: Address): ContentTarget[] {
    const wanted = new Set(roots);
    const found = new Map<ContentRoot, ContentTarget>();
    for (const { deal } of this.#parts.own()) {
      if (deal.publisher !== publisher || !wanted.has(deal.contentRoot)) continue;
      found.set(deal.contentRoot, { root: deal.contentRoot, codec: deal.contentCodec });
    }
    return [...found.values()];
  }

  /** The node that a path of a content names, as far as its stored blocks tell; undefined when they do not. */
  async #resolve({ root, codec }: ContentTarget, path: string): Promise<CID | undefined> {
    const names = path.split('/').slice(1);
    const access = new StoredAccess(this.#parts.store);
    try {
      const { entity } = await new PathResolution().resolve(cidOfContentRoot(root, codec), names, access);
      return entity.cid;
    } catch (error) {
      const { code } = reportOf(error);
      this.#parts.log.info({ root, path, code }, 'The path of a purge names nothing that is stored');
      return undefined;
    }
  }
}

/** Deals under which content may be served. */
export function liveDeals(own: readonly OwnDeal[]): { dealId: DealId; contentRoot: ContentRoot }[] {
  return own
    .filter(({ deal, allocation }) => deal.state !== 'closed' && allocation.state !== 'released')
    .map(({ deal: { dealId, contentRoot } }) => ({ dealId, contentRoot }));
}
