import { expect } from 'chai';
import { request } from 'undici';

import { HttpBlockSource } from '../../../../sdk/client/http-block-source.ts';
import { UndiciExchange } from '../../../../sdk/client/undici-exchange.ts';
import { base64UrlEncode } from '../../../../sdk/protocol/bytes.ts';
import { contentOf, patternBytes } from '../content-fixture.ts';
import { GatewayFixture, grantHeader, hashOfGrant, receiptHeader, signedReceipt } from './gateway-fixture.ts';
import { refusalOf } from './json-reply.ts';

const TIMEOUT_MS = 10_000;

describe('Gateway: a grant in the address', () => {
  let fixture: GatewayFixture;
  let block: { cid: { toString(): string }; bytes: Uint8Array };
  let url: string;
  let grantNumber = 0n;

  beforeEach(async () => {
    const content = await contentOf([
      { path: 'folder/a.bin', content: patternBytes(300_000) },
      { path: 'b.bin', content: patternBytes(10) },
    ]);
    fixture = await GatewayFixture.start({ content, options: { freeBytesPerMinute: 0 } });
    const [first] = content.leaves.toSorted((a, b) => b.bytes.length - a.bytes.length);
    if (first === undefined) return expect.fail('the content has no leaf');
    block = first;
    url = `${fixture.origin}/ipfs/${block.cid.toString()}?format=raw`;
  });

  afterEach(async () => fixture.stop());

  const freshGrant = () => fixture.grant({ capBytes: 50_000_000n + grantNumber++ });

  it('pays as one in a header does, receipts too, and the answer to it is kept by nobody', async () => {
    const grant = freshGrant();
    const { length } = block.bytes;
    const address = `${url}&bcdn-grant=${grantHeader(grant)}`;
    for (const [sent, served] of [
      [address, length],
      [`${address}&bcdn-receipt=${receiptHeader(grant, length)}`, 2 * length],
    ] as const) {
      const response = await fetch(sent);
      expect(Buffer.from(await response.arrayBuffer()).equals(Buffer.from(block.bytes))).to.equal(true);
      expect(response.headers.get('bcdn-served')).to.equal(String(served));
      expect(response.headers.get('cache-control')).to.equal('private, no-store');
      expect(response.headers.get('referrer-policy')).to.equal('no-referrer');
      expect(response.headers.get('access-control-allow-origin')).to.equal('*');
    }
    const inHeader = await fetch(url, {
      headers: { 'bcdn-grant': grantHeader(grant), 'bcdn-receipt': receiptHeader(grant, 2 * length) },
    });
    await inHeader.arrayBuffer();
    expect(inHeader.headers.get('bcdn-served')).to.equal(String(3 * length));
    // What was prepared for one way of paying says nothing of the other.
    expect(inHeader.headers.get('cache-control')).to.equal('public, max-age=29030400, immutable');
    expect(inHeader.headers.get('referrer-policy')).to.equal(null);
  });

  it('stands in no header of an answer, but where it is needed to go on', async () => {
    const text = grantHeader(freshGrant());
    const named = await fetch(`${fixture.origin}/ipfs/${block.cid.toString()}?bcdn-grant=${text}`, {
      headers: { accept: 'application/vnd.ipld.raw' },
    });
    await named.arrayBuffer();
    expect(named.headers.get('content-location')).to.equal(`/ipfs/${block.cid.toString()}?format=raw`);
    expect(JSON.stringify([...named.headers])).not.to.include(text);
    const etag = named.headers.get('etag') ?? '';
    const known = await fetch(`${url}&bcdn-grant=${text}`, { headers: { 'if-none-match': etag } });
    expect([known.status, known.headers.get('cache-control')]).to.deep.equal([304, 'private, no-store']);
    const folder = `/ipfs/${fixture.content.root.toString()}/folder`;
    const moved = await request(`${fixture.origin}${folder}?filename=a&bcdn-grant=${text}`);
    await moved.body.dump();
    expect([moved.statusCode, moved.headers['location'], moved.headers['cache-control']]).to.deep.equal([
      301,
      `${folder}/?filename=a&bcdn-grant=${text}`,
      'private, no-store',
    ]);
  });

  it('is refused where the header says something else, where it comes twice, and where it is none', async () => {
    const [grant, other] = [freshGrant(), freshGrant()];
    const text = grantHeader(grant);
    const same = await request(`${url}&bcdn-grant=${text}`, { headers: { 'bcdn-grant': text } });
    await same.body.dump();
    expect(same.statusCode).to.equal(200);
    const refused = async (address: string, headers: Record<string, string> = {}) => {
      const { status, code } = await refusalOf(address, { headers });
      return [status, code];
    };
    const differing = await refused(`${url}&bcdn-grant=${text}`, { 'bcdn-grant': grantHeader(other) });
    expect(differing).to.deep.equal([400, 'GRANT_AMBIGUOUS']);
    const receipt = receiptHeader(grant, 1);
    const receipts = await refused(`${url}&bcdn-grant=${text}&bcdn-receipt=${receipt}`, {
      'bcdn-receipt': receiptHeader(grant, 2),
    });
    expect(receipts).to.deep.equal([400, 'RECEIPT_AMBIGUOUS']);
    for (const query of [`bcdn-grant=${text}&bcdn-grant=${text}`, 'bcdn-grant=', 'bcdn-grant=%41'])
      expect(await refused(`${url}&${query}`), query).to.deep.equal([400, 'GRANT_MALFORMED']);
    expect(await refused(`${url}&bcdn-receipt=${receipt}`)).to.deep.equal([400, 'RECEIPT_WITHOUT_GRANT']);
  });

  it('is what a page’s source sends: no header of ours, no word of it in an error', async () => {
    const http = new UndiciExchange();
    const seen: unknown[] = [];
    const spied = {
      request: (asked: Parameters<UndiciExchange['request']>[0]) => {
        seen.push(asked.headers ?? {});
        return http.request(asked);
      },
      close: () => http.close(),
    };
    const grant = freshGrant();
    const source = new HttpBlockSource(spied, fixture.origin, { paymentIn: 'address' });
    const asked = {
      cid: block.cid as Parameters<typeof source.fetchBlock>[0]['cid'],
      grant: grantHeader(grant),
    };
    const limits = { maxBytes: 2 ** 21, stallTimeoutMs: TIMEOUT_MS, signal: new AbortController().signal };
    const first = await source.fetchBlock({ ...asked, receipt: undefined, ...limits });
    expect(first.kind).to.equal('block');
    const receipt = signedReceipt(grant, block.bytes.length);
    expect((await source.fetchBlock({ ...asked, receipt, ...limits })).kind).to.equal('block');
    const acknowledged = await source.deliverReceipts([signedReceipt(grant, 2 * block.bytes.length)]);
    expect(acknowledged).to.deep.equal([{ grantHash: hashOfGrant(grant), bytes: 2 * block.bytes.length }]);
    expect(seen).to.deep.equal([{}, {}, { accept: 'application/json' }]);
    try {
      await source.fetchBlock({ ...asked, receipt, ...limits, maxBytes: 1 });
      expect.fail('the answer is too long');
    } catch (error) {
      const told = error as { message: string; code?: string; values?: unknown };
      expect(told.code).to.equal('ANSWER_TOO_LARGE');
      expect(`${told.message} ${JSON.stringify(told.values)}`).not.to.include(asked.grant);
    }
    await http.close();
  });

  it('is logged nowhere, not even with a mistake of the node', async () => {
    const text = base64UrlEncode(new Uint8Array(181).fill(1));
    const mistaken = await GatewayFixture.start({
      content: fixture.content,
      decorate: () => ({
        get: () => Promise.reject(new RangeError('the disk is on fire')),
        sizeOf: () => Promise.reject(new RangeError('the disk is on fire')),
      }),
    });
    const own = grantHeader(mistaken.grant());
    const { pathname } = new URL(url);
    for (const each of [text, own])
      await fetch(`${mistaken.origin}${pathname}?format=raw&bcdn-grant=${each}`);
    expect(mistaken.logged).not.to.deep.equal([]);
    const log = JSON.stringify(mistaken.logged) + (await (await fetch(`${mistaken.origin}/metrics`)).text());
    for (const each of [text, own]) expect(log).not.to.include(each);
    await mistaken.stop();
  });
});
