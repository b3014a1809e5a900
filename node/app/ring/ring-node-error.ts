/** Refusals of the running ring node. Codes are listed once and never reused. */
export type RingNodeErrorCode =
  'RING_SEED_MALFORMED' | 'RING_JOIN_TIMEOUT' | 'RING_NOT_RUNNING' | 'RING_LOOKUP_UNANSWERED';

export class RingNodeError extends Error {
  readonly code: RingNodeErrorCode;
  readonly values: Readonly<Record<string, string | number>>;
  /** What mends it. */
  readonly remedy: string;

  constructor(
    code: RingNodeErrorCode,
    detail: {
      readonly message: string;
      readonly remedy: string;
      readonly values?: Readonly<Record<string, string | number>>;
    },
  ) {
    super(detail.message);
    this.name = 'RingNodeError';
    this.code = code;
    this.values = detail.values ?? {};
    this.remedy = detail.remedy;
  }
}
