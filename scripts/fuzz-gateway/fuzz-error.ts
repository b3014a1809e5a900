/** Why a run could not be made; what a run finds is in its report. Listed once, never reused. */
export type FuzzErrorCode = 'TARGET_FAILED' | 'TARGET_OUTPUT_INVALID' | 'OPTIONS_CONFLICT';

/** A failure of the fuzzer itself. */
export class FuzzError extends Error {
  readonly code: FuzzErrorCode;
  readonly values: Readonly<Record<string, string | number>>;

  constructor(code: FuzzErrorCode, message: string, values: Record<string, string | number> = {}) {
    super(message);
    this.name = 'FuzzError';
    this.code = code;
    this.values = values;
  }
}
