/** Every refusal of the ring. Codes are listed once, stable and never reused. */
export type RingErrorCode =
  | 'RING_SELF_NOT_ADMITTED'
  | 'RING_WIRE_TRUNCATED'
  | 'RING_WIRE_TRAILING'
  | 'RING_WIRE_KIND_UNKNOWN'
  | 'RING_WIRE_VERSION_UNKNOWN'
  | 'RING_WIRE_VALUE_INVALID'
  | 'RING_WIRE_NAME_UNKNOWN'
  | 'RING_WIRE_TOO_LONG'
  | 'RING_TABLE_FULL'
  | 'RING_TABLE_SLOT_EMPTY'
  | 'RING_PROVIDED_FULL'
  | 'RING_STREAM_SURPLUS'
  | 'RING_STOPPED'
  | 'RING_PEER_KEY_UNSUPPORTED';

export type RingErrorValues = Readonly<Record<string, string | number | boolean>>;

/** Input that the ring refuses, or a limit reached. `values` hold what was expected and what came. */
export class RingError extends Error {
  readonly code: RingErrorCode;
  readonly values: RingErrorValues;

  constructor(code: RingErrorCode, message: string, values: RingErrorValues = {}) {
    super(message);
    this.name = 'RingError';
    this.code = code;
    this.values = values;
  }
}
