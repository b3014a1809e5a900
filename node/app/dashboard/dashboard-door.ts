import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { ControlActions } from '../control/control-server.ts';
import { jsonText, readJson } from '../control/json-body.ts';
import { NodeError, reportOf } from '../node-error.ts';
import { ACTIONS_PATH, isAction, refusalOf } from './door-check.ts';
import type { PageFiles } from './page-files.ts';

const LOOPBACK = '127.0.0.1';
/** A browser opens six to one server; a few of them may be open. */
const MAX_CONNECTIONS = 64;
/** Until a request has arrived whole. */
const REQUEST_TIMEOUT_MS = 10_000;
const MAX_HEADER_BYTES = 8_192;

/** Own scripts and styles only, nothing inline, shown in no frame, known to no other page. */
const PAGE_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

/** What stands behind the door. */
export interface DashboardParts {
  readonly token: string;
  readonly pages: PageFiles;
  readonly actions: ControlActions;
}

/** The operator's desk over HTTP, for browsers of this machine that have the token. */
export class DashboardDoor {
  readonly #parts: DashboardParts;
  readonly #server: Server;

  constructor(parts: DashboardParts) {
    this.#parts = parts;
    this.#server = createServer(
      { maxHeaderSize: MAX_HEADER_BYTES, requestTimeout: REQUEST_TIMEOUT_MS },
      (request, response) => {
        void this.#answer(request, response);
      },
    );
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** @param port 0 for any. @throws NodeError PORT_IN_USE */
  async start(port: number): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen(port, LOOPBACK, resolve);
      });
    } catch (cause) {
      throw new NodeError('PORT_IN_USE', {
        message: `The operator's desk cannot listen on ${LOOPBACK}, port ${port}.`,
        remedy: 'Choose another port with --dashboard-port, 0 for any, or none for no desk.',
        values: { host: LOOPBACK, dashboardPort: port },
        cause,
      });
    }
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** Without the token. */
  get url(): string {
    return `http://${LOOPBACK}:${this.#port}`;
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', headers } = request;
    const [path = ''] = (request.url ?? '').split('?');
    for (const [name, value] of Object.entries(PAGE_HEADERS)) response.setHeader(name, value);
    try {
      const refusal = refusalOf({ method, path, headers }, { port: this.#port, token: this.#parts.token });
      if (refusal !== undefined) tell(response, refusal.status, refusal.error);
      else if (isAction(path)) await this.#act(path.slice(ACTIONS_PATH.length), request, response);
      else this.#show(path, method, response);
    } catch (error) {
      tell(response, 400, error);
    }
  }

  async #act(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const action = Object.hasOwn(this.#parts.actions, name) ? this.#parts.actions[name] : undefined;
    if (action === undefined) return tell(response, 404, unknownPath(`${ACTIONS_PATH}${name}`));
    send(response, 200, await action(await readJson(request)));
  }

  #show(path: string, method: string, response: ServerResponse): void {
    const file = this.#parts.pages.get(path);
    if (file === undefined) return tell(response, 404, unknownPath(path));
    response.writeHead(200, {
      'content-type': file.type,
      'content-length': file.body.length,
      'cache-control': file.isLasting ? 'private, max-age=31536000, immutable' : 'no-cache',
    });
    response.end(method === 'HEAD' ? undefined : file.body);
  }
}

function tell(response: ServerResponse, status: number, error: unknown): void {
  const { code, message, values, remedy } = reportOf(error);
  // What was not read of the request must not be taken for the next one.
  response.setHeader('connection', 'close');
  send(response, status, { error: { code, message, values, remedy: remedy ?? '' } });
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(jsonText(body));
}

function unknownPath(path: string): NodeError {
  return new NodeError('DASHBOARD_REFUSED', {
    message: `The operator's desk has nothing at ${path.slice(0, 80)}.`,
    remedy: 'Load the page again; if that does not help, use page and node of the same version.',
    values: { path: path.slice(0, 80) },
  });
}
