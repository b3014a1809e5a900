import { connect, type Socket } from 'node:net';
import { once } from 'node:events';

import { expect } from 'chai';
import fc from 'fast-check';
import { request } from 'undici';

import { contentOf, patternBytes } from '../content-fixture.ts';
import { DEAL_ID, GatewayFixture, grantHeader, hashOfGrant } from './gateway-fixture.ts';

const MIB = 1024 * 1024;

/** Sends bytes as they are and collects what comes back until the connection ends. */
async function rawExchange(origin: string, bytes: Uint8Array | string): Promise<string> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.end(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

/** Waits for a condition that real sockets bring about, checking again each time the event loop is free. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('Gateway: hostile and broken clients', () => {
  let fixture: GatewayFixture;
  let blockPath: string;

  before(async () => {
    const content = await contentOf([{ content: patternBytes(2 * MIB + 5) }], MIB);
    fixture = await GatewayFixture.start({ content, options: { slowClientTimeoutMs: 150 } });
    blockPath = `/ipfs/${content.leaves[0]?.cid.toString() ?? ''}?format=raw`;
  });

  after(async () => {
    await fixture.stop();
  });

  /** A client that asks for a block and does not read the answer. */
  async function askWithoutReading(capBytes: bigint, connections: Socket[]): Promise<void> {
    const socket = connect({ port: Number(new URL(fixture.origin).port), host: '127.0.0.1' });
    socket.on('error', () => undefined);
    socket.pause();
    await once(socket, 'connect');
    connections.push(socket);
    const grant = grantHeader(fixture.grant({ capBytes }));
    // Several requests in a row: the socket buffers of the system would take one whole block by themselves.
    const one = `GET ${blockPath} HTTP/1.1\r\nhost: x\r\nbcdn-grant: ${grant}\r\n\r\n`;
    socket.write(one);
  }

  it('gives back what was reserved when a client leaves before anything was sent, and charges what was', async () => {
    const grant = fixture.grant({ capBytes: 77_000_001n });
    const controller = new AbortController();
    const { body } = await request(`${fixture.origin}${blockPath}`, {
      headers: { 'bcdn-grant': grantHeader(grant) },
      signal: controller.signal,
    });
    body.on('error', () => undefined);
    controller.abort();
    await until(() => {
      const state = fixture.ledger.state(hashOfGrant(grant));
      const meter = fixture.ledger.meterOf(DEAL_ID);
      // Either the system had taken the whole block, or part of it is counted as lost: never nothing.
      return state !== undefined && meter !== undefined && state.servedBytes + meter.lostBytes > 0;
    });
    const meter = fixture.ledger.meterOf(DEAL_ID);
    expect((meter?.servedBytes ?? 0) + (meter?.lostBytes ?? 0)).to.be.at.most(MIB);
  });

  it('ends a connection that does not take its bytes', async () => {
    const connections: Socket[] = [];
    const content = await contentOf([{ content: patternBytes(30 * MIB, 3) }], MIB);
    const patient = await GatewayFixture.start({
      content,
      options: { slowClientTimeoutMs: 150, freeBytesPerMinute: Infinity },
    });
    try {
      const socket = connect(Number(new URL(patient.origin).port), '127.0.0.1');
      socket.on('error', () => undefined);
      connections.push(socket);
      socket.pause();
      socket.write(`GET /ipfs/${content.root.toString()} HTTP/1.1\r\nhost: x\r\n\r\n`);
      const aborted = async (): Promise<boolean> => {
        const { body } = await patient.components.metrics.text();
        return /bcdn_aborted_bytes_total [1-9]/.test(body);
      };
      while (!(await aborted())) await new Promise((resolve) => setTimeout(resolve, 20));
    } finally {
      for (const socket of connections) socket.destroy();
      await patient.stop();
    }
  });

  it('bounds what silent clients can hold under any number of grants', async () => {
    const connections: Socket[] = [];
    try {
      for (let i = 0; i < 20; i++) await askWithoutReading(BigInt(88_000_000 + i), connections);
      await until(() => (fixture.ledger.meterOf(DEAL_ID)?.liveGrants ?? 0) >= 20);
      expect(fixture.ledger.meterOf(DEAL_ID)?.unreceiptedBytes).to.be.at.most(25 * MIB);
    } finally {
      for (const socket of connections) socket.destroy();
    }
  });

  it('answers what is no HTTP, and headers that are too large, in the language of errors', async () => {
    const nonsense = await rawExchange(fixture.origin, 'this is not http\r\n\r\n');
    expect(nonsense).to.match(/^HTTP\/1\.1 400 Bad Request/);
    expect(nonsense).to.contain('"code":"REQUEST_INVALID"');
    const large = await rawExchange(
      fixture.origin,
      `GET / HTTP/1.1\r\nhost: x\r\nbig: ${'a'.repeat(20_000)}\r\n\r\n`,
    );
    expect(large).to.match(/^HTTP\/1\.1 431 /);
    expect(large).to.contain('"code":"HEADERS_TOO_LARGE"');
  });

  it('answers any header values with a status below 500, and goes on', async () => {
    const text = fc.string({ maxLength: 300 }).map((value) => value.replaceAll(/[^\x20-\x7e]/g, ''));
    const good = grantHeader(fixture.grant({ capBytes: 99_000_001n }));
    const damaged = fc
      .tuple(fc.nat(good.length - 1), fc.constantFrom('A', '_', '-', '9', '='))
      .map(([at, letter]) => good.slice(0, at) + letter + good.slice(at + 1));
    const headers = fc.record(
      {
        'bcdn-grant': fc.oneof(text, damaged),
        'bcdn-receipt': text,
        range: fc.oneof(
          text,
          fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `bytes=${a}-${b}`),
        ),
        'if-none-match': text,
        'if-range': text,
        accept: text,
      },
      { requiredKeys: [] },
    );
    const path = fc.oneof(
      fc.constant(blockPath),
      text.map((tail) => `/ipfs/${encodeURI(tail)}`),
      text.map((tail) => `/${encodeURI(tail)}`),
    );
    await fc.assert(
      fc.asyncProperty(headers, path, async (headerValues, target) => {
        const { statusCode, body } = await request(fixture.origin + target, { headers: headerValues });
        await body.dump();
        expect(statusCode).to.be.within(200, 499);
      }),
      { numRuns: 150 },
    );
    expect(fixture.logged).to.deep.equal([]);
  });
});
