import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

import type { Received } from './plane-protocol.ts';

/** A TCP server that sends without end. @returns its port */
export async function serveBare(messageBytes: number): Promise<number> {
  const message = new Uint8Array(messageBytes).fill(7);
  const server = createServer((socket) => {
    // The other side leaves when it has enough.
    socket.on('error', () => socket.destroy());
    void pour(socket, message);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function pour(socket: Socket, message: Uint8Array): Promise<void> {
  while (!socket.destroyed) {
    if (socket.write(message)) continue;
    await new Promise<void>((resolve) => {
      socket.once('drain', resolve);
      socket.once('close', resolve);
    });
  }
}

/** Reads bytes from such a server and lets them go. */
export async function receiveBare(port: number, bytes: number): Promise<Received> {
  const startedMs = performance.now();
  const socket = connect(port, '127.0.0.1');
  let received = 0;
  await new Promise<void>((resolve, reject) => {
    socket.on('data', (data) => {
      received += data.length;
      if (received >= bytes) resolve();
    });
    socket.on('error', reject);
  });
  socket.destroy();
  return { seconds: (performance.now() - startedMs) / 1_000 };
}
