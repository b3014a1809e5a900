import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { expect } from 'chai';
import { request } from 'undici';

const MIB = 1024 * 1024;
const CONTENT_BYTES = 128 * MIB;
const CLIENTS = 1_000;
const MAX_RSS_MIB = 500;
const SERVER = join(import.meta.dirname, 'memory-server.ts');
/** As `bcdn-node` runs (package.json). */
const NODE_FLAGS = ['--max-semi-space-size=4'];

/** Runs the server and hands its answers to lines on stdin. */
async function withServer<T>(
  args: readonly string[],
  use: (ask: (line?: string) => Promise<Record<string, string>>) => Promise<T>,
): Promise<T> {
  const server = spawn(process.execPath, [...NODE_FLAGS, SERVER, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(server, 'exit');
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  try {
    return await use(async (line) => {
      if (line !== undefined) server.stdin.write(`${line}\n`);
      return JSON.parse(String((await lines.next()).value)) as Record<string, string>;
    });
  } finally {
    server.stdin.end();
    await exited;
  }
}

describe('Gateway: slow clients', () => {
  it(`of whom ${CLIENTS} take under ${MAX_RSS_MIB} MiB, each at another place, and nobody else waits`, async function () {
    this.timeout(180_000);
    const { directory = '', cid = '' } = await withServer(['prepare', String(CONTENT_BYTES)], (ask) => ask());
    const sockets: Socket[] = [];
    await withServer(['serve', directory], async (ask) => {
      const { origin = '' } = await ask();
      try {
        for (let i = 0; i < CLIENTS; i++) {
          const socket = connect(Number(new URL(origin).port), '127.0.0.1');
          socket.on('error', () => undefined);
          sockets.push(socket);
          await once(socket, 'connect');
          const start = Math.floor((i * CONTENT_BYTES) / (2 * CLIENTS));
          socket.write(`GET /ipfs/${cid} HTTP/1.1\r\nhost: x\r\nrange: bytes=${start}-\r\n\r\n`);
          // The head and the first bytes are read, and nothing after them.
          await once(socket, 'readable');
          socket.read(1024);
        }
        const { statusCode, body } = await request(`${origin}/ipfs/${cid}`, {
          headers: { range: `bytes=0-${MIB - 1}` },
        });
        expect([statusCode, (await body.arrayBuffer()).byteLength]).to.deep.equal([206, MIB]);
        const { rssMiB } = await ask('memory');
        expect(Number(rssMiB)).to.be.below(MAX_RSS_MIB);
        expect(sockets.filter(({ destroyed }) => destroyed)).to.have.length(0);
      } finally {
        for (const socket of sockets) socket.destroy();
      }
    });
  });
});
