import type { CID } from 'multiformats/cid';

import { domainOf } from '../../../sdk/chain/deployment.ts';
import { encodeSignedNotice } from '../../../sdk/protocol/content-notice.ts';
import type { ContentRoot, DealId } from '../../../sdk/protocol/identifiers.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { NoticeStore } from '../../adapters/disk/notice-store.ts';
import type { NoticeDoor } from '../../adapters/http/gateway-components.ts';
import { NoticeGossip } from '../../adapters/libp2p/gossip.ts';
import type { Host } from '../../adapters/libp2p/host.ts';
import type { DealDirectory } from '../../core/delivery/deal-directory.ts';
import { NoticeError } from '../../core/notices/notice-error.ts';
import { MAX_LISTED_TAKEDOWNS } from '../../core/notices/notice-limits.ts';
import { Withdrawals, withoutWithdrawn } from '../../core/notices/withdrawals.ts';
import type { ContentFilling } from '../content/content-filling.ts';
import type { Foundation } from '../foundation.ts';
import { reportOf } from '../node-error.ts';
import { NoticeDesk } from './notice-desk.ts';
import { liveDeals, NoticeEffects } from './notice-effects.ts';
import { missedTakedowns } from './missed-takedowns.ts';

/** What notices need of an edge that is in the ring. */
export interface NoticeTies {
  readonly host: Host;
  readonly filling: Pick<ContentFilling, 'letGo' | 'hasOrigin'>;
  readonly contentChanged: (root: ContentRoot) => void;
}

/** What a publisher can tell an edge about its content: heard by gossip and over HTTP, kept, obeyed, forwarded. */
export class NoticePlane {
  readonly withdrawals = new Withdrawals();
  readonly #foundation: Foundation;
  readonly #store: NoticeStore;
  readonly #desk: NoticeDesk;
  #effects: NoticeEffects | undefined;
  #gossip: NoticeGossip | undefined;

  /** Opens what was kept: contents that were taken down stay so from the first request on. @throws StorageError */
  constructor(foundation: Foundation) {
    const { config, clock, directory, reader } = foundation;
    this.#foundation = foundation;
    this.#store = new NoticeStore(config.dataDir.notices);
    for (const { notice } of this.#store.takedowns()) {
      this.withdrawals.add(notice.dealId, notice.contentRoot);
    }
    this.#desk = new NoticeDesk({
      domain: domainOf(config.deployment),
      secp256k1: nativeSecp256k1,
      clock,
      store: this.#store,
      dealOf: async (dealId) => directory.known(dealId)?.deal ?? (await reader.deal(dealId)),
      // Before the node is in the ring there is nothing to do it with: the store knows what is left to do.
      accepted: (signed, publisher) => this.#effects?.begin(signed, publisher),
    });
  }

  /** Where notices come in over HTTP. */
  readonly door: NoticeDoor = {
    take: async (bytes) => {
      try {
        await this.#desk.take(bytes);
      } catch (error) {
        if (error instanceof NoticeError && error.code === 'NOTICE_REPEATED') return 'known';
        throw error;
      }
      await this.#forward(bytes);
      return 'new';
    },
    takedowns: () => this.#store.takedowns(MAX_LISTED_TAKEDOWNS).map(encodeSignedNotice),
  };

  readonly isWithdrawn = (dealId: DealId): boolean => this.withdrawals.hasDeal(dealId);

  /** Whether the content of a grant was taken down, or a block belongs to one that was and to no other that this node may serve. */
  readonly withheld = (cid: CID, contentRoot: ContentRoot | undefined): boolean => {
    const { withdrawals } = this;
    if (withdrawals.size === 0) return false;
    const { blocks, directory } = this.#foundation;
    const withholds = (root: ContentRoot): boolean =>
      withdrawals.withholds(root, () => liveDeals(directory.own()));
    if (contentRoot !== undefined && withholds(contentRoot)) return true;
    const roots = blocks.contentsWith(cid);
    return roots.length > 0 && roots.every(withholds);
  };

  /** The deals as the desk is to see them. */
  dealsOf(deals: DealDirectory): DealDirectory {
    return withoutWithdrawn(deals, this.withdrawals);
  }

  /** Begins to hear and to obey; the node is in the ring and knows its deals. */
  start(ties: NoticeTies): void {
    const { blocks, directory, log, config } = this.#foundation;
    this.#effects = new NoticeEffects({
      store: blocks,
      notices: this.#store,
      withdrawals: this.withdrawals,
      own: () => directory.own(),
      letGo: (own) => ties.filling.letGo(own),
      hasOrigin: (root) => ties.filling.hasOrigin(root),
      contentChanged: ties.contentChanged,
      log,
    });
    this.#effects.resume(({ dealId }) => directory.known(dealId)?.deal.publisher);
    const { chainId, registry } = config.deployment;
    this.#gossip = new NoticeGossip(
      { host: ties.host, judge: (bytes) => this.#desk.judge(bytes) },
      { chainId, registry },
    );
    this.#gossip.start();
  }

  /** Asks some edges for takedowns of the own deals that this node missed while it was away. Never rejects. */
  async catchUp(signal: AbortSignal): Promise<void> {
    const { directory, registry, node, log } = this.#foundation;
    const edges = registry.activeEdges().filter(({ operator }) => operator !== node);
    const isOwn = (dealId: DealId): boolean => directory.known(dealId) !== undefined;
    for await (const bytes of missedTakedowns(edges, isOwn, signal)) {
      try {
        await this.#desk.take(bytes, { rationed: false });
      } catch (error) {
        const { code } = reportOf(error);
        if (code !== 'NOTICE_REPEATED') log.debug({ code }, 'A takedown of another edge was not taken');
      }
    }
  }

  /** Hears no more, and finishes what is under way. */
  async stop(): Promise<void> {
    this.#gossip?.stop();
    await this.#effects?.idle();
    this.#store.close();
  }

  async #forward(bytes: Uint8Array): Promise<void> {
    try {
      await this.#gossip?.publish(bytes);
    } catch (error) {
      const { code, message } = reportOf(error);
      this.#foundation.log.warn({ code, reason: message }, 'A notice could not be forwarded');
    }
  }
}
