/**
 * Stands between viewers and an edge, on an address of its own and the edge's ports, and does to the gateway's answers
 * what networks and liars do. Arguments: own host, the edge's host, its ports with the gateway's first. Messages set
 * what is done from then on.
 */
import { connect, createServer, type Socket } from 'node:net';

import type { Fault } from './fault-proxy.ts';

const [host = '', edgeHost = '', ...portTexts] = process.argv.slice(2);
const ports = portTexts.map(Number);
const [gatewayPort = 0] = ports;
/** How often a throttled connection is given what it may send. */
const TICK_MS = 20;
const CONTENT_REQUEST = 'GET /ipfs/';
const ENDLESS_CHUNK = Buffer.alloc(65_536, 'x');
const GARBAGE = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nno chunk at all\r\n';
const SHORT = `HTTP/1.1 200 OK\r\ncontent-length: 1048576\r\n\r\n${'x'.repeat(1_000)}`;
const ENDLESS_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/vnd.ipld.raw\r\nconnection: close\r\n\r\n';
/** Every so many bytes one is changed: in the body of every block, and hardly ever in a head. */
const CORRUPTED_EVERY_BYTES = 200_000;

let fault: Fault = { kind: 'none' };
const sockets = new Set<Socket>();

process.on('message', (message) => {
  fault = message as Fault;
  if (fault.kind === 'cut') for (const socket of sockets) socket.resetAndDestroy();
  process.send?.('done');
});
process.on('disconnect', () => process.exit(0));

let listening = 0;
for (const port of ports) {
  const server = createServer((client) => accept(client, port));
  server.listen(port, host, () => {
    listening += 1;
    if (listening === ports.length) process.send?.('ready');
  });
}

function accept(client: Socket, port: number): void {
  track(client);
  if (port === gatewayPort && fault.kind === 'cut') {
    client.resetAndDestroy();
    return;
  }
  const edge = connect(port, edgeHost);
  track(edge);
  for (const [one, other] of [
    [client, edge],
    [edge, client],
  ] as const) {
    one.on('close', () => other.destroy());
  }
  if (port !== gatewayPort) {
    client.pipe(edge).pipe(client);
    return;
  }
  client.on('data', (request) => {
    const answer = lie(request);
    if (answer !== undefined) answer(client);
    else if (!edge.write(request)) {
      client.pause();
      edge.once('drain', () => client.resume());
    }
  });
  edge.on('data', (bytes) => void forward(bytes, edge, client));
}

function track(socket: Socket): void {
  sockets.add(socket);
  // An end is an end, whatever it is called; both sides learn of it by `close`.
  socket.on('error', () => undefined);
  socket.on('close', () => sockets.delete(socket));
}

/** What answers a request for content in the place of the edge; to all else it seems to be in order. */
function lie(request: Buffer): ((client: Socket) => void) | undefined {
  if (request.toString('latin1', 0, CONTENT_REQUEST.length) !== CONTENT_REQUEST) return undefined;
  switch (fault.kind) {
    case 'garbage':
      return (client) => client.end(GARBAGE);
    case 'short':
      return (client) => client.end(SHORT);
    case 'endless':
      return (client) => {
        client.write(ENDLESS_HEAD);
        const more = (): void => {
          while (!client.destroyed && client.write(ENDLESS_CHUNK));
        };
        client.on('drain', more);
        more();
      };
    default:
      return undefined;
  }
}

let passed = 0;
let spentMs = performance.now();

/** Passes what the edge sent on, in its time and as the fault wants it; the edge waits meanwhile. */
async function forward(bytes: Buffer, edge: Socket, client: Socket): Promise<void> {
  edge.pause();
  if (fault.kind === 'slow') await share(bytes.length, fault.bytesPerSecond);
  while (fault.kind === 'silent' && !client.destroyed) await tick();
  if (fault.kind === 'corrupt') corrupt(bytes);
  passed += bytes.length;
  if (client.destroyed || client.write(bytes)) edge.resume();
  else client.once('drain', () => edge.resume());
}

function corrupt(bytes: Buffer): void {
  const next = CORRUPTED_EVERY_BYTES - (passed % CORRUPTED_EVERY_BYTES);
  if (next < bytes.length) bytes[next] = (bytes[next] ?? 0) ^ 0xff;
}

/** All connections share the rate. */
async function share(bytes: number, bytesPerSecond: number): Promise<void> {
  spentMs = Math.max(spentMs, performance.now()) + (bytes * 1_000) / bytesPerSecond;
  while (fault.kind === 'slow' && performance.now() < spentMs) await tick();
}

function tick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, TICK_MS));
}
