/** Everything that can go wrong with the operator's keys. Codes are listed once and never reused. */
export type KeystoreErrorCode =
  | 'KEY_DERIVATION_FAILED'
  | 'KEYSTORE_EXISTS'
  | 'KEYSTORE_MISSING'
  | 'KEYSTORE_MALFORMED'
  | 'KEYSTORE_WRONG_PASSWORD'
  | 'PASSWORD_FILE_UNREADABLE'
  | 'PASSWORD_EMPTY'
  | 'PRIVATE_KEY_MALFORMED'
  | 'LIBP2P_KEY_MISSING'
  | 'LIBP2P_KEY_MALFORMED';

/** A refusal by the keystore: a stable code, the values behind it and what mends it. */
export class KeystoreError extends Error {
  readonly code: KeystoreErrorCode;
  readonly values: Readonly<Record<string, string>>;
  readonly remedy: string;

  constructor(
    code: KeystoreErrorCode,
    detail: { message: string; remedy: string; values?: Readonly<Record<string, string>>; cause?: unknown },
  ) {
    super(detail.message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'KeystoreError';
    this.code = code;
    this.values = detail.values ?? {};
    this.remedy = detail.remedy;
  }
}
