import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';

import { startMarketplace, type Marketplace } from '../../../marketplace/server/start-marketplace.ts';
import { silentLogger, TestMarket } from '../market-fixture.ts';
import { temporaryStorage } from '../storage-fixture.ts';

const QUICK = { maxConnections: 3, headersTimeoutMs: 300, requestTimeoutMs: 600, checkIntervalMs: 50 };

describe('connections to the marketplace', function () {
  this.timeout(60_000);
  let marketplace: Marketplace;
  const cleanups: (() => Promise<void>)[] = [];

  before(async () => {
    const market = await TestMarket.open({ epochSeconds: 600 });
    cleanups.push(() => market.close());
    const directory = await temporaryStorage();
    cleanups.push(directory.remove);
    const where = { rpcUrl: market.chain.url, deployment: market.deployment };
    marketplace = await startMarketplace({ ...directory.choice, ...where, connections: QUICK }, silentLogger);
    cleanups.push(() => marketplace.stop());
  });

  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  async function open(): Promise<Socket> {
    const { hostname, port } = new URL(marketplace.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => socket.destroy());
    await once(socket, 'connect');
    return socket;
  }

  /** What is answered to a text until the server closes. */
  async function answerTo(text: string): Promise<{ status: number; code: string | undefined }> {
    const socket = await open();
    let answer = '';
    socket.on('data', (chunk) => (answer += String(chunk)));
    const closed = once(socket, 'close');
    socket.write(text);
    await closed;
    return { status: Number(answer.split(' ')[1]), code: /"code":"(\w+)"/.exec(answer)?.[1] };
  }

  const post = (headers: string): string =>
    `POST /v1/quotes HTTP/1.1\r\nhost: m\r\ncontent-type: application/json\r\n${headers}\r\n`;

  it('are not held by headers or bodies that never end', async () => {
    const slow = { status: 408, code: 'REQUEST_TOO_SLOW' };
    expect(await answerTo('GET /livez HTTP/1.1\r\nhost: m\r\nx-slow: ')).to.deep.equal(slow);
    expect(await answerTo(post('content-length: 100\r\n') + '{"bytes":')).to.deep.equal(slow);
    expect(await answerTo(post('transfer-encoding: chunked\r\n') + '4\r\n{"by\r\n')).to.deep.equal(slow);
  });

  it('take no flood of headers, no two lengths, and nothing that is not HTTP', async () => {
    const flood = Array.from({ length: 2_000 }, (_, i) => `x-${i}: ${'y'.repeat(16)}\r\n`).join('');
    expect(await answerTo(`GET /livez HTTP/1.1\r\nhost: m\r\n${flood}\r\n`)).to.deep.equal({
      status: 431,
      code: 'HEADERS_TOO_LARGE',
    });
    const invalid = { status: 400, code: 'INVALID_REQUEST' };
    const twoLengths = 'content-length: 2\r\ntransfer-encoding: chunked\r\n';
    for (const text of [
      post(twoLengths),
      post('content-length: -1\r\n'),
      '\u0016\u0003\u0001 no HTTP\r\n\r\n',
    ])
      expect(await answerTo(text), text).to.deep.equal(invalid);
  });

  it('are so many and no more, and there is room again when one ends', async () => {
    const held = [await open(), await open(), await open()];
    const refused = await open();
    await once(refused, 'close');
    for (const socket of held) socket.destroy();
    await Promise.all(held.map(async (socket) => socket.closed || once(socket, 'close')));
    let status: number | undefined;
    // The server hears of an end a moment after the client.
    while (status === undefined)
      status = await fetch(`${marketplace.url}/livez`).then(
        (response) => response.status,
        () => undefined,
      );
    expect(status).to.equal(200);
  });

  it('reach no file and no route by tricks of the path, and no object by depth or name', async () => {
    const keep = 'connection: close\r\n\r\n';
    for (const path of [
      ...['/../secret.key', '/..%2f..%2fsecret.key', '/assets/%2e%2e/%2e%2e/secret.key', '/%00', '/%ff'],
      ...['//v1//deals', '/v1/deals/..%2fnodes', '/V1/nodes', '/player/..%5c..%5cx', '/%'],
    ]) {
      const { status, code } = await answerTo(`GET ${path} HTTP/1.1\r\nhost: m\r\n${keep}`);
      expect([400, 404], path).to.include(status);
      expect(['INVALID_REQUEST', 'ROUTE_NOT_FOUND'], path).to.include(code);
    }
    const bodies = [
      '['.repeat(500_000),
      '{"a":'.repeat(100_000),
      '{"__proto__":{"x":1}}',
      '"\\ud800',
      '1e999',
      '',
    ];
    for (const body of bodies) {
      const headers = `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n`;
      const answer = await answerTo(post(headers) + body);
      expect(answer, body.slice(0, 20)).to.deep.equal({ status: 400, code: 'INVALID_REQUEST' });
    }
  });
});
