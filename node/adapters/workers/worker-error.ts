import type { ErrorValues } from '../../../sdk/protocol/errors.ts';

/** What goes wrong between a node and its workers. Listed once, stable, never reused. */
export type WorkerErrorCode =
  /** The other process is gone, or the channel to it is closed. */
  | 'CHANNEL_CLOSED'
  /** A message breaks the rules of SPEC.md: a bug in this program. Values: reason. */
  | 'MESSAGE_INVALID'
  /** More questions are open than a process may have. Values: maxQuestions. */
  | 'TOO_MANY_QUESTIONS'
  /** A worker ended before it was ready. Values: index, code. */
  | 'WORKER_NOT_READY';

/** A refusal between two processes of one node. */
export class WorkerError extends Error {
  readonly code: WorkerErrorCode;
  readonly values: ErrorValues;
  /** One sentence for the operator. */
  readonly remedy: string;

  constructor(
    code: WorkerErrorCode,
    message: string,
    details: { values?: ErrorValues; remedy: string; cause?: unknown },
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'WorkerError';
    this.code = code;
    this.values = details.values ?? {};
    this.remedy = details.remedy;
  }
}

/** A message that breaks the rules: whoever sent it is not to be trusted any further. */
export function messageInvalid(reason: string, cause?: unknown): WorkerError {
  return new WorkerError('MESSAGE_INVALID', `A message between processes is not valid: ${reason}.`, {
    values: { reason },
    remedy: 'Report this: both processes are of the same program. The worker is begun again.',
    cause,
  });
}
