import { expect } from 'chai';

import { contentRootOf } from '../../../../sdk/protocol/content.ts';
import { GRANT_HEADER } from '../../../../sdk/protocol/http.ts';
import { parseContentRoot } from '../../../../sdk/protocol/identifiers.ts';
import { contentOf, patternBytes } from '../content-fixture.ts';
import { GatewayFixture, grantHeader } from './gateway-fixture.ts';

const FILE = patternBytes(200_000);
const ONE_BLOCK_BYTES = 262_144;

/** Status, headers without those of the moment, body. */
async function answerTo(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { headers });
  const fixed = [...response.headers].filter(([name]) => name !== 'date' && name !== 'server-timing');
  return { status: response.status, headers: fixed.sort(), body: Buffer.from(await response.arrayBuffer()) };
}

describe('Gateway: answers that are prepared', () => {
  let fixture: GatewayFixture;
  let url: string;

  beforeEach(async () => {
    const content = await contentOf([{ content: FILE }], ONE_BLOCK_BYTES);
    fixture = await GatewayFixture.start({ content, options: { freeBytesPerMinute: Infinity } });
    url = `${fixture.origin}/ipfs/${content.root.toString()}`;
  });

  afterEach(async () => fixture.stop());

  it('are those of the first request, in every form, and ranges and conditions go their own way', async () => {
    for (const address of [url, `${url}?format=raw`, `${url}?filename=a.txt`]) {
      const first = await answerTo(address);
      expect(first.status).to.equal(200);
      expect(first.body.equals(FILE)).to.equal(true);
      expect(await answerTo(address)).to.deep.equal(first);
      const etag = first.headers.find(([name]) => name === 'etag')?.[1] ?? '';
      expect((await answerTo(address, { 'if-none-match': etag })).status).to.equal(304);
      const part = await answerTo(address, { range: 'bytes=10-19' });
      expect([part.status, part.body.toString('hex')]).to.deep.equal([
        206,
        Buffer.from(FILE.subarray(10, 20)).toString('hex'),
      ]);
    }
  });

  it('go by Accept where it decides, and not where the query names the form', async () => {
    const raw = { accept: 'application/vnd.ipld.raw' };
    const file = await answerTo(url);
    const block = await answerTo(`${url}?format=raw`);
    expect(await answerTo(`${url}?format=raw`, raw)).to.deep.equal(block);
    expect(await answerTo(`${url}?format=raw`, { accept: 'application/vnd.ipld.car' })).to.deep.equal(block);
    const typeOf = ({ headers }: typeof file) => headers.find(([name]) => name === 'content-type')?.[1];
    expect(typeOf(await answerTo(url, raw))).to.equal(raw.accept);
    expect(await answerTo(url)).to.deep.equal(file);
  });

  it('are paid for, and not by a grant for something else', async () => {
    await answerTo(url);
    const contentRoot = parseContentRoot(`0x${'ee'.repeat(32)}`);
    const deal = fixture.deal;
    fixture.deal = deal && { ...deal, contentRoot };
    const other = await answerTo(url, { [GRANT_HEADER]: grantHeader(fixture.grant({ contentRoot })) });
    expect(other.status).to.equal(403);
    expect(other.body.toString()).to.include('GRANT_WRONG_CONTENT');
  });

  it('are no longer given when the block is gone', async () => {
    expect((await answerTo(url)).status).to.equal(200);
    await fixture.store.deleteContent(contentRootOf(fixture.content.root));
    expect((await answerTo(url)).status).to.equal(404);
  });
});
