/** Every failure of asking the node. Codes are listed once, are stable, and are never reused. */
export type DeskErrorCode =
  'NODE_UNREACHABLE' | 'NODE_SLOW' | 'NODE_REFUSED' | 'ANSWER_INVALID' | 'ANSWER_TOO_LARGE';

interface Details {
  /** What to do about it, in one sentence. */
  readonly remedy: string;
  /** The node's own code of a refusal. */
  readonly refusal?: string;
  readonly cause?: unknown;
}

/** A question to the node that was not answered, or not as described. */
export class DeskError extends Error {
  readonly code: DeskErrorCode;
  readonly remedy: string;
  readonly refusal: string | undefined;

  constructor(code: DeskErrorCode, message: string, { remedy, refusal, cause }: Details) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DeskError';
    this.code = code;
    this.remedy = remedy;
    this.refusal = refusal;
  }

  /** The code that says most: the node's own, if it gave one. */
  get shownCode(): string {
    return this.refusal ?? this.code;
  }
}
