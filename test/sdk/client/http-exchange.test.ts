import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect } from 'chai';

import { ClientError } from '../../../sdk/client/client-error.ts';
import { FetchExchange } from '../../../sdk/client/fetch-exchange.ts';
import type { HttpAnswer, HttpExchange, HttpRequest } from '../../../sdk/client/http-exchange.ts';
import { UndiciExchange } from '../../../sdk/client/undici-exchange.ts';

describe('UndiciExchange, asked for the hash of a body', () => {
  it('makes it while the body arrives where that is fast, and leaves it to the caller where it is not', async () => {
    const parts = ['a', 'bc'.repeat(100_000), 'd'];
    const server = createServer((_request, response) => {
      for (const part of parts) response.write(part);
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const answers: HttpAnswer[] = [];
    for (const hashes of [true, false]) {
      const http = new UndiciExchange({ hashes });
      const ask = { method: 'GET', url, maxBytes: 300_000, stallTimeoutMs: 5_000 } as const;
      answers.push(await http.request({ ...ask, sha256: true }), await http.request(ask));
      await http.close();
    }
    server.close();
    const [asked, unasked, slow] = answers;
    expect(Buffer.from(asked?.sha256 ?? [])).to.deep.equal(
      createHash('sha256').update(parts.join('')).digest(),
    );
    expect(unasked?.sha256).to.equal(undefined);
    expect(slow?.sha256).to.equal(undefined);
    for (const { waitedMs } of answers) expect(waitedMs).to.be.at.least(0);
  });
});

for (const [name, create] of [
  ['UndiciExchange', () => new UndiciExchange()],
  ['FetchExchange', () => new FetchExchange()],
] as const) {
  describe(name, () => {
    let server: Server;
    let url: string;
    let http: HttpExchange;
    let serve: (request: IncomingMessage, response: ServerResponse) => void;

    beforeEach(async () => {
      http = create();
      server = createServer((request, response) => serve(request, response));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/path?query`;
    });

    afterEach(async () => {
      await http.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });

    function ask(changes: Partial<HttpRequest> = {}): Promise<HttpAnswer> {
      return http.request({ method: 'GET', url, maxBytes: 1000, stallTimeoutMs: 5_000, ...changes });
    }

    async function failure(attempt: Promise<unknown>): Promise<ClientError> {
      try {
        await attempt;
      } catch (error) {
        if (error instanceof ClientError) return error;
        throw error;
      }
      return expect.fail('nothing failed');
    }

    it('hands status, headers and body on, with and without an announced length', async () => {
      for (const announced of [true, false]) {
        serve = (request, response) => {
          expect(request.url).to.equal('/path?query');
          expect(request.headers['bcdn-grant']).to.equal('g');
          response.statusCode = 402;
          response.setHeader('bcdn-credit', '65536');
          if (announced) response.setHeader('content-length', 6);
          response.write('abc');
          response.end('def');
        };
        const answer = await ask({ headers: { 'bcdn-grant': 'g' } });
        expect(answer.status).to.equal(402);
        expect(answer.header('bcdn-credit')).to.equal('65536');
        expect(answer.header('absent')).to.equal(undefined);
        expect(Buffer.from(answer.body).toString()).to.equal('abcdef');
      }
    });

    it('sends bodies', async () => {
      serve = (request, response) => request.pipe(response);
      const answer = await ask({ method: 'POST', body: Uint8Array.of(1, 2, 3) });
      expect([...answer.body]).to.deep.equal([1, 2, 3]);
    });

    it('refuses more than was asked for, announced or not', async () => {
      for (const announced of [true, false]) {
        serve = (_request, response) => {
          if (announced) response.setHeader('content-length', 1001);
          response.end(Buffer.alloc(1001));
        };
        const error = await failure(ask());
        expect(error.code).to.equal('ANSWER_TOO_LARGE');
        expect(error.values).to.include({ url, limit: 1000 });
      }
    });

    it('tells a silent server from one that cannot be reached', async function () {
      this.timeout(10_000);
      serve = (_request, response) => {
        response.setHeader('content-length', 10);
        response.write('abc');
      };
      const silent = await failure(ask({ stallTimeoutMs: 100 }));
      expect(silent.code).to.equal('STALLED');
      expect(silent.values['timeoutMs']).to.equal(100);
      serve = (request) => request.socket.destroy();
      expect((await failure(ask())).code).to.equal('UNREACHABLE');
    });

    it('ends with the reason of the signal', async () => {
      const controller = new AbortController();
      serve = () => controller.abort();
      await ask({ signal: controller.signal }).then(
        () => expect.fail('it went on'),
        (error: unknown) => expect(error).to.equal(controller.signal.reason),
      );
    });
  });
}
