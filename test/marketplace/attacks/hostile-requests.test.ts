import { expect } from 'chai';

import { startMarketplace } from '../../../marketplace/server/start-marketplace.ts';
import { silentLogger, TestMarket } from '../market-fixture.ts';
import { temporaryStorage } from '../storage-fixture.ts';

const WORD = `0x${'11'.repeat(32)}`;
const ADDRESS = `0x${'22'.repeat(20)}`;

/** In paths and queries: what databases, files, pages and logs could stumble over. */
const HOSTILE_TEXTS = [
  '',
  '\0',
  'a\0b',
  "' OR 1=1 --",
  '%',
  '_%',
  '<script>alert(1)</script>',
  '=cmd|calc',
  '../../etc/passwd',
  '‮gnp.exe',
  '\uD800',
  '💥'.repeat(40),
  '0x',
  `${WORD}/${ADDRESS}/99999999999999999999`,
  '-1',
  '1e400',
  'Infinity',
  '9007199254740993',
  'NaN',
];

const deep = (open: string, close: string, levels: number): string =>
  open.repeat(levels) + close.repeat(levels);
/** Bodies that are JSON, or nearly. */
const HOSTILE_BODIES = [
  '',
  'null',
  '0',
  '"text"',
  '[]',
  '{}',
  '{"__proto__":{"admin":true}}',
  '{"constructor":{"prototype":{"admin":true}}}',
  '{"viewerKey":1,"viewerKey":2}',
  '{"a":1e999}',
  `{"receipts":"${'A'.repeat(1_000)}","dealId":"${WORD}","node":"${ADDRESS}","throughEpoch":4294967295,"expiresAt":1e15,"signature":"AA"}`,
  `{"receipts":"="}`,
  `{"bytes":1e308,"expectedDeliveryBytes":1,"replicas":1}`,
  `{"bytes":1,"expectedDeliveryBytes":1,"replicas":1,"days":5e-324,"bitrate":5e-324,"peakViewers":1}`,
  `{"bytes":0,"expectedDeliveryBytes":1125899906842624,"replicas":64,"maxRatePerGiB":"${'9'.repeat(39)}"}`,
  `{"viewerKey":"${ADDRESS}","nonce":"${WORD}","expiresAt":99999999999,"signature":"${'A'.repeat(86)}","cid":"\\u0000"}`,
  `{"viewerKey":"${ADDRESS}","nonce":"${WORD}","expiresAt":0,"signature":"","dealId":"${WORD}"}`,
  `{"kind":"file","url":"javascript:alert(1)","bytes":0,"etag":"\\u0000","lastModified":"\\ud800","issuedAt":1,"signature":"AA"}`,
  `{"audienceKey":"${ADDRESS}","issuedAt":99999999999,"signature":"${'A'.repeat(86)}"}`,
  `{"label":"\\u0000","carries":true,"expiresAt":99999999999,"signature":"AA"}`,
  `{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[${deep('[', ']', 5_000)}]}`,
  `[${deep('[', ']', 5_000)}]`,
  deep('[', ']', 50_000),
  deep('{"a":', '}', 20_000).replace(':}', ':1}'),
  '﻿{}',
  '{"address":"\\u0000"}',
  `{"bytes":"Infinity","expectedDeliveryBytes":"1e400","replicas":"Infinity"}`,
  `{"audienceKey":"${ADDRESS}","issuedAt":"Infinity","signature":"AA"}`,
];

interface Answered {
  readonly what: string;
  readonly status: number;
  readonly code: string | undefined;
}

describe('requests made to break something', function () {
  this.timeout(120_000);
  let url: string;
  let routes: readonly (readonly [method: string, path: string, parameters: readonly string[]])[];
  const cleanups: (() => Promise<void>)[] = [];

  before(async () => {
    const market = await TestMarket.open();
    cleanups.push(() => market.close());
    const storage = await temporaryStorage();
    cleanups.push(storage.remove);
    const freely = { perSecond: 1e9, burst: 1e9 };
    const classes = ['ordinary', 'expensive', 'books', 'coordinator', 'keys', 'development'] as const;
    const marketplace = await startMarketplace(
      {
        ...{ ...storage.choice, rpcUrl: market.chain.url, deployment: market.deployment, pollIntervalMs: 20 },
        ...{ addressRate: freely, callRates: Object.fromEntries(classes.map((name) => [name, freely])) },
        development: {},
      },
      silentLogger,
    );
    cleanups.push(() => marketplace.stop());
    ({ url } = marketplace);
    const description = (await (await fetch(`${url}/v1/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { parameters?: { in: string; name: string }[] }>>;
    };
    routes = Object.entries(description.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { parameters = [] }]) => {
        const names = parameters.filter((each) => each.in === 'query').map(({ name }) => name);
        return [method.toUpperCase(), path, names] as const;
      }),
    );
  });

  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  const plain = (path: string): string =>
    path.replace(/\{(\w+)\}/g, (_all, name: string) =>
      name === 'dealId' || name === 'hash' ? WORD : name === 'epoch' ? '7' : ADDRESS,
    );

  async function ask(method: string, path: string, body?: string): Promise<Answered> {
    const response = await fetch(url + path, {
      method,
      ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
    const answer = isJson ? (JSON.parse(text) as { error?: { code?: string | number } }) : {};
    const what = `${method} ${path.slice(0, 120)} ${(body ?? '').slice(0, 120)}`;
    const code = answer.error?.code;
    // JSON-RPC has codes of its own.
    return { what, status: response.status, code: code === undefined ? undefined : String(code) };
  }

  /** An answer that somebody meant: never a failure that nobody foresaw, never one without a code. */
  function unforeseen({ status, code }: Answered): boolean {
    return (
      code === 'INTERNAL' || code?.startsWith('DATABASE_') === true || (status >= 400 && code === undefined)
    );
  }

  it('are answered by a named refusal on every path and query', async () => {
    const answers: Answered[] = [];
    for (const [method, path, names] of routes.filter(([each]) => each === 'GET')) {
      for (const text of HOSTILE_TEXTS) {
        const hostile = encodeURIComponent(text.toWellFormed());
        for (const name of names) answers.push(await ask(method, `${plain(path)}?${name}=${hostile}`));
        if (path.includes('{'))
          answers.push(await ask(method, path.replace(/\{\w+\}/, hostile).replaceAll(/\{\w+\}/g, '7')));
      }
    }
    expect(answers.length).to.be.greaterThan(500);
    expect(answers.filter(unforeseen)).to.deep.equal([]);
  });

  it('are answered by a named refusal whatever their body is', async () => {
    const answers: Answered[] = [];
    for (const [method, path] of routes.filter(([each]) => each === 'POST'))
      for (const body of HOSTILE_BODIES) answers.push(await ask(method, plain(path), body));
    expect(answers.length).to.be.greaterThan(300);
    expect(answers.filter(unforeseen)).to.deep.equal([]);
    expect(Object.keys(Object.prototype)).to.deep.equal([]);
  });

  it('leave a marketplace that works', async () => {
    expect((await ask('GET', '/v1/network')).status).to.equal(200);
    expect((await ask('GET', '/metrics')).status).to.equal(200);
  });
});
