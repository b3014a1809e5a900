export type DevnetErrorCode =
  | 'INPUT_UNREADABLE'
  | 'OPTION_INVALID'
  | 'PROCESS_FAILED'
  | 'PROCESS_TIMEOUT'
  | 'EDGES_UNHEARD'
  | 'PROCESS_OUTPUT_INVALID'
  | 'CHECK_FAILED'
  | 'STOPPED';

/** What went wrong while the development network ran, in a sentence that names the evidence. */
export class DevnetError extends Error {
  readonly code: DevnetErrorCode;
  readonly values: Readonly<Record<string, string | number>>;

  constructor(
    code: DevnetErrorCode,
    message: string,
    values: Record<string, string | number> = {},
    cause?: unknown,
  ) {
    super(message, { cause });
    this.name = 'DevnetError';
    this.code = code;
    this.values = values;
  }
}
