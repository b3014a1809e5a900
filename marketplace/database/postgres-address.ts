import pg from 'pg';

import { MarketplaceError } from '../errors.ts';
import { MAX_DATABASE_URL_CHARACTERS } from '../limits.ts';

/** Where a PostgreSQL database is and who asks; only `text` may be shown. */
export interface PostgresAddress {
  /** With the password. */
  readonly url: string;
  /** e.g. `market@db.example:5432/bcdn`; names no password. */
  readonly text: string;
}

/**
 * A database on a socket of this machine: `postgres://user@localhost/database?host=/var/run/postgresql`. A password that
 * the URL leaves out is taken from PGPASSWORD or ~/.pgpass.
 * @throws MarketplaceError DATABASE_URL_INVALID, without repeating the URL: it may hold a password
 */
export function parsePostgresUrl(url: string): PostgresAddress {
  if (url.length > MAX_DATABASE_URL_CHARACTERS) throw invalid('it is too long');
  if (!/^postgres(?:ql)?:\/\//.test(url)) throw invalid('it does not begin with postgres://');
  if (!URL.canParse(url)) throw invalid('it is no URL');
  const { user, host, port, database } = clientOf(url);
  return { url, text: `${user ?? ''}@${host}:${port}/${database ?? ''}` };
}

/** The same address, with a setting of the session added to those that the URL may name. */
export function withSetting(address: PostgresAddress, setting: `${string}=${string}`): PostgresAddress {
  const url = new URL(address.url);
  const own = url.searchParams.get('options');
  url.searchParams.set('options', `${own === null ? '' : `${own} `}-c ${setting}`);
  return { ...address, url: url.href };
}

/** Connects nowhere: it only reads the URL as a connection would. */
function clientOf(url: string): pg.Client {
  try {
    return new pg.Client({ connectionString: url });
  } catch {
    throw invalid('its parts cannot be read');
  }
}

function invalid(reason: string): MarketplaceError {
  return new MarketplaceError('DATABASE_URL_INVALID', `The database URL cannot be used: ${reason}.`, {
    reason,
  });
}
