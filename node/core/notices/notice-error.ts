import type { ErrorValues } from '../../../sdk/protocol/errors.ts';

/** Why a node does not obey a notice. Listed once, stable, never reused. */
export type NoticeErrorCode =
  | 'NOTICE_BAD_SIGNATURE'
  | 'NOTICE_WRONG_CONTENT'
  | 'NOTICE_UNKNOWN_DEAL'
  | 'NOTICE_EXPIRED'
  | 'NOTICE_NOT_YET_VALID'
  | 'NOTICE_REPEATED'
  | 'NOTICES_TOO_MANY'
  | 'NOTICES_FULL';

/** What nobody makes by mistake, or because it knows less of the chain: whoever forwarded it did not check. */
const FORGERIES: ReadonlySet<NoticeErrorCode> = new Set(['NOTICE_BAD_SIGNATURE', 'NOTICE_WRONG_CONTENT']);

/** A refusal with what was expected, what came, and what would satisfy the rule. */
export class NoticeError extends Error {
  readonly code: NoticeErrorCode;
  readonly values: ErrorValues;
  /** One sentence for the publisher. */
  readonly remedy: string;

  constructor(code: NoticeErrorCode, message: string, details: { values?: ErrorValues; remedy: string }) {
    super(message);
    this.name = 'NoticeError';
    this.code = code;
    this.values = details.values ?? {};
    this.remedy = details.remedy;
  }

  get isForgery(): boolean {
    return FORGERIES.has(this.code);
  }
}
