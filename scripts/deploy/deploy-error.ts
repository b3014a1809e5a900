/** Failures of building, deploying and running a local chain. Codes are never reused. */
export type DeployErrorCode =
  | 'BUILD_LOCKED'
  | 'BUILD_INCOMPLETE'
  | 'COVERAGE_INCOMPLETE'
  | 'DEPLOY_FAILED'
  | 'DEPLOY_USAGE'
  | 'LOCAL_CHAIN_FAILED'
  | 'LOCAL_CHAIN_TIMEOUT';

/** A coded failure with the values that explain it. */
export class DeployError extends Error {
  readonly code: DeployErrorCode;
  readonly values: Readonly<Record<string, string | number>>;

  constructor(
    code: DeployErrorCode,
    message: string,
    values: Readonly<Record<string, string | number>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'DeployError';
    this.code = code;
    this.values = values;
  }
}
