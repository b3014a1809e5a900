export type ClientCheckErrorCode =
  'CLIENT_FAILED' | 'CLIENT_TIMEOUT' | 'CLIENT_GOT_WRONG_BYTES' | 'CLIENT_DID_OTHERWISE';

/** A client did not do what it was made to do. */
export class ClientCheckError extends Error {
  readonly code: ClientCheckErrorCode;
  readonly values: Readonly<Record<string, string | number>>;

  constructor(
    code: ClientCheckErrorCode,
    message: string,
    options: { readonly values?: Record<string, string | number>; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'ClientCheckError';
    this.code = code;
    this.values = options.values ?? {};
  }
}

/** @throws ClientCheckError CLIENT_DID_OTHERWISE unless both are the same */
export function requireSame(what: string, got: string | number, expected: string | number): void {
  if (got === expected) return;
  throw new ClientCheckError('CLIENT_DID_OTHERWISE', `${what} is ${got}, not ${expected}.`, {
    values: { got, expected },
  });
}

/** @throws ClientCheckError CLIENT_DID_OTHERWISE */
export function requireThat(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new ClientCheckError('CLIENT_DID_OTHERWISE', otherwise);
}
