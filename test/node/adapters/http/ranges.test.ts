import { expect } from 'chai';
import { request } from 'undici';

import { contentOf, patternBytes } from '../content-fixture.ts';
import { GatewayFixture, grantHeader, hashOfGrant } from './gateway-fixture.ts';
import { refusalOf } from './json-reply.ts';

const FILE_BYTES = 300_000;

/** The parts of a multipart/byteranges body: where each says it belongs, and its bytes. */
function partsOf(body: Buffer, contentType: string): { range: string; type: string; bytes: Buffer }[] {
  const boundary = /boundary=(\S+)/.exec(contentType)?.[1] ?? '';
  const parts: { range: string; type: string; bytes: Buffer }[] = [];
  let at = body.indexOf(`--${boundary}\r\n`);
  while (at !== -1) {
    const head = body.indexOf('\r\n\r\n', at);
    const text = body.subarray(at, head).toString('latin1');
    const end = body.indexOf(`\r\n--${boundary}`, head);
    parts.push({
      range: /content-range: (.*)/.exec(text)?.[1] ?? '',
      type: /content-type: (.*)/.exec(text)?.[1] ?? '',
      bytes: body.subarray(head + 4, end),
    });
    at = body.indexOf(`--${boundary}\r\n`, end);
  }
  if (!body.toString('latin1').endsWith(`\r\n--${boundary}--\r\n`))
    throw new RangeError('the body has no end');
  return parts;
}

describe('Gateway: several ranges and conditions', () => {
  const file = Buffer.from(patternBytes(FILE_BYTES));
  let fixture: GatewayFixture;
  let url: string;
  let rawUrl: string;
  let etag: string;

  before(async () => {
    const content = await contentOf([{ path: 'film.mp4', content: file }]);
    fixture = await GatewayFixture.start({ content, options: { freeBytesPerMinute: Infinity } });
    url = `${fixture.origin}/ipfs/${content.root.toString()}/film.mp4`;
    rawUrl = `${fixture.origin}/ipfs/${content.leaves[0]?.cid.toString() ?? ''}?format=raw`;
    const { headers, body } = await request(url, { method: 'HEAD' });
    etag = String(headers['etag']);
    await body.dump();
  });

  after(async () => {
    await fixture.stop();
  });

  it('come as one body of parts, in the order that was asked for', async () => {
    const { statusCode, headers, body } = await request(url, {
      headers: { range: 'bytes=200000-200099, 0-9, -5, 900000-' },
    });
    const bytes = Buffer.from(await body.arrayBuffer());
    const type = String(headers['content-type']);
    expect(statusCode).to.equal(206);
    expect(type).to.match(/^multipart\/byteranges; boundary=bcdn-baf/);
    expect(headers['content-length']).to.equal(String(bytes.length));
    expect(headers).to.not.have.property('content-range');
    const parts = partsOf(bytes, type);
    expect(parts.map(({ range, type }) => [range, type])).to.deep.equal([
      [`bytes 200000-200099/${FILE_BYTES}`, 'video/mp4'],
      [`bytes 0-9/${FILE_BYTES}`, 'video/mp4'],
      [`bytes 299995-299999/${FILE_BYTES}`, 'video/mp4'],
    ]);
    const spans = [file.subarray(200_000, 200_100), file.subarray(0, 10), file.subarray(299_995)];
    expect(parts.every(({ bytes }, i) => bytes.equals(spans[i] ?? Buffer.alloc(0)))).to.equal(true);
  });

  it('never make more than the file: what overlaps is merged, and too many are ignored', async () => {
    const overlapping = `bytes=${Array.from({ length: 30 }, () => '0-').join(',')}`;
    const merged = await request(url, { headers: { range: overlapping } });
    expect([merged.statusCode, merged.headers['content-length']]).to.deep.equal([206, String(FILE_BYTES)]);
    await merged.body.dump();
    const many = `bytes=${Array.from({ length: 100 }, (_, i) => `${i * 2000}-${i * 2000}`).join(',')}`;
    const whole = await request(url, { headers: { range: many } });
    expect([whole.statusCode, whole.headers['content-length']]).to.deep.equal([200, String(FILE_BYTES)]);
    await whole.body.dump();
  });

  it('are refused before anything is sent when If-Match names another version', async () => {
    expect(await refusalOf(url, { headers: { 'if-match': '"other"', 'if-none-match': etag } })).to.deep.equal(
      {
        status: 412,
        code: 'PRECONDITION_FAILED',
        values: { etag },
      },
    );
    const same = await request(url, { headers: { 'if-match': etag, range: 'bytes=0-1' } });
    expect([same.statusCode, (await same.body.arrayBuffer()).byteLength]).to.deep.equal([206, 2]);
    const known = await request(url, {
      headers: { 'if-match': etag, 'if-none-match': `W/${etag}`, range: 'bytes=0-1' },
    });
    expect(known.statusCode).to.equal(304);
    expect(known.headers).to.include({ etag, 'cache-control': 'public, max-age=29030400, immutable' });
    await known.body.dump();
  });

  it('apply to raw blocks too', async () => {
    const { statusCode, headers, body } = await request(rawUrl, { headers: { range: 'bytes=10-19' } });
    const bytes = Buffer.from(await body.arrayBuffer());
    expect([statusCode, headers['content-range']]).to.deep.equal([206, 'bytes 10-19/65536']);
    expect(bytes.equals(file.subarray(10, 20))).to.equal(true);
  });

  it('cost a grant what they send', async () => {
    const grant = fixture.grant({ capBytes: 55_000_001n });
    const headers = { 'bcdn-grant': grantHeader(grant), range: 'bytes=0-999,100000-100999' };
    const { statusCode, headers: answered, body } = await request(url, { headers });
    const { byteLength } = await body.arrayBuffer();
    expect([statusCode, answered['bcdn-served']]).to.deep.equal([206, String(byteLength)]);
    expect(fixture.ledger.state(hashOfGrant(grant))?.servedBytes).to.equal(byteLength);
  });
});
