import * as dagPb from '@ipld/dag-pb';
import { expect } from 'chai';
import { UnixFS } from 'ipfs-unixfs';
import { CID } from 'multiformats/cid';
import { request } from 'undici';

import { contentRootOf } from '../../../../sdk/protocol/content.ts';
import { contentOf, patternBytes, rawCidOf } from '../content-fixture.ts';
import { GatewayFixture, grantHeader } from './gateway-fixture.ts';
import { refusalOf } from './json-reply.ts';

const FILE_BYTES = 300_000;

async function fetched(
  url: string,
  headers: Record<string, string> = {},
  method: 'GET' | 'HEAD' = 'GET',
): Promise<{ status: number; headers: Record<string, string | string[] | undefined>; bytes: Buffer }> {
  const { statusCode, headers: answered, body } = await request(url, { headers, method });
  return { status: statusCode, headers: answered, bytes: Buffer.from(await body.arrayBuffer()) };
}

describe('Gateway: files', () => {
  const file = Buffer.from(patternBytes(FILE_BYTES));
  let fixture: GatewayFixture;
  let root: CID;
  let url: string;

  before(async () => {
    const content = await contentOf([
      { path: 'films/one.mp4', content: file },
      { path: 'films/a b ü.txt', content: Buffer.from('text') },
      { path: 'empty', content: new Uint8Array(0) },
    ]);
    fixture = await GatewayFixture.start({ content, options: { freeBytesPerMinute: Infinity } });
    root = content.root;
    url = `${fixture.origin}/ipfs/${root.toString()}/films/one.mp4`;
  });

  after(async () => {
    await fixture.stop();
  });

  it('come whole, with the headers that caches and players need', async () => {
    const { status, headers, bytes } = await fetched(url);
    expect(status).to.equal(200);
    expect(bytes.equals(file)).to.equal(true);
    expect(headers).to.include({
      'content-length': String(FILE_BYTES),
      'content-type': 'video/mp4',
      'accept-ranges': 'bytes',
      'cache-control': 'public, max-age=29030400, immutable',
      'cache-status': 'bcdn; hit',
      'access-control-allow-origin': '*',
      'x-content-type-options': 'nosniff',
    });
    expect(headers['etag']).to.match(/^"baf[a-z2-7]+"$/);
    expect(headers['server-timing']).to.match(/^total;dur=\d+\.\d$/);
    expect(headers['access-control-expose-headers'])
      .to.contain('bcdn-credit')
      .and.to.contain('content-range');
  });

  it('come in single ranges of every form', async () => {
    for (const [range, start, end] of [
      ['bytes=0-0', 0, 0],
      ['bytes=65530-65540', 65530, 65540],
      ['bytes=299990-', 299990, 299999],
      ['bytes=-10', 299990, 299999],
      ['bytes=-999999', 0, 299999],
      ['bytes=0-999999999', 0, 299999],
    ] as const) {
      const { status, headers, bytes } = await fetched(url, { range });
      expect(status, range).to.equal(206);
      expect(headers['content-range']).to.equal(`bytes ${start}-${end}/${FILE_BYTES}`);
      expect(bytes.equals(file.subarray(start, end + 1)), range).to.equal(true);
    }
  });

  it('refuse a range outside, and ignore what is no range', async () => {
    const outside = await request(url, { headers: { range: 'bytes=300000-' } });
    expect(outside.statusCode).to.equal(416);
    expect(outside.headers['content-range']).to.equal('bytes */300000');
    expect(await outside.body.json()).to.have.nested.property('error.code', 'RANGE_UNSATISFIABLE');
    for (const range of ['bytes=-', 'lines=1-2', 'bytes=x-y', 'bytes=5-1']) {
      const { status, bytes } = await fetched(url, { range });
      expect([status, bytes.length], range).to.deep.equal([200, FILE_BYTES]);
    }
  });

  it('answer HEAD without a body, 304 when the client has it, and If-Range by the ETag', async () => {
    const head = await fetched(url, { range: 'bytes=0-9' }, 'HEAD');
    expect([head.status, head.bytes.length, head.headers['content-length']]).to.deep.equal([
      200,
      0,
      '300000',
    ]);
    const etag = String(head.headers['etag']);
    for (const condition of [etag, `W/${etag}`, '*', `"other", ${etag}`]) {
      const { status, bytes } = await fetched(url, { 'if-none-match': condition });
      expect([status, bytes.length], condition).to.deep.equal([304, 0]);
    }
    expect((await fetched(url, { 'if-none-match': '"other"' })).status).to.equal(200);
    expect((await fetched(url, { range: 'bytes=0-9', 'if-range': etag })).status).to.equal(206);
    expect((await fetched(url, { range: 'bytes=0-9', 'if-range': '"other"' })).status).to.equal(200);
  });

  it('may be empty, and have names with blanks and letters of any language', async () => {
    const empty = await fetched(`${fixture.origin}/ipfs/${root.toString()}/empty`);
    expect([empty.status, empty.bytes.length]).to.deep.equal([200, 0]);
    const named = await fetched(`${fixture.origin}/ipfs/${root.toString()}/films/a%20b%20%C3%BC.txt`);
    expect([named.status, named.bytes.toString()]).to.deep.equal([200, 'text']);
  });

  it('are refused with a code when the path is wrong', async () => {
    const base = `${fixture.origin}/ipfs/${root.toString()}`;
    expect(await refusalOf(`${base}/films/two.mp4`)).to.deep.equal({
      status: 404,
      code: 'PATH_NOT_FOUND',
      values: { path: `${root.toString()}/films/two.mp4` },
    });
    expect(await refusalOf(`${base}/films/one.mp4/`)).to.include({ status: 404, code: 'PATH_NOT_FOUND' });
    expect(await refusalOf(`${base}/films/one.mp4/more`)).to.include({ status: 404, code: 'PATH_NOT_FOUND' });
    expect(await refusalOf(`${fixture.origin}/ipns/example.org/x`)).to.include({
      status: 404,
      code: 'NAMES_NOT_SERVED',
    });
    expect(await refusalOf(`${base}/${'a'.repeat(2000)}`)).to.include({ status: 414, code: 'PATH_TOO_LONG' });
    expect(await refusalOf(`${base}?${'a'.repeat(5000)}`)).to.include({
      status: 414,
      code: 'TARGET_TOO_LONG',
    });
    expect(await refusalOf(`${base}/%ff`)).to.include({ status: 400, code: 'PATH_INVALID' });
    expect(await refusalOf(`${base}/${'a/'.repeat(40)}`)).to.include({ status: 400, code: 'PATH_INVALID' });
    expect(await refusalOf(`${fixture.origin}/ipfs/notacid`)).to.deep.equal({
      status: 400,
      code: 'CID_INVALID',
      values: { length: 7 },
    });
    const sha1 = 'bafkrcfccxccxccxccxccxccxccxccxccxccxccxccxc';
    expect((await refusalOf(`${fixture.origin}/ipfs/${sha1}`)).status).to.equal(400);
    expect(await refusalOf(`${base}?format=tar`)).to.deep.equal({
      status: 400,
      code: 'FORMAT_UNSUPPORTED',
      values: { format: 'tar' },
    });
    expect(await refusalOf(`${base}/films?format=raw`)).to.include({
      status: 400,
      code: 'FORMAT_UNSUPPORTED',
    });
  });

  it('are paid by a grant when they fit its credit, with ranges otherwise', async () => {
    const headers = { 'bcdn-grant': grantHeader(fixture.grant()), range: 'bytes=0-59999' };
    const { status, headers: answered, bytes } = await fetched(url, headers);
    expect([status, bytes.length, answered['bcdn-served']]).to.deep.equal([206, 60_000, '60000']);
    const more = await refusalOf(url, { headers });
    expect(more).to.include({ status: 402, code: 'CREDIT_EXHAUSTED' });
  });
});

describe('Gateway: what is not there', () => {
  it('answers 404 for an unknown block and an unknown path, and 405 with what is allowed', async () => {
    const fixture = await GatewayFixture.start();
    try {
      const cid = rawCidOf(Uint8Array.of(5)).toString();
      const expected = { status: 404, code: 'BLOCK_NOT_FOUND', values: { cid } };
      expect(await refusalOf(`${fixture.origin}/ipfs/${cid}?format=raw`)).to.deep.equal(expected);
      expect(await refusalOf(`${fixture.origin}/ipfs/${cid}`)).to.deep.equal(expected);
      expect(await refusalOf(`${fixture.origin}/nothing`)).to.include({ status: 404, code: 'NOT_FOUND' });
      const { statusCode, headers, body } = await request(`${fixture.origin}/ipfs/${cid}`, {
        method: 'DELETE',
      });
      expect(statusCode).to.equal(405);
      expect(headers['allow']).to.equal('GET, HEAD, OPTIONS');
      await body.dump();
    } finally {
      await fixture.stop();
    }
  });

  it('fetches a missing block once for all who ask, stores it and serves it', async () => {
    let flights = 0;
    const content = await contentOf([{ content: patternBytes(150_000, 9) }]);
    const fixture = await GatewayFixture.start({
      content,
      empty: true,
      components: {
        fill: async (cid, root) => {
          flights += 1;
          const block = content.blocks.find((each) => each.cid.equals(cid));
          if (block === undefined || root === undefined) return;
          await new Promise((resolve) => setImmediate(resolve));
          await fixture.store.put({ root, codec: content.root.code }, cid, block.bytes);
        },
      },
    });
    try {
      const [leaf] = content.leaves;
      const url = `${fixture.origin}/ipfs/${leaf?.cid.toString() ?? ''}?format=raw`;
      const viewers = Array.from({ length: 10 }, (_, i) =>
        fetched(url, { 'bcdn-grant': grantHeader(fixture.grant({ capBytes: BigInt(1e6 + i) })) }),
      );
      const answers = await Promise.all(viewers);
      expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([200]));
      const how = answers.map(({ headers }) => headers['cache-status']);
      expect(how.filter((value) => value === 'bcdn; fwd=miss; stored')).to.have.length(1);
      expect(how).to.include('bcdn; fwd=miss; collapsed');
      expect(flights).to.equal(1);
      expect(fixture.store.contains(contentRootOf(content.root), leaf?.cid ?? content.root)).to.equal(true);
      expect((await fetched(url)).headers['cache-status']).to.equal('bcdn; hit');
      const unknown = `${fixture.origin}/ipfs/${rawCidOf(Uint8Array.of(1)).toString()}?format=raw`;
      expect((await refusalOf(unknown)).code).to.equal('BLOCK_NOT_FOUND');
      const headers = { 'cache-control': 'max-age=0, only-if-cached' };
      expect(await refusalOf(unknown, { headers })).to.include({ status: 412, code: 'NOT_STORED' });
      expect((await fetched(url, headers)).status).to.equal(200);
      expect(flights).to.equal(2);
    } finally {
      await fixture.stop();
    }
  });

  it('answers 404 and logs the reason when a missing block cannot be fetched', async () => {
    const fixture = await GatewayFixture.start({
      empty: true,
      components: { fill: async () => Promise.reject(new RangeError('no sibling answers')) },
    });
    try {
      const cid = rawCidOf(Uint8Array.of(1)).toString();
      const headers = { 'bcdn-grant': grantHeader(fixture.grant()) };
      const refusal = await refusalOf(`${fixture.origin}/ipfs/${cid}?format=raw`, { headers });
      expect(refusal).to.deep.equal({ status: 404, code: 'BLOCK_NOT_FOUND', values: { cid } });
      expect(fixture.logged.map(({ message }) => message)).to.deep.equal([
        'a missing block could not be fetched',
      ]);
    } finally {
      await fixture.stop();
    }
  });
});

describe('Gateway: without a grant', () => {
  it('gives the allowance of a minute, then 402 with how to obtain a grant', async () => {
    const coordinatorUrl = 'https://coordinator.example';
    const fixture = await GatewayFixture.start({ options: { freeBytesPerMinute: 70_000, coordinatorUrl } });
    try {
      const [leaf] = fixture.content.leaves;
      const url = `${fixture.origin}/ipfs/${leaf?.cid.toString() ?? ''}?format=raw`;
      expect((await fetched(url)).status).to.equal(200);
      expect(await refusalOf(url)).to.deep.equal({
        status: 402,
        code: 'FREE_ALLOWANCE_EXHAUSTED',
        values: {
          requestedBytes: 65536,
          availableBytes: 4464,
          bytesPerMinute: 70_000,
          coordinator: coordinatorUrl,
        },
      });
      expect((await fetched(url, {}, 'HEAD')).status).to.equal(200);
      fixture.nowMs += 60_000;
      expect((await fetched(url)).status).to.equal(200);
    } finally {
      await fixture.stop();
    }
  });
});

describe('Gateway: a file whose nodes lie', () => {
  it('is refused, never served longer than its parts are', async () => {
    const leaf = patternBytes(1000, 4);
    const file = new UnixFS({ type: 'file', blockSizes: [2000n] });
    const node = dagPb.encode({
      Data: file.marshal(),
      Links: [{ Name: '', Tsize: 1000, Hash: rawCidOf(leaf) }],
    });
    const root = CID.createV1(dagPb.code, rawCidOf(node).multihash);
    const blocks = [
      { cid: rawCidOf(leaf), bytes: leaf },
      { cid: root, bytes: node },
    ];
    const fixture = await GatewayFixture.start({ content: { root, blocks, leaves: blocks.slice(0, 1) } });
    try {
      expect(await refusalOf(`${fixture.origin}/ipfs/${root.toString()}`)).to.deep.equal({
        status: 422,
        code: 'CONTENT_DAMAGED',
        values: { cid: rawCidOf(leaf).toString(), declared: 2000, actual: 1000 },
      });
      const garbage = CID.createV1(dagPb.code, rawCidOf(leaf).multihash);
      expect(await refusalOf(`${fixture.origin}/ipfs/${garbage.toString()}`)).to.deep.equal({
        status: 422,
        code: 'CONTENT_DAMAGED',
        values: { cid: garbage.toString() },
      });
    } finally {
      await fixture.stop();
    }
  });
});
