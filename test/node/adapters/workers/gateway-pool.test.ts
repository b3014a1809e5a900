import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import { expect } from 'chai';
import { Client, request } from 'undici';

import { parseEpoch } from '../../../../sdk/protocol/identifiers.ts';
import { encodeSignedReceipts } from '../../../../sdk/protocol/receipt.ts';
import type { PoolStanding } from '../../../../node/adapters/workers/gateway-pool.ts';
import { contentOf, patternBytes, type TestContent } from '../content-fixture.ts';
import { DEAL_ID, grantHeader, receiptHeader, signedReceipt } from '../http/gateway-fixture.ts';
import { PoolFixture } from './pool-fixture.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const DEADLINE_MS = 10_000;
const FREE_BYTES = 40 * MIB;

/** Waits for something that another process does. */
async function until(happened: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!happened()) {
    if (performance.now() > deadline) expect.fail('it did not happen in time');
    await pause(10);
  }
}

async function get(client: Client, path: string, headers: Record<string, string> = {}) {
  const { statusCode, headers: answered, body } = await client.request({ method: 'GET', path, headers });
  return { status: statusCode, headers: answered, bytes: Buffer.from(await body.arrayBuffer()) };
}

function connectionsOf({ processes }: PoolStanding, pid: number): number {
  return processes.find((process) => process.pid === pid)?.connections ?? 0;
}

function refusalIn({ status, bytes }: { status: number; bytes: Buffer }): object {
  const { error } = JSON.parse(bytes.toString()) as { error: { code: string; values: object } };
  return { status, code: error.code, values: error.values };
}

describe('Gateway pool: two workers behind one port', () => {
  let content: TestContent;
  let fixture: PoolFixture;
  /** One kept connection to each worker. */
  let clients: [Client, Client];

  before(async () => {
    content = await contentOf([{ content: patternBytes(5 * MIB) }]);
    fixture = await PoolFixture.start({ content, freeBytesPerMinute: FREE_BYTES });
    clients = [new Client(fixture.origin), new Client(fixture.origin)];
    for (const client of clients) await get(client, '/livez');
  });
  after(async () => {
    await Promise.all(clients.map((client) => client.destroy()));
    await fixture.stop();
  });

  const leafPath = (index: number): string =>
    `/ipfs/${content.leaves[index]?.cid.toString() ?? ''}?format=raw`;
  const leafBytes = (index: number): Uint8Array => content.leaves[index]?.bytes ?? new Uint8Array(0);

  it('have one connection each, and serve the same bytes', async () => {
    expect(fixture.pool.standing()).to.deep.include({ wanted: 2, serving: 2, restarts: 0, connections: 2 });
    expect(fixture.pool.standing().processes.map(({ connections }) => connections)).to.deep.equal([1, 1]);
    for (const client of clients) {
      const { status, bytes, headers } = await get(client, `/ipfs/${content.root.toString()}`);
      expect([status, headers['cache-status']]).to.deep.equal([200, 'bcdn; hit']);
      expect(bytes.equals(patternBytes(5 * MIB))).to.equal(true);
    }
  });

  it('keep one ledger: a grant goes on at the other worker, and the sums are exact', async () => {
    const grant = fixture.base.grant();
    const bcdnGrant = grantHeader(grant);
    let served = 0;
    for (let index = 0; index < content.leaves.length; index++) {
      const receipt = index === 0 ? {} : { 'bcdn-receipt': receiptHeader(grant, served) };
      const client = clients[index % 2] ?? clients[0];
      const answer = await get(client, leafPath(index), { 'bcdn-grant': bcdnGrant, ...receipt });
      expect(answer.status).to.equal(200);
      expect(answer.bytes.equals(leafBytes(index))).to.equal(true);
      served += answer.bytes.length;
      expect(Number(answer.headers['bcdn-served'])).to.equal(served);
    }
    const posted = await clients[0].request({
      ...{ method: 'POST', path: '/bcdn/v1/receipts' },
      body: encodeSignedReceipts([signedReceipt(grant, served)]),
    });
    expect(await posted.body.json()).to.have.nested.property('acknowledged[0].bytes', served);
    expect(fixture.base.ledger.meterOf(DEAL_ID)).to.include({
      ...{ servedBytes: served, receiptedBytes: served, durableBytes: served },
      ...{ unreceiptedBytes: 0, lostBytes: 0, atRiskBytes: 0 },
    });
  });

  it('tell the store what is asked for', async () => {
    await get(clients[1], leafPath(3));
    const digest = Buffer.from(content.leaves[3]?.cid.multihash.digest ?? []).toString('hex');
    await until(() => fixture.reports.some(({ touched }) => touched.includes(digest)));
    expect(fixture.reports.reduce((sum, { readBytes }) => sum + readBytes, 0)).to.be.greaterThan(0);
  });

  it('refuse with the same codes and values, and ration an address once', async () => {
    const expired = grantHeader(fixture.base.grant({ epoch: parseEpoch(1) }));
    expect(refusalIn(await get(clients[0], leafPath(0), { 'bcdn-grant': expired }))).to.deep.include({
      status: 403,
      code: 'GRANT_EXPIRED',
    });
    const small = grantHeader(fixture.base.grant({ capBytes: 10n }));
    expect(refusalIn(await get(clients[1], leafPath(0), { 'bcdn-grant': small }))).to.deep.equal({
      ...{ status: 403, code: 'GRANT_OVER_CAP' },
      values: { capBytes: '10', usedBytes: 0, requestedBytes: leafBytes(0).length },
    });
    const file = `/ipfs/${content.root.toString()}`;
    let given = 0;
    for (let at = 0; given < FREE_BYTES; at++) {
      const answer = await get(clients[at % 2] ?? clients[0], file);
      if (answer.status !== 200) {
        expect(refusalIn(answer)).to.include({ status: 402, code: 'FREE_ALLOWANCE_EXHAUSTED' });
        break;
      }
      given += answer.bytes.length;
    }
    expect(given).to.be.within(FREE_BYTES - 15 * MIB, FREE_BYTES);
  });
});

describe('Gateway pool: sums, deaths and the end', () => {
  let content: TestContent;
  let fixture: PoolFixture;
  /** One kept connection to each worker. */
  let clients: [Client, Client];

  before(async () => {
    content = await contentOf([{ content: patternBytes(5 * MIB) }]);
    fixture = await PoolFixture.start({ content, freeBytesPerMinute: FREE_BYTES });
    clients = [new Client(fixture.origin), new Client(fixture.origin)];
    for (const client of clients) await get(client, '/livez');
  });
  after(async () => {
    await Promise.all(clients.map((client) => client.destroy()));
    await fixture.stop();
  });

  const leafPath = (index: number): string =>
    `/ipfs/${content.leaves[index]?.cid.toString() ?? ''}?format=raw`;
  const leafBytes = (index: number): Uint8Array => content.leaves[index]?.bytes ?? new Uint8Array(0);

  it('count as one node', async () => {
    for (const client of clients) await get(client, leafPath(0));
    const { bytes } = await get(clients[0], '/metrics');
    const lines = bytes.toString().split('\n');
    expect(lines).to.include('bcdn_http_requests_total{route="ipfs",status="200"} 2');
    expect(lines).to.include('bcdn_http_requests_total{route="livez",status="200"} 2');
    expect(lines).to.include(`bcdn_served_bytes_total{kind="free"} ${2 * leafBytes(0).length}`);
    expect(lines).to.include('bcdn_http_request_duration_seconds_count{route="ipfs"} 2');
    expect(lines).to.include('bcdn_http_connections 2');
    const [killed] = fixture.pool.standing().processes;
    await fixture.pool.collect();
    process.kill(killed?.pid ?? 0, 'SIGKILL');
    await until(() => fixture.pool.standing().restarts === 1 && fixture.pool.standing().serving === 2);
    const later = await request(`${fixture.origin}/metrics`);
    expect((await later.body.text()).split('\n')).to.include(
      'bcdn_http_requests_total{route="ipfs",status="200"} 2',
    );
  });

  it('lose nothing that was receipted when one is killed in the middle, and one is begun again', async () => {
    const grant = fixture.base.grant();
    const bcdnGrant = grantHeader(grant);
    await get(clients[0], leafPath(0), { 'bcdn-grant': bcdnGrant });
    const done = leafBytes(0).length;
    const before = fixture.pool.standing();
    const stalled = connect(Number(new URL(fixture.origin).port), '127.0.0.1');
    await once(stalled, 'connect');
    await until(() => fixture.pool.standing().connections === before.connections + 1);
    const busy = fixture.pool
      .standing()
      .processes.find(({ pid, connections }) => connections > connectionsOf(before, pid));
    const file = `/ipfs/${content.root.toString()}`;
    stalled.pause();
    stalled.write(
      `GET ${file} HTTP/1.1\r\nhost: a\r\nrange: bytes=0-${MIB - 1}\r\nbcdn-grant: ${bcdnGrant}\r\n` +
        `bcdn-receipt: ${receiptHeader(grant, done)}\r\n\r\n`,
    );
    await until(() => (fixture.base.ledger.meterOf(DEAL_ID)?.unreceiptedBytes ?? 0) === MIB);
    process.kill(busy?.pid ?? 0, 'SIGKILL');
    await until(() => fixture.base.ledger.meterOf(DEAL_ID)?.unreceiptedBytes === 0);
    stalled.destroy();
    expect(fixture.base.ledger.meterOf(DEAL_ID)).to.include({ servedBytes: done, receiptedBytes: done });
    // The viewer may have got all of it: what it signs for is taken, once.
    await until(() => fixture.pool.standing().restarts === 2 && fixture.pool.standing().serving === 2);
    const fresh = new Client(fixture.origin);
    const again = await get(fresh, leafPath(1), {
      ...{ 'bcdn-grant': bcdnGrant, 'bcdn-receipt': receiptHeader(grant, done + MIB) },
    });
    expect(again.status).to.equal(200);
    await fresh.destroy();
    const served = done + MIB + leafBytes(1).length;
    await until(() => fixture.base.ledger.meterOf(DEAL_ID)?.servedBytes === served);
    expect(fixture.base.ledger.meterOf(DEAL_ID)?.receiptedBytes).to.equal(done + MIB);
    const beyond = await request(`${fixture.origin}${leafPath(2)}`, {
      headers: { 'bcdn-grant': bcdnGrant, 'bcdn-receipt': receiptHeader(grant, 4 * MIB) },
    });
    expect(await beyond.body.text()).to.include('RECEIPT_BEYOND_SERVED');
    expect(fixture.base.logged.map(({ message }) => message)).to.include(
      'A worker process ended; it is begun again',
    );
  });

  it('let transfers end when the node stops, and take no more connections', async () => {
    const slow = connect(Number(new URL(fixture.origin).port), '127.0.0.1');
    await once(slow, 'connect');
    slow.pause();
    slow.write(`GET /ipfs/${content.root.toString()} HTTP/1.1\r\nhost: a\r\n\r\n`);
    await once(slow, 'readable');
    const stopped = fixture.pool.stop(DEADLINE_MS);
    let bytes = 0;
    slow.on('data', (chunk: Buffer) => (bytes += chunk.length));
    await once(slow, 'end');
    expect(bytes).to.be.greaterThan(5 * MIB);
    await stopped;
    const late = connect(Number(new URL(fixture.origin).port), '127.0.0.1');
    const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).to.equal('ECONNREFUSED');
  });
});

describe('Gateway pool: removal', () => {
  let content: TestContent;
  let fixture: PoolFixture;
  /** One kept connection to each worker. */
  let clients: [Client, Client];

  before(async () => {
    content = await contentOf([{ content: patternBytes(5 * MIB) }]);
    fixture = await PoolFixture.start({ content, freeBytesPerMinute: FREE_BYTES });
    clients = [new Client(fixture.origin), new Client(fixture.origin)];
    for (const client of clients) await get(client, '/livez');
  });
  after(async () => {
    await Promise.all(clients.map((client) => client.destroy()));
    await fixture.stop();
  });

  const leafPath = (index: number): string =>
    `/ipfs/${content.leaves[index]?.cid.toString() ?? ''}?format=raw`;

  it('forget what is removed from the store', async () => {
    for (const client of clients) expect((await get(client, leafPath(0))).status).to.equal(200);
    const { deal } = fixture.base;
    const root = deal?.contentRoot ?? fixture.base.grant().contentRoot;
    fixture.base.store.unpin(root, DEAL_ID);
    await fixture.base.store.deleteContent(root);
    await fixture.pool.forget([]);
    for (const client of clients) expect((await get(client, leafPath(0))).status).to.equal(404);
  });
});
