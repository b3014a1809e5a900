import { randomBytes } from 'node:crypto';

import { createPrivateFile, readPrivateFile } from '../../adapters/keystore/private-file.ts';
import { NodeError } from '../node-error.ts';

/** Too many to be guessed. */
const TOKEN_BYTES = 32;
const TOKEN = /^[\w-]{43}$/;

/**
 * The token that a browser must show, made with the first start. It lasts, so that an open page outlives a restart of
 * the node; whoever deletes the file gets another one with the next start.
 *
 * @throws NodeError CONFIG_MALFORMED
 */
export async function openDashboardToken(path: string): Promise<string> {
  const kept = await readDashboardToken(path);
  if (kept !== undefined) return kept;
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  await createPrivateFile(path, `${token}\n`);
  return token;
}

/** The token of a node that has one. @throws NodeError CONFIG_MALFORMED */
export async function readDashboardToken(path: string): Promise<string | undefined> {
  const token = (await readPrivateFile(path))?.trim();
  if (token === undefined || TOKEN.test(token)) return token;
  throw new NodeError('CONFIG_MALFORMED', {
    message: `${path} is not a token of the operator's desk.`,
    remedy: 'Delete it and start the node again: it makes another one.',
    values: { path },
  });
}

/** The address to open. Browsers send no fragment to a server, so the token is in no log. */
export function dashboardAddress(url: string, token: string): string {
  return `${url}/#token=${token}`;
}
