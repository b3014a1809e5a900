/** Why a temporary PostgreSQL server could not be had. */
export type PostgresServerErrorCode = 'PROGRAM_MISSING' | 'ACCOUNT_MISSING' | 'SERVER_FAILED';

export class PostgresServerError extends Error {
  readonly code: PostgresServerErrorCode;

  constructor(code: PostgresServerErrorCode, message: string) {
    super(message);
    this.name = 'PostgresServerError';
    this.code = code;
  }
}
