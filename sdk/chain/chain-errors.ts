/** Failures of talking to the chain. Codes are listed once and never reused. */
export type ChainErrorCode =
  /** The JSON-RPC endpoint does not answer. Values: url, remedy. */
  | 'CHAIN_UNREACHABLE'
  /** The endpoint serves another chain than the deployment is on. Values: url, expected, actual. */
  | 'CHAIN_MISMATCH'
  /** A contract refused. Values: the contract's error name as `error`, and its arguments by name. */
  | 'CHAIN_REVERTED'
  /** The sender cannot pay for gas. Values: address. */
  | 'CHAIN_GAS_UNPAYABLE'
  /** The chain refused the transaction before any contract ran. Values: reason. */
  | 'CHAIN_REFUSED'
  /** The outcome of a sent transaction is not known in time. Values: hash, timeoutMs. */
  | 'CHAIN_TIMEOUT'
  /** The caller aborted; a transaction that was already sent may still be mined. Values: hash if it was sent. */
  | 'CHAIN_ABORTED'
  /** The endpoint answered something that cannot be used. Values: reason. */
  | 'CHAIN_ANSWER_INVALID'
  /** A description of a deployment cannot be used. */
  | 'DEPLOYMENT_INVALID';

/** A value that explains an error: addresses and hashes as hex, amounts as bigint. */
export type ChainErrorValue = string | number | bigint | boolean;

/** A coded failure with the values that explain it. */
export class ChainError extends Error {
  readonly code: ChainErrorCode;
  readonly values: Readonly<Record<string, ChainErrorValue>>;

  constructor(
    code: ChainErrorCode,
    message: string,
    values: Readonly<Record<string, ChainErrorValue>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ChainError';
    this.code = code;
    this.values = values;
  }
}
