import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';

/** What happens to one JSON-RPC request on its way. */
export type Fate = 'pass' | 'lose the request' | 'lose the answer';

/** A proxy in front of a chain that loses what it is told to lose. */
export interface FlakyProxy {
  readonly url: string;
  /** Methods seen, in order. */
  readonly seen: readonly string[];
  /** Fates of the next requests of a method; later ones pass. */
  plan(method: string, fates: readonly Fate[]): void;
  close(): Promise<void>;
}

async function bodyOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Starts a proxy to `target` on a free port. */
export async function startFlakyProxy(target: string): Promise<FlakyProxy> {
  const seen: string[] = [];
  const plans = new Map<string, Fate[]>();
  const relay = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    const { method } = JSON.parse(body.toString()) as { method: string };
    seen.push(method);
    const fate = plans.get(method)?.shift() ?? 'pass';
    if (fate === 'lose the request') {
      request.socket.destroy();
      return;
    }
    const answer = await fetch(target, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (fate === 'lose the answer') request.socket.destroy();
    else response.writeHead(answer.status, { 'content-type': 'application/json' }).end(bytes);
  };
  const server = createServer((request, response) => {
    relay(request, response).catch(() => request.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    plan: (method, fates) => plans.set(method, [...fates]),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
