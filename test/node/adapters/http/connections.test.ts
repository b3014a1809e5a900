import { once } from 'node:events';
import { connect } from 'node:net';

import { expect } from 'chai';
import fc from 'fast-check';

import { contentOf, patternBytes } from '../content-fixture.ts';
import { GatewayFixture } from './gateway-fixture.ts';

/**
 * Sends bytes as they are and collects what comes back until the connection ends.
 * @param half whether the client says at once that it will send no more
 */
async function rawExchange(origin: string, bytes: string, half = false): Promise<string> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.write(Buffer.from(bytes, 'latin1'));
  if (half) socket.end();
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

const CLOSE = 'host: x\r\nconnection: close\r\n\r\n';

/** The statuses of answers that follow each other; throws if what comes is no sequence of answers. */
function statusesOf(text: string): number[] {
  const statuses: number[] = [];
  let rest = text;
  while (rest !== '') {
    const [, status] = /^HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n/.exec(rest) ?? [];
    const end = rest.indexOf('\r\n\r\n');
    if (status === undefined || end === -1) throw new RangeError(`no answer: ${rest.slice(0, 80)}`);
    const head = rest.slice(0, end);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (/\r\ntransfer-encoding: chunked/i.test(head)) {
      const last = rest.indexOf('\r\n0\r\n\r\n', end);
      if (last === -1) throw new RangeError('a chunked answer has no end');
      rest = rest.slice(last + 7);
    } else rest = rest.slice(end + 4 + (status === '304' || status === '204' ? 0 : length));
    statuses.push(Number(status));
  }
  return statuses;
}

describe('Gateway: connections', () => {
  let fixture: GatewayFixture;
  let path: string;

  before(async () => {
    const content = await contentOf([
      { path: 'a', content: patternBytes(200_000) },
      { path: 'b', content: Buffer.from('bb') },
    ]);
    fixture = await GatewayFixture.start({ content, options: { freeBytesPerMinute: Infinity } });
    path = `/ipfs/${content.root.toString()}`;
  });

  after(async () => {
    await fixture.stop();
  });

  it('answer pipelined requests in their order, each as a whole', async () => {
    const asked = ['/a', '/b', '/none', '/a'];
    const requests = asked.map((name) => `GET ${path}${name} HTTP/1.1\r\nhost: x\r\n\r\n`).join('');
    const text = await rawExchange(fixture.origin, `${requests}GET ${path}/b HTTP/1.1\r\n${CLOSE}`);
    expect(statusesOf(text)).to.deep.equal([200, 200, 404, 200, 200]);
    expect(text.endsWith('bb')).to.equal(true);
  });

  it('end with the answer to a wish for another protocol, so that nobody waits for what came with it', async () => {
    const wish = `GET ${path}/b HTTP/1.1\r\nhost: x\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n`;
    const text = await rawExchange(fixture.origin, `${wish}GET ${path}/a HTTP/1.1\r\n${CLOSE}`);
    expect(statusesOf(text)).to.deep.equal([200]);
    expect(text).to.match(/\r\nconnection: close\r\n/i);
  });

  it('begin a request when the one before it is answered, and end a connection that asks for too many', async () => {
    let reading = 0;
    let most = 0;
    const content = await contentOf([{ content: patternBytes(100_000, 7) }]);
    const single = await GatewayFixture.start({
      content,
      options: { freeBytesPerMinute: Infinity },
      decorate: (reader) => ({
        sizeOf: (cid) => reader.sizeOf(cid),
        get: async (cid) => {
          reading += 1;
          most = Math.max(most, reading);
          const bytes = await reader.get(cid);
          await new Promise((resolve) => setImmediate(resolve));
          reading -= 1;
          return bytes;
        },
      }),
    });
    try {
      const one = `GET /ipfs/${content.root.toString()} HTTP/1.1\r\nhost: x\r\n\r\n`;
      const last = `GET /ipfs/${content.root.toString()} HTTP/1.1\r\n${CLOSE}`;
      const ten = await rawExchange(single.origin, one.repeat(9) + last);
      expect(statusesOf(ten)).to.deep.equal(Array(10).fill(200));
      expect(most).to.equal(1);
      const flood = await rawExchange(single.origin, one.repeat(200));
      expect((flood.match(/HTTP\/1\.1 200/g) ?? []).length).to.be.below(200);
      expect(statusesOf(await rawExchange(single.origin, last))).to.deep.equal([200]);
    } finally {
      await single.stop();
    }
  });

  it('end after a request whose body nobody reads', async () => {
    const second = `GET ${path}/a HTTP/1.1\r\nhost: x\r\n\r\n`;
    const first = `GET ${path}/b HTTP/1.1\r\nhost: x\r\ncontent-length: ${second.length}\r\n\r\n`;
    const text = await rawExchange(fixture.origin, first + second);
    expect(statusesOf(text)).to.deep.equal([200]);
    expect(text).to.match(/\r\nconnection: close\r\n/i);
  });

  it('are closed, never answered in the middle of an answer, when what follows a request is no HTTP', async () => {
    const text = await rawExchange(
      fixture.origin,
      `GET ${path}/a HTTP/1.1\r\nhost: x\r\n\r\nthis is not http\r\n\r\n`,
    );
    expect(text).to.not.contain('REQUEST_INVALID');
  });

  it('take a whole URL for its path, as a proxy gets it, and need a host', async () => {
    const absolute = `GET http://any.example${path}/b HTTP/1.1\r\n${CLOSE}`;
    expect(statusesOf(await rawExchange(fixture.origin, absolute))).to.deep.equal([200]);
    expect(statusesOf(await rawExchange(fixture.origin, `GET ${path}/b HTTP/1.1\r\n\r\n`))).to.deep.equal([
      400,
    ]);
  });

  it('refuse addresses that are too long with 414 and headers that are too large with 431', async () => {
    const long = `GET ${path}/${'a'.repeat(5000)} HTTP/1.1\r\n${CLOSE}`;
    expect(statusesOf(await rawExchange(fixture.origin, long))).to.deep.equal([414]);
    const large = `GET ${path}/b HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`;
    expect(statusesOf(await rawExchange(fixture.origin, large))).to.deep.equal([431]);
  });

  it('get an answer or are closed, whatever bytes they send, and the gateway goes on', async function () {
    this.timeout(120_000);
    const piece = fc.oneof(
      fc.constantFrom(
        'GET ',
        'HEAD ',
        'POST ',
        'OPTIONS ',
        'CONNECT ',
        'get ',
        ' HTTP/1.1',
        ' HTTP/1.0',
        ' HTTP/9',
      ),
      fc.constantFrom('\r\n', '\r\n\r\n', '\n', '\0', ' ', ':', 'host: x\r\n', 'content-length: 5\r\n'),
      fc.constantFrom(
        'transfer-encoding: chunked\r\n',
        'expect: 100-continue\r\n',
        'upgrade: x\r\n',
        'range: bytes=1-2,5-\r\n',
      ),
      fc.constantFrom(
        '/ipfs/',
        '/a',
        '..',
        '%2e',
        '?format=car',
        '&dag-scope=block',
        '*',
        'http://',
        '\xff\xfe',
      ),
      fc.constant('path').map(() => path),
      fc.string({ maxLength: 12 }),
    );
    const lines = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(''));
    const method = fc.constantFrom('GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'DELETE');
    const header = fc.tuple(
      fc.constantFrom(
        'range',
        'if-range',
        'if-match',
        'if-none-match',
        'accept',
        'cache-control',
        'connection',
        'x',
      ),
      fc.string({ unit: fc.constantFrom(...'bytes=0123456789-, "W/*;q.aocrdupny'), maxLength: 40 }),
    );
    const target = fc.tuple(
      fc.constantFrom(
        '',
        path,
        `${path}/a`,
        `${path}/b`,
        '/ipfs/',
        '/ipfs/bafkqaaa',
        '/ipns/x',
        '/bcdn/v1/receipts',
      ),
      fc.string({ unit: fc.constantFrom(...'/.%20af?=&:-*\\car'), maxLength: 20 }),
    );
    const almost = fc
      .tuple(method, target, fc.array(header, { maxLength: 4 }))
      .map(
        ([verb, [start, end], headers]) =>
          `${verb} ${start}${end} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n` +
          `${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
      );
    await fc.assert(
      fc.asyncProperty(fc.oneof(lines, almost), async (bytes) => {
        const half = !bytes.includes(`HTTP/1.1\r\nhost: x\r\nconnection: close\r\n`);
        const statuses = statusesOf(
          (await rawExchange(fixture.origin, bytes, half)).replace(/^(HTTP\/1\.1 100 Continue\r\n\r\n)+/, ''),
        );
        expect(statuses.every((status) => status >= 200 && status < 500)).to.equal(true);
      }),
      { numRuns: 400 },
    );
    expect(fixture.logged).to.deep.equal([]);
    expect(statusesOf(await rawExchange(fixture.origin, `GET ${path}/b HTTP/1.1\r\n${CLOSE}`))).to.deep.equal(
      [200],
    );
  });
});
