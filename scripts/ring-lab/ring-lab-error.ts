/** Refusals of the ring's laboratory. Codes are listed once and never reused. */
export type RingLabErrorCode =
  | 'LAB_PEER_UNNAMED'
  | 'LAB_KEY_INVALID'
  | 'LAB_NODE_UNKNOWN'
  | 'LAB_PROCESS_ENDED'
  | 'LAB_COMMAND_FAILED'
  | 'LAB_TIMEOUT';

export class RingLabError extends Error {
  readonly code: RingLabErrorCode;
  readonly values: Readonly<Record<string, string | number>>;

  constructor(
    code: RingLabErrorCode,
    message: string,
    values: Readonly<Record<string, string | number>> = {},
  ) {
    super(message);
    this.name = 'RingLabError';
    this.code = code;
    this.values = values;
  }
}
