export type BenchErrorCode =
  | 'BENCH_OPTION_INVALID'
  | 'BENCH_PROCESS_FAILED'
  | 'BENCH_TIMEOUT'
  | 'BENCH_STOPPED'
  | 'BENCH_MESSAGE_INVALID'
  | 'BENCH_RESULT_WRONG';

/** Why a benchmark has no result: the cause in the message, what to do in `remedy`. */
export class BenchError extends Error {
  readonly code: BenchErrorCode;
  readonly remedy: string;
  readonly values: Readonly<Record<string, string | number>>;

  constructor(
    code: BenchErrorCode,
    detail: {
      readonly message: string;
      readonly remedy: string;
      readonly values?: Record<string, string | number>;
      readonly cause?: unknown;
    },
  ) {
    super(detail.message, { cause: detail.cause });
    this.name = 'BenchError';
    this.code = code;
    this.remedy = detail.remedy;
    this.values = detail.values ?? {};
  }
}
