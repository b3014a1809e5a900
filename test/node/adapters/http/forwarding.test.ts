import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { expect } from 'chai';

import type { Exchange } from '../../../../node/adapters/http/exchange.ts';
import { Forwarding } from '../../../../node/adapters/http/forward-route.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

describe('Forwarding', () => {
  let folder: string;
  let inner: Server;
  let outer: Server;
  let forwarding: Forwarding;
  let answer: Answer;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bcdn-forwarding-'));
    const socketPath = join(folder, 'node.sock');
    inner = createServer((request, response) => answer(request, response));
    inner.listen(socketPath);
    forwarding = new Forwarding(socketPath);
    outer = createServer((request, response) => {
      const exchange: Pick<Exchange, 'request' | 'response'> = { request, response };
      forwarding.run(exchange as Exchange).catch(() => {
        response.writeHead(503);
        response.end();
      });
    });
    outer.listen(0, '127.0.0.1');
    await Promise.all([once(inner, 'listening'), once(outer, 'listening')]);
  });

  afterEach(async () => {
    forwarding.close();
    for (const server of [inner, outer]) {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }
    await rm(folder, { recursive: true, force: true });
  });

  /** Sends bytes as they are and reads until the other side ends. */
  async function raw(bytes: string): Promise<string> {
    const socket = connect((outer.address() as AddressInfo).port, '127.0.0.1');
    socket.write(bytes);
    return text(socket);
  }

  for (const method of ['GET', 'DELETE']) {
    it(`passes no body of a ${method} on, so that nothing is smuggled between requests`, async () => {
      const seen: string[] = [];
      answer = (request, response) => {
        seen.push(`${request.method ?? ''} ${request.url ?? ''}`);
        response.end(request.url);
      };
      const smuggled = 'GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n';
      const chunked = `${method} /first HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;
      const measured = `${method} /second HTTP/1.1\r\nhost: x\r\ncontent-length: ${smuggled.length}\r\n\r\n${smuggled}`;
      const last = 'GET /third HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n';
      const answers = [await raw(`${chunked}${last}`), await raw(`${measured}${last}`)];
      expect(seen.filter((line) => line.includes('smuggled'))).to.deep.equal([]);
      expect(answers.map((each) => each.match(/\/(?:first|second|third|smuggled)/g))).to.deep.equal([
        ['/first', '/third'],
        ['/second', '/third'],
      ]);
    });
  }

  it('passes the body of a POST on, measured or in chunks', async () => {
    answer = (request, response) => void text(request).then((body) => response.end(`<${body}>`));
    const head = 'POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n';
    expect(await raw(`${head}content-length: 5\r\n\r\nhello`)).to.contain('<hello>');
    expect(await raw(`${head}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`)).to.contain(
      '<hello>',
    );
  });

  it('asks again when a kept connection breaks as it is used, and only what may be asked twice', async () => {
    let asked = 0;
    answer = (request, response) => {
      asked += 1;
      // The first request of each connection is answered; the second finds it broken.
      const { socket } = request as IncomingMessage & { socket: { used?: boolean } };
      if (socket.used === true) socket.destroy();
      else {
        socket.used = true;
        response.end('fine');
      }
    };
    const head = ' / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n';
    const get = async () => raw(`GET${head}\r\n`);
    // Kept, broken and asked again on a connection of its own, kept.
    for (let round = 0; round < 3; round++) expect(await get()).to.match(/200[^]*fine/);
    expect(asked).to.equal(4);
    expect(await raw(`POST${head}content-length: 0\r\n\r\n`)).to.contain(' 503 ');
    expect(asked).to.equal(5);
  });
});
