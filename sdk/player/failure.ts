import { ProtocolError } from '../protocol/errors.ts';

/** A failure as it travels between worker and page, and as a person reads it. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** Words any failure of the SDK, the player or the engine; what has no code of its own is named as it is. */
export function failureOf(error: unknown): Failure {
  if (isFailure(error)) {
    const { code, message, remedy } = error;
    return { code, message, remedy };
  }
  if (error instanceof ProtocolError)
    return { code: error.code, message: error.message, remedy: 'Check the address of the content.' };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'UNEXPECTED', message, remedy: 'Load the page again; report it if it persists.' };
}

function isFailure(error: unknown): error is Failure {
  return (
    error instanceof Error &&
    'code' in error &&
    'remedy' in error &&
    typeof error.code === 'string' &&
    typeof error.remedy === 'string'
  );
}
