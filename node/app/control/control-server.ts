import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { ensurePrivateDirectory, PRIVATE_FILE_MODE } from '../../adapters/keystore/private-file.ts';
import { NodeError, reportOf } from '../node-error.ts';
import { jsonText, readJson } from './json-body.ts';

/** One thing a running node does for its operator; gets the decoded JSON body, answers with plain data. */
export type ControlAction = (body: unknown) => Promise<unknown>;

/** Actions by their path, such as `/status`. */
export type ControlActions = Readonly<Record<string, ControlAction>>;

/**
 * The operator's door to a running node: HTTP on a unix socket that only the operator's account can open. Whoever can
 * open the socket can read the data directory too, so there is no further password.
 */
export class ControlServer {
  readonly #path: string;
  readonly #server: Server;

  constructor(path: string, actions: ControlActions) {
    this.#path = path;
    this.#server = createServer((request, response) => {
      void answer(actions, request, response);
    });
  }

  /** Listens; a socket left by a process that was killed is replaced (the data directory's lock is held). */
  async start(): Promise<void> {
    await ensurePrivateDirectory(dirname(this.#path));
    await rm(this.#path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#path, resolve);
    });
    await chmod(this.#path, PRIVATE_FILE_MODE);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await rm(this.#path, { force: true });
  }
}

async function answer(
  actions: ControlActions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const action = request.method === 'POST' ? actions[request.url ?? ''] : undefined;
    if (action === undefined) {
      throw new NodeError('CONTROL_REFUSED', {
        message: `A node has no action ${request.url ?? ''}.`,
        remedy: 'Use the command line and the node in the same version.',
      });
    }
    send(response, 200, await action(await readJson(request)));
  } catch (error) {
    const { code, message, values, remedy } = reportOf(error);
    send(response, 400, { error: { code, message, values, remedy: remedy ?? '' } });
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(jsonText(body));
}
