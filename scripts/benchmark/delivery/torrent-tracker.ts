import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { bencode } from './torrent-file.ts';

/** Seconds until a client asks again: longer than any download here. */
const INTERVAL_SECONDS = 1_800;
const LOOPBACK = [127, 0, 0, 1];

/** Tells who downloads the ports of the sources; sources are told nobody, for they want nothing. */
export class TorrentTracker {
  readonly #server: Server;
  #ports: readonly number[] = [];

  constructor() {
    this.#server = createServer((request, response) => {
      const left = new URL(request.url ?? '/', 'http://tracker').searchParams.get('left');
      const ports = left === '0' ? [] : this.#ports;
      const peers = Buffer.from(ports.flatMap((port) => [...LOOPBACK, port >> 8, port & 255]));
      response.end(bencode({ interval: INTERVAL_SECONDS, peers }));
    });
  }

  /** @returns its announce URL */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/announce`;
  }

  /** Those who hold the file. */
  name(ports: readonly number[]): void {
    this.#ports = ports;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
