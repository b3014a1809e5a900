import { expect } from 'chai';
import { request as httpRequest } from 'node:http';

import { DashboardDoor } from '../../../../node/app/dashboard/dashboard-door.ts';
import type { PageFiles } from '../../../../node/app/dashboard/page-files.ts';
import { NodeError } from '../../../../node/app/node-error.ts';

const TOKEN = 'r8Vn5QxLw2yTz0aBcDeFgHiJkLmNoPqRsTuVwXyZ012';
const PAGE = '<!doctype html><title>Node</title>';

const pages: PageFiles = new Map([
  ['/', { type: 'text/html; charset=utf-8', body: Buffer.from(PAGE), isLasting: false }],
  ['/assets/a-1.js', { type: 'text/javascript', body: Buffer.from('1'), isLasting: true }],
]);

interface Reply {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
}

describe("door of the operator's desk", () => {
  let door: DashboardDoor;
  let asked: unknown[];
  let port: number;

  beforeEach(async () => {
    asked = [];
    door = new DashboardDoor({
      token: TOKEN,
      pages,
      actions: {
        '/status': async (body) => {
          asked.push(body);
          return { state: 'serving', dueWei: 12n };
        },
        '/settle': async () => {
          throw new NodeError('NODE_NOT_READY', { message: 'The node is still starting.', remedy: 'Wait.' });
        },
      },
    });
    await door.start(0);
    port = Number(new URL(door.url).port);
  });

  afterEach(() => door.stop());

  const good = (): Record<string, string> => ({
    authorization: `Bearer ${TOKEN}`,
    'content-type': 'application/json',
  });

  function send(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body = '',
  ): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest({ host: '127.0.0.1', port, method, path, headers }, (incoming) => {
        let text = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (part: string) => (text += part));
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }),
        );
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  const codeOf = ({ text }: Reply): string => (JSON.parse(text) as { error: { code: string } }).error.code;

  it('answers an action with plain JSON that nobody keeps', async () => {
    const reply = await send('POST', '/v1/status', good(), '{"a":1}');
    expect(reply.status).to.equal(200);
    expect(JSON.parse(reply.text)).to.deep.equal({ state: 'serving', dueWei: '12' });
    expect(asked).to.deep.equal([{ a: 1 }]);
    expect(reply.headers['cache-control']).to.equal('no-store');
  });

  it('tells a failure with its code, sentence and remedy', async () => {
    const reply = await send('POST', '/v1/settle', good(), '{}');
    expect(reply.status).to.equal(400);
    expect(JSON.parse(reply.text)).to.deep.equal({
      error: { code: 'NODE_NOT_READY', message: 'The node is still starting.', values: {}, remedy: 'Wait.' },
    });
  });

  for (const [name, authorization] of [
    ['without a token', undefined],
    ['with another token', `Bearer ${'A'.repeat(TOKEN.length)}`],
    ['with the beginning of the token', `Bearer ${TOKEN.slice(0, -1)}`],
    ['with the token in another scheme', `Basic ${TOKEN}`],
  ] as const) {
    it(`refuses an action ${name}, and does nothing`, async () => {
      const type = { 'content-type': 'application/json' };
      const headers = authorization === undefined ? type : { ...type, authorization };
      const reply = await send('POST', '/v1/status', headers, '{}');
      expect([reply.status, codeOf(reply)]).to.deep.equal([401, 'DASHBOARD_TOKEN_WRONG']);
      expect(asked).to.deep.equal([]);
    });
  }

  it('refuses the name of another site, whatever it resolves to', async () => {
    for (const host of [
      `evil.example:${port}`,
      `127.0.0.1:${port + 1}`,
      '127.0.0.1',
      `127.0.0.1.evil.example:${port}`,
    ]) {
      const [action, page] = [
        await send('POST', '/v1/status', { ...good(), host }, '{}'),
        await send('GET', '/', { host }),
      ];
      expect([action.status, page.status], host).to.deep.equal([421, 421]);
    }
    expect(asked).to.deep.equal([]);
    expect((await send('GET', '/', { host: `localhost:${port}` })).status).to.equal(200);
  });

  it('refuses requests that pages of other sites send, with the token too', async () => {
    for (const origin of [
      'https://evil.example',
      'null',
      `https://127.0.0.1:${port}`,
      `http://127.0.0.1:${port + 1}`,
    ]) {
      const reply = await send('POST', '/v1/status', { ...good(), origin }, '{}');
      expect([reply.status, codeOf(reply)], origin).to.deep.equal([403, 'DASHBOARD_REFUSED']);
    }
    expect(asked).to.deep.equal([]);
    const own = await send('POST', '/v1/status', { ...good(), origin: door.url }, '{}');
    expect(own.status).to.equal(200);
    expect(own.headers['access-control-allow-origin']).to.equal(undefined);
  });

  it('takes JSON only: what a form can send is refused', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', '']) {
      const reply = await send('POST', '/v1/status', { ...good(), 'content-type': type }, '{}');
      expect(reply.status, type).to.equal(415);
    }
    expect(asked).to.deep.equal([]);
  });

  it('refuses what is not JSON, what is too large, other methods and unknown actions', async () => {
    const broken = await send('POST', '/v1/status', good(), '{');
    expect([broken.status, codeOf(broken)]).to.deep.equal([400, 'CONTROL_MALFORMED']);
    const large = await send('POST', '/v1/status', good(), JSON.stringify('x'.repeat(20_000)));
    expect([large.status, codeOf(large)]).to.deep.equal([400, 'CONTROL_MALFORMED']);
    expect((await send('GET', '/v1/status', good())).status).to.equal(405);
    expect((await send('POST', '/')).status).to.equal(405);
    for (const path of ['/v1/withdraw', '/v1/constructor', '/v1/', '/v1']) {
      expect((await send('POST', path, good(), '{}')).status, path).to.equal(404);
    }
    expect(asked).to.deep.equal([]);
  });

  it('shows pages to everybody on this machine, under a policy that lets nothing else in', async () => {
    const page = await send('GET', '/?x=1');
    expect([page.status, page.text]).to.deep.equal([200, PAGE]);
    expect(page.headers).to.include({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
    });
    const policy = String(page.headers['content-security-policy']);
    expect(policy).to.contain("default-src 'none'").and.contain("frame-ancestors 'none'");
    expect(policy).not.to.contain('unsafe').and.not.to.contain('*');
    expect(page.headers['set-cookie']).to.equal(undefined);
    expect((await send('HEAD', '/')).text).to.equal('');
    expect((await send('GET', '/assets/a-1.js')).headers['cache-control']).to.contain('immutable');
    expect((await send('GET', '/assets/../../etc/passwd')).status).to.equal(404);
  });

  it('says which port is taken, and how to choose another', async () => {
    const second = new DashboardDoor({ token: TOKEN, pages, actions: {} });
    let refusal: unknown;
    try {
      await second.start(port);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).to.be.instanceOf(NodeError);
    expect(refusal).to.deep.include({
      code: 'PORT_IN_USE',
      values: { host: '127.0.0.1', dashboardPort: port },
    });
    await second.stop();
  });
});
