import { TopicValidatorResult, type GossipSub, type GossipsubMessage } from '@chainsafe/libp2p-gossipsub';

import { MAX_SIGNED_NOTICE_BYTES } from '../../../sdk/protocol/content-notice.ts';
import { RingError } from '../../core/one-hop-ring/ring-error.ts';
import type { Host } from './host.ts';
import {
  decodeDealAnnouncement,
  encodeDealAnnouncement,
  gossipTopics,
  type DealAnnouncement,
  type GossipTopics,
} from './gossip-topics.ts';
import type { Address } from '../../../sdk/protocol/identifiers.ts';

/** Listeners of one topic; more would be a leak. */
const MAX_LISTENERS = 16;

/** What becomes of a message: forwarded, held against the neighbour that sent it, or let lie. */
export type Verdict = 'accept' | 'reject' | 'ignore';

/** Judges a notice before it is forwarded, and begins its effect if it is good. Never rejects. */
export type JudgeNotice = (bytes: Uint8Array) => Promise<Verdict>;

const RESULTS: Readonly<Record<Verdict, TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  reject: TopicValidatorResult.Reject,
  ignore: TopicValidatorResult.Ignore,
};

export type DealListener = (announcement: DealAnnouncement) => void;

/** Typed announcements over gossipsub: encoded here, decoded and checked before anybody sees or forwards them. */
export class AnnouncementBus {
  readonly #pubsub: GossipSub;
  readonly #topics: GossipTopics;
  readonly #dealListeners = new Set<DealListener>();
  readonly #onMessage: (event: CustomEvent<GossipsubMessage>) => void;
  readonly #judgeNotice: JudgeNotice | undefined;
  #running = false;

  constructor(
    components: {
      readonly host: Host;
      /** @default notices are neither heard nor forwarded */
      readonly judgeNotice?: JudgeNotice;
    },
    options: { readonly chainId: bigint; readonly registry: Address },
  ) {
    this.#pubsub = components.host.services.pubsub;
    this.#judgeNotice = components.judgeNotice;
    this.#topics = gossipTopics(options.chainId, options.registry);
    this.#onMessage = (event) => {
      this.#deliver(event.detail);
    };
  }

  /** Joins the topics. The host must be started. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    const { deals } = this.#topics;
    this.#pubsub.topicValidators.set(deals, (_peer, message) =>
      decodeDealAnnouncement(message.data) === undefined
        ? TopicValidatorResult.Reject
        : TopicValidatorResult.Accept,
    );
    this.#pubsub.addEventListener('gossipsub:message', this.#onMessage);
    this.#pubsub.subscribe(deals);
    this.#hearNotices();
  }

  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#pubsub.unsubscribe(this.#topics.deals);
    this.#pubsub.removeEventListener('gossipsub:message', this.#onMessage);
    this.#pubsub.topicValidators.delete(this.#topics.deals);
    this.#dealListeners.clear();
    if (this.#judgeNotice === undefined) return;
    this.#pubsub.unsubscribe(this.#topics.takedowns);
    this.#pubsub.topicValidators.delete(this.#topics.takedowns);
  }

  /** Tells everybody in the network. @returns how many neighbours it was sent to */
  async publishDeal(announcement: DealAnnouncement): Promise<number> {
    const { recipients } = await this.#pubsub.publish(
      this.#topics.deals,
      encodeDealAnnouncement(announcement),
    );
    return recipients.length;
  }

  /** Hands a signed notice, which the caller has judged, to everybody. @returns how many neighbours it was sent to */
  async publishNotice(bytes: Uint8Array): Promise<number> {
    const { recipients } = await this.#pubsub.publish(this.#topics.takedowns, bytes);
    return recipients.length;
  }

  /**
   * Calls the listener for each deal that somebody announces.
   * @returns ends the subscription
   * @throws RingError RING_LISTENERS_FULL
   */
  onDeal(listener: DealListener): () => void {
    if (this.#dealListeners.size >= MAX_LISTENERS) {
      throw new RingError(
        'RING_LISTENERS_FULL',
        `An announcement bus serves at most ${MAX_LISTENERS} listeners.`,
        {
          max: MAX_LISTENERS,
        },
      );
    }
    this.#dealListeners.add(listener);
    return () => {
      this.#dealListeners.delete(listener);
    };
  }

  #hearNotices(): void {
    const judge = this.#judgeNotice;
    if (judge === undefined) return;
    const { takedowns } = this.#topics;
    this.#pubsub.topicValidators.set(takedowns, async (_peer, message) => {
      // Larger ones are none, and are not worth decoding.
      if (message.data.length > MAX_SIGNED_NOTICE_BYTES) return TopicValidatorResult.Reject;
      return RESULTS[await judge(message.data)];
    });
    this.#pubsub.subscribe(takedowns);
  }

  #deliver({ msg }: GossipsubMessage): void {
    const announcement = msg.topic === this.#topics.deals ? decodeDealAnnouncement(msg.data) : undefined;
    if (announcement === undefined) return;
    for (const listener of this.#dealListeners) listener(announcement);
  }
}
