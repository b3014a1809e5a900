import pg from 'pg';

import { describeFailure, MarketplaceError, type MarketplaceErrorCode } from '../errors.ts';

/** SQLSTATEs, or their first letters, by what they mean for us (PostgreSQL documentation, appendix A). */
const MEANINGS: readonly (readonly [code: MarketplaceErrorCode, ...states: string[]])[] = [
  ['DATABASE_TIMEOUT', '57014', '55P03', '25P03'],
  ['DATABASE_UNREACHABLE', '08', '57P', '53300'],
  ['DATABASE_REFUSED', '28', '3D000', '42501', '25006'],
  ['DATABASE_CONFLICT', '40'],
  ['DATABASE_FULL', '53'],
  // Text with a NUL, which only a request can bring: nothing here writes one.
  ['INVALID_REQUEST', '22021'],
];

/**
 * What a failure of a connection or statement means. A statement that the schema refuses stays what it is, as with
 * SQLite: it is a defect of this program, or the refusal that the schema is there for.
 *
 * Messages reach `/readyz`, so where the database is stands in the values only, which the operator's log shows.
 * @param where the database, without a password
 */
export function postgresFailure(failure: unknown, where: string): unknown {
  if (failure instanceof MarketplaceError) return failure;
  if (!(failure instanceof pg.DatabaseError)) {
    return new MarketplaceError(
      'DATABASE_UNREACHABLE',
      `The database does not answer: ${reasonOf(failure)}.`,
      { where },
      failure,
    );
  }
  const state = failure.code ?? '';
  const meaning = MEANINGS.find(([, ...states]) => states.some((known) => state.startsWith(known)));
  if (meaning === undefined) return failure;
  return new MarketplaceError(
    meaning[0],
    `The database ${where} says: ${failure.message} (SQLSTATE ${state}).`,
    { where, state },
    failure,
  );
}

/** The system's name for it where there is one: its sentence names the address. */
function reasonOf(failure: unknown): string {
  if (failure instanceof Error && 'code' in failure && typeof failure.code === 'string') return failure.code;
  return describeFailure(failure);
}

/** Whether the connection is gone or in doubt, as opposed to a statement that failed on it. */
export function isConnectionLost(failure: unknown): boolean {
  return failure instanceof MarketplaceError && failure.code === 'DATABASE_UNREACHABLE';
}
