/** Mistakes in how a command was called. Codes are listed once and never reused. */
export type CliErrorCode =
  | 'OPTION_MISSING'
  | 'OPTION_INVALID'
  | 'KEYSTORE_UNREADABLE'
  | 'PASSWORD_UNREADABLE'
  | 'PASSWORD_WRONG'
  | 'CONFIG_INVALID'
  | 'CONFIRMATION_NEEDED'
  | 'DEPLOYMENT_DIFFERS'
  | 'DEVNET_MISSING';

/** A mistake in how a command was called, and what to do about it. */
export class CliError extends Error {
  readonly code: CliErrorCode;
  readonly values: Readonly<Record<string, string>>;
  readonly remedy: string;

  constructor(
    code: CliErrorCode,
    message: string,
    detail: { readonly remedy: string; readonly values?: Record<string, string>; readonly cause?: unknown },
  ) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'CliError';
    this.code = code;
    this.values = detail.values ?? {};
    this.remedy = detail.remedy;
  }
}
