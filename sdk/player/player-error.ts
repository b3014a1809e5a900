/** Every failure of viewing that the SDK does not word already. Codes are listed once and never reused. */
export type PlayerErrorCode =
  | 'ENGINE_CLOSED'
  | 'ENGINE_MESSAGE_INVALID'
  | 'SETTINGS_INVALID'
  | 'MEDIA_UNSUPPORTED'
  | 'MEDIA_INVALID'
  | 'MEDIA_FAILED'
  | 'TOO_LARGE'
  | 'ORIGIN_UNUSABLE'
  | 'ORIGIN_UNVERIFIED'
  | 'RANGE_UNSATISFIABLE';

/** What explains a failure beside its code. */
export interface PlayerErrorDetails {
  readonly values?: Readonly<Record<string, string | number | boolean>>;
  /** What to do about it, in one sentence. */
  readonly remedy: string;
  readonly cause?: unknown;
}

/** A failure to view. Programs match on `code`, people read message and remedy. */
export class PlayerError extends Error {
  readonly code: PlayerErrorCode;
  readonly values: Readonly<Record<string, string | number | boolean>>;
  readonly remedy: string;

  constructor(code: PlayerErrorCode, message: string, details: PlayerErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'PlayerError';
    this.code = code;
    this.values = details.values ?? {};
    this.remedy = details.remedy;
  }
}
