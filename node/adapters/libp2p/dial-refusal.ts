/** What a host's system answers when no process listens on the port. */
const NOBODY_LISTENS = 'ECONNREFUSED';

/**
 * Did every address of a failed dial answer that nobody listens there? Then the process is gone. A process that stands
 * still has its connections accepted by its system, and a host that is gone answers nothing.
 */
export function isRefusal(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(isRefusal);
  return error instanceof Error && 'code' in error && error.code === NOBODY_LISTENS;
}
