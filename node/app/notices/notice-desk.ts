import { LRUCache } from 'lru-cache';

import {
  contentNoticeDigest,
  decodeSignedNotice,
  type ContentNotice,
  type SignedContentNotice,
} from '../../../sdk/protocol/content-notice.ts';
import type { Domain } from '../../../sdk/protocol/eip712.ts';
import { ProtocolError } from '../../../sdk/protocol/errors.ts';
import type { Address, DealId } from '../../../sdk/protocol/identifiers.ts';
import type { Secp256k1 } from '../../../sdk/protocol/signature.ts';
import type { Clock } from '../../adapters/clock/system-clock.ts';
import type { NoticeStore } from '../../adapters/disk/notice-store.ts';
import type { DealView } from '../../core/delivery/deal-directory.ts';
import { refuseAge, refuseAuthor } from '../../core/notices/notice-admission.ts';
import { NoticeError } from '../../core/notices/notice-error.ts';
import { MAX_NOTED_DEALS, PUBLISHER_NOTICES, UNKNOWN_DEALS } from '../../core/notices/notice-limits.ts';
import { SearchBudget } from '../../core/storage/search-budget.ts';

type DealFacts = Pick<DealView, 'publisher' | 'contentRoot'>;

export interface NoticeDeskParts {
  readonly domain: Domain;
  readonly secp256k1: Secp256k1;
  readonly clock: Clock;
  readonly store: NoticeStore;
  /** A deal of any node, from memory or from the chain. @throws ChainError when the chain is away */
  readonly dealOf: (dealId: DealId) => Promise<DealFacts | undefined>;
  /** Begins the effect of an accepted notice. */
  readonly accepted: (signed: SignedContentNotice, publisher: Address) => void;
}

/** What becomes of a notice that a neighbour forwarded: obeyed and forwarded, held against the neighbour, or let lie. */
export type NoticeVerdict = 'accept' | 'reject' | 'ignore';

/** Where every notice comes in, by whatever way: nothing is obeyed or forwarded that was not checked here. */
export class NoticeDesk {
  readonly #parts: NoticeDeskParts;
  /** Publisher and content of a deal never change. */
  readonly #deals = new LRUCache<DealId, DealFacts>({ max: MAX_NOTED_DEALS });
  readonly #publishers = new SearchBudget(PUBLISHER_NOTICES);
  readonly #unknown = new SearchBudget(UNKNOWN_DEALS);

  constructor(parts: NoticeDeskParts) {
    this.#parts = parts;
  }

  /**
   * Takes a signed notice: checked, kept, and its effect begun.
   * @param options.rationed whether it counts against the notices that its publisher may send. @default true
   * @throws ProtocolError for what is no notice; NoticeError; ChainError when the chain is needed and away
   */
  async take(
    bytes: Uint8Array,
    { rationed = true }: { readonly rationed?: boolean } = {},
  ): Promise<SignedContentNotice> {
    const signed = decodeSignedNotice(bytes);
    const { notice } = signed;
    const { store, clock } = this.#parts;
    const nowMs = clock.nowMs();
    throwIf(refuseAge(notice, nowMs / 1_000));
    if (store.has(notice)) throw repeated(notice);
    const signer = this.#signerOf(signed);
    const deal = await this.#dealOf(notice.dealId, nowMs);
    throwIf(refuseAuthor(notice, signer, deal));
    if (signer === undefined) throw tooMany(signer);
    if (rationed && this.#publishers.take(signer, nowMs) === undefined) throw tooMany(signer);
    store.add(signed, nowMs / 1_000);
    this.#parts.accepted(signed, signer);
    return signed;
  }

  /** The same for a notice that came by gossip. Never rejects. */
  async judge(bytes: Uint8Array): Promise<NoticeVerdict> {
    try {
      await this.take(bytes);
      return 'accept';
    } catch (error) {
      const forged = error instanceof ProtocolError || (error instanceof NoticeError && error.isForgery);
      return forged ? 'reject' : 'ignore';
    }
  }

  #signerOf({ notice, signature }: SignedContentNotice): Address | undefined {
    const { domain, secp256k1 } = this.#parts;
    try {
      return secp256k1.recover(contentNoticeDigest(domain, notice), signature);
    } catch {
      // No key has made it: refused as that of a stranger.
      return undefined;
    }
  }

  async #dealOf(dealId: DealId, nowMs: number): Promise<DealFacts | undefined> {
    const known = this.#deals.get(dealId);
    if (known !== undefined) return known;
    const leave = this.#unknown.take('deals', nowMs);
    if (leave === undefined) throw tooMany(undefined);
    const deal = await this.#parts.dealOf(dealId);
    if (deal === undefined) return undefined;
    leave.found();
    const { publisher, contentRoot } = deal;
    this.#deals.set(dealId, { publisher, contentRoot });
    return { publisher, contentRoot };
  }
}

function throwIf(refusal: NoticeError | undefined): void {
  if (refusal !== undefined) throw refusal;
}

function repeated({ dealId, sequence }: ContentNotice): NoticeError {
  return new NoticeError('NOTICE_REPEATED', 'The notice is known already.', {
    values: { dealId, sequence },
    remedy: 'Use another sequence number for another notice.',
  });
}

function tooMany(publisher: Address | undefined): NoticeError {
  return new NoticeError('NOTICES_TOO_MANY', 'More notices came than the node takes.', {
    values: { perSecond: PUBLISHER_NOTICES.perSecond, ...(publisher === undefined ? {} : { publisher }) },
    remedy: 'Wait a minute, and purge many contents at once by a tag.',
  });
}
