/** Why nobody could be had to dial back. Codes are listed once and never reused. */
export type DialBackErrorCode = 'DIAL_BACK_MALFORMED' | 'DIAL_BACK_SILENT' | 'DIAL_BACK_UNREACHABLE';

/** A coded failure of dialling back with the values behind it. */
export class DialBackError extends Error {
  readonly code: DialBackErrorCode;
  readonly values: Readonly<Record<string, string>>;

  constructor(
    code: DialBackErrorCode,
    message: string,
    detail: { readonly values?: Readonly<Record<string, string>>; readonly cause?: unknown } = {},
  ) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'DialBackError';
    this.code = code;
    this.values = detail.values ?? {};
  }
}
