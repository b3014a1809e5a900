import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import { MAX_PIPELINED_REQUESTS } from './gateway-limits.ts';

/**
 * Gives the requests of one connection their turns: a client may send several before it reads an answer
 * (RFC 9112, section 9.3.2), and each is begun when the one before it is answered. So a connection costs as
 * much as one request, and a slow reader's later answers do not time out while they wait for the first.
 */
export class RequestTurns {
  readonly #waiting = new WeakMap<object, (() => void)[]>();

  /** Begins the request now or in its turn; a client that asks for too much at once loses its connection. */
  take(socket: Socket, response: ServerResponse, begin: () => void): void {
    response.once('close', () => this.#next(socket));
    const waiting = this.#waiting.get(socket);
    if (waiting === undefined) {
      this.#waiting.set(socket, []);
      begin();
    } else if (waiting.length < MAX_PIPELINED_REQUESTS) waiting.push(begin);
    else socket.destroy();
  }

  /** Whether an answer is under way: then nothing else may be written to the connection. */
  isAnswering(socket: object): boolean {
    return this.#waiting.has(socket);
  }

  #next(socket: Socket): void {
    const begin = this.#waiting.get(socket)?.shift();
    if (begin === undefined || socket.destroyed) this.#waiting.delete(socket);
    else begin();
  }
}
