import { TopicValidatorResult, type GossipSub } from '@chainsafe/libp2p-gossipsub';

import { MAX_SIGNED_NOTICE_BYTES } from '../../../sdk/protocol/content-notice.ts';
import type { Address } from '../../../sdk/protocol/identifiers.ts';
import type { Host } from './host.ts';

/** What becomes of a message: forwarded, held against the neighbour that sent it, or let lie. */
export type Verdict = 'accept' | 'reject' | 'ignore';

/** Judges a notice before it is forwarded, and begins its effect if it is good. Never rejects. */
export type JudgeNotice = (bytes: Uint8Array) => Promise<Verdict>;

const RESULTS: Readonly<Record<Verdict, TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  reject: TopicValidatorResult.Reject,
  ignore: TopicValidatorResult.Ignore,
};

/** Topic of signed takedown and purge notices in one network: chain and registry are in it, as in the ring's protocol name. */
export function noticeTopic(chainId: bigint, registry: Address): string {
  return `/bcdn/${chainId.toString()}/${registry}/takedowns/1`;
}

/** Notices of publishers over gossipsub: each is judged before it is forwarded. */
export class NoticeGossip {
  readonly #pubsub: GossipSub;
  readonly #judge: JudgeNotice;
  readonly #topic: string;

  constructor(
    components: { readonly host: Host; readonly judge: JudgeNotice },
    options: { readonly chainId: bigint; readonly registry: Address },
  ) {
    this.#pubsub = components.host.services.pubsub;
    this.#judge = components.judge;
    this.#topic = noticeTopic(options.chainId, options.registry);
  }

  /** Joins the topic. The host must be started. */
  start(): void {
    this.#pubsub.topicValidators.set(this.#topic, async (_peer, message) => {
      // Larger ones are none, and are not worth decoding.
      if (message.data.length > MAX_SIGNED_NOTICE_BYTES) return TopicValidatorResult.Reject;
      return RESULTS[await this.#judge(message.data)];
    });
    this.#pubsub.subscribe(this.#topic);
  }

  stop(): void {
    this.#pubsub.unsubscribe(this.#topic);
    this.#pubsub.topicValidators.delete(this.#topic);
  }

  /** Hands a signed notice, which the caller has judged, to everybody. @returns how many neighbours it was sent to */
  async publish(bytes: Uint8Array): Promise<number> {
    const { recipients } = await this.#pubsub.publish(this.#topic, bytes);
    return recipients.length;
  }
}
