import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';

import type { Exchange } from './exchange.ts';
import { GatewayError } from './gateway-error.ts';
import { MAX_FORWARDED_REQUESTS } from './gateway-limits.ts';

/** Headers of one connection only (RFC 9110, section 7.6.1): each side has its own. */
const CONNECTION_HEADERS = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
]);

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
    const onward = httpRequest({
      socketPath: this.#socketPath,
      path: request.url,
      method: request.method,
      headers: withoutConnection(request),
      agent: this.#agent,
    });
    onward.on('continue', () => response.writeContinue());
    // The client may leave before it has sent everything or read everything.
    response.once('close', () => onward.destroy());
    request.pipe(onward);
    const answer = await answerTo(onward);
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
