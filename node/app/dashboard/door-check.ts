import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

import { NodeError } from '../node-error.ts';

/** Where actions are, before their own path. */
export const ACTIONS_PATH = '/v1';

/** What a request says of itself. */
export interface Knock {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** A refusal with its HTTP status. */
export interface DoorRefusal {
  readonly status: number;
  readonly error: NodeError;
}

/** What the door is. */
export interface Door {
  readonly port: number;
  readonly token: string;
}

/**
 * Judges a request before anything of it is read. A page of another site that had its name resolved to 127.0.0.1 is
 * known by the Host that it must send; one that sends requests here from afar by its Origin, and by the lack of the
 * token, which no browser adds by itself as it would a cookie.
 */
export function refusalOf({ method, path, headers }: Knock, { port, token }: Door): DoorRefusal | undefined {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  if (!hosts.includes(headers.host ?? '')) {
    return refused(421, `This is not ${(headers.host ?? 'a server without a name').slice(0, 80)}.`);
  }
  const { origin } = headers;
  if (origin !== undefined && !hosts.some((host) => origin === `http://${host}`)) {
    return refused(403, 'Pages of other sites may not use the operator’s desk.');
  }
  if (!isAction(path)) {
    return method === 'GET' || method === 'HEAD' ? undefined : refused(405, `${method} is not for pages.`);
  }
  if (method !== 'POST') return refused(405, `Actions are asked for with POST, not with ${method}.`);
  if (!sameToken(headers.authorization, token)) return wrongToken();
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  return type === 'application/json' ? undefined : refused(415, 'Actions take JSON and nothing else.');
}

/** Whether a path is one of actions, not of pages. */
export function isAction(path: string): boolean {
  return path === ACTIONS_PATH || path.startsWith(`${ACTIONS_PATH}/`);
}

/** In a time that tells nothing of how much of it was right: digests are compared, all of one length. */
function sameToken(authorization: string | undefined, token: string): boolean {
  return timingSafeEqual(digestOf(authorization ?? ''), digestOf(`Bearer ${token}`));
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function refused(status: number, message: string): DoorRefusal {
  const remedy = 'Open the address that `bcdn-node dashboard` prints.';
  return { status, error: new NodeError('DASHBOARD_REFUSED', { message, remedy, values: { status } }) };
}

function wrongToken(): DoorRefusal {
  const error = new NodeError('DASHBOARD_TOKEN_WRONG', {
    message: 'This page does not have the token of the node.',
    remedy: 'Run `bcdn-node dashboard` and open the address that it prints.',
  });
  return { status: 401, error };
}
