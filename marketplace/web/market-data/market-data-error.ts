/** Every failure of asking the marketplace. Codes are listed once, are stable, and are never reused. */
export type MarketDataErrorCode =
  | 'MARKETPLACE_UNREACHABLE'
  | 'MARKETPLACE_SLOW'
  | 'ANSWER_TOO_LARGE'
  | 'ANSWER_INVALID'
  | 'MARKETPLACE_REFUSED';

export type MarketDataErrorValues = Readonly<Record<string, string | number | boolean>>;

interface Details {
  readonly values?: MarketDataErrorValues;
  /** What to do about it, in one sentence. */
  readonly remedy: string;
  readonly cause?: unknown;
}

/** A question to the marketplace that was not answered, or not as described. */
export class MarketDataError extends Error {
  readonly code: MarketDataErrorCode;
  readonly values: MarketDataErrorValues;
  readonly remedy: string;

  constructor(code: MarketDataErrorCode, message: string, { values = {}, remedy, cause }: Details) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'MarketDataError';
    this.code = code;
    this.values = values;
    this.remedy = remedy;
  }

  /** The marketplace's own code of a refusal (`MARKETPLACE_REFUSED`), e.g. `DEAL_NOT_FOUND`. */
  get refusal(): string | undefined {
    const { refusal } = this.values;
    return typeof refusal === 'string' ? refusal : undefined;
  }
}
