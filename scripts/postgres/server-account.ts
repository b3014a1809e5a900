import { readFile } from 'node:fs/promises';

import { PostgresServerError } from './server-error.ts';

/** Whom the server runs as; nothing if it is whoever runs this. */
export interface ServerAccount {
  readonly uid?: number;
  readonly gid?: number;
}

/** Accounts that a Debian machine has, the package's own first. */
const UNPRIVILEGED = ['postgres', 'nobody'];

/** PostgreSQL refuses to run as root. @throws PostgresServerError ACCOUNT_MISSING */
export async function runAs(): Promise<ServerAccount> {
  if (process.getuid?.() !== 0) return {};
  const accounts = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const wanted of UNPRIVILEGED) {
    const [, , uid, gid] = accounts.find(([name]) => name === wanted) ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new PostgresServerError(
    'ACCOUNT_MISSING',
    `PostgreSQL does not run as root, and /etc/passwd has none of ${UNPRIVILEGED.join(', ')}.`,
  );
}
