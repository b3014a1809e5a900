import {
  NOTICE_SKEW_SECONDS,
  NOTICE_VALIDITY_SECONDS,
  type ContentNotice,
} from '../../../sdk/protocol/content-notice.ts';
import type { Address } from '../../../sdk/protocol/identifiers.ts';
import type { DealView } from '../delivery/deal-directory.ts';
import { NoticeError } from './notice-error.ts';

/** Whether notices of this kind age: a takedown never does, so that who was away hears of it later. */
export function ages({ kind }: Pick<ContentNotice, 'kind'>): boolean {
  return kind !== 'takedown';
}

/** Refuses a notice by its time. */
export function refuseAge(notice: ContentNotice, nowSeconds: number): NoticeError | undefined {
  const issuedAt = Number(notice.issuedAt);
  const values = { issuedAt: notice.issuedAt, nowSeconds: Math.floor(nowSeconds) };
  if (issuedAt > nowSeconds + NOTICE_SKEW_SECONDS) {
    return new NoticeError('NOTICE_NOT_YET_VALID', 'The notice is dated in the future.', {
      values: { ...values, skewSeconds: NOTICE_SKEW_SECONDS },
      remedy: 'Check the clock of the machine that signed it.',
    });
  }
  if (!ages(notice) || issuedAt >= nowSeconds - NOTICE_VALIDITY_SECONDS) return undefined;
  return new NoticeError('NOTICE_EXPIRED', 'The notice is too old to be obeyed.', {
    values: { ...values, validitySeconds: NOTICE_VALIDITY_SECONDS },
    remedy: 'Sign a new one.',
  });
}

/** Refuses a notice that is not by the deal's publisher, or not about the deal's content. */
export function refuseAuthor(
  notice: ContentNotice,
  signer: Address | undefined,
  deal: Pick<DealView, 'publisher' | 'contentRoot'> | undefined,
): NoticeError | undefined {
  if (deal === undefined) {
    return new NoticeError('NOTICE_UNKNOWN_DEAL', 'The deal of the notice is not known.', {
      values: { dealId: notice.dealId },
      remedy: 'Check the deal and its chain, and try again when the deal is confirmed.',
    });
  }
  if (signer !== deal.publisher) {
    return new NoticeError('NOTICE_BAD_SIGNATURE', 'The notice is not signed by the publisher of the deal.', {
      values: { expected: deal.publisher, actual: signer ?? 'none' },
      remedy: 'Sign it with the key that opened the deal.',
    });
  }
  if (notice.contentRoot !== deal.contentRoot) {
    return new NoticeError('NOTICE_WRONG_CONTENT', 'The notice names another content than its deal.', {
      values: { expected: deal.contentRoot, actual: notice.contentRoot },
      remedy: 'Name the deal of the content, or the content of the deal.',
    });
  }
  return undefined;
}
