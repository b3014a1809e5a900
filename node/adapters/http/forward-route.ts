import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';

import type { Exchange } from './exchange.ts';
import { GatewayError } from './gateway-error.ts';
import { MAX_FORWARDED_REQUESTS } from './gateway-limits.ts';

/** Headers of one connection only (RFC 9110, section 7.6.1): each side has its own. */
const CONNECTION_HEADERS = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
]);

/** May be sent twice. */
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS']);
/**
 * Only these have bodies here. A body of another is not passed on: its bytes would stand between two requests on the kept
 * connection, and be taken for one of their own (RFC 9112, section 11.2, request smuggling).
 */
const WITH_BODY = new Set(['POST', 'PUT']);

/** Passes requests on to the gateway of the process that holds the state, on a unix socket. */
export class Forwarding {
  readonly #socketPath: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: MAX_FORWARDED_REQUESTS });

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** Answers with what the other gateway answers. @throws GatewayError NODE_UNREACHABLE before the answer began */
  readonly run = async (exchange: Exchange): Promise<void> => {
    const { request, response } = exchange;
    const answer = await this.#answerTo(exchange);
    // Of an answer that comes before the whole request, the rest of the request is not wanted.
    if (!request.complete) response.shouldKeepAlive = false;
    response.writeHead(answer.statusCode ?? 500, withoutConnection(answer));
    await new Promise<void>((resolve) => {
      response.once('close', resolve);
      answer.once('error', () => response.destroy());
      answer.pipe(response);
    });
  };

  close(): void {
    this.#agent.destroy();
  }

  /** The head of the answer. A kept connection may have been closed just before it was used: then on a new one. */
  async #answerTo(exchange: Exchange): Promise<IncomingMessage> {
    const kept = this.#ask(exchange, this.#agent);
    try {
      return await answerTo(kept);
    } catch (error) {
      const { method = '' } = exchange.request;
      if (!kept.reusedSocket || !REPEATABLE.has(method) || exchange.response.destroyed) throw error;
      return answerTo(this.#ask(exchange, false));
    }
  }

  #ask({ request, response }: Exchange, agent: Agent | false): ClientRequest {
    const { method = '', url: path } = request;
    const headers = withoutConnection(request);
    const hasBody = WITH_BODY.has(method);
    if (!hasBody) delete headers['content-length'];
    const onward = httpRequest({ socketPath: this.#socketPath, path, method, headers, agent });
    onward.on('continue', () => response.writeContinue());
    // The client may leave before it has sent everything or read everything.
    response.once('close', () => onward.destroy());
    if (hasBody) request.pipe(onward);
    else onward.end();
    return onward;
  }
}

function answerTo(onward: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    onward.once('response', resolve);
    // Stays: what goes wrong after the answer began ends the answer itself.
    onward.on('error', (cause) => reject(unreachable(cause)));
  });
}

function withoutConnection({ headers }: IncomingMessage): IncomingMessage['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !CONNECTION_HEADERS.has(name)));
}

function unreachable(cause: unknown): GatewayError {
  return new GatewayError(503, 'NODE_UNREACHABLE', {
    message: 'The process of the node that answers this is not reachable.',
    remedy: 'Try again in a few seconds, or ask another node.',
    headers: { 'retry-after': '3' },
    cause,
  });
}
