import { UnixFS } from 'ipfs-unixfs';
import { importer } from 'ipfs-unixfs-importer';
import * as dagPb from '@ipld/dag-pb';
import { expect } from 'chai';
import { CID } from 'multiformats/cid';
import { request } from 'undici';

import { contentOf, rawCidOf, type StoredBlock, type TestContent } from '../content-fixture.ts';
import { GatewayFixture } from './gateway-fixture.ts';
import { refusalOf } from './json-reply.ts';

const text = (value: string): Uint8Array => Buffer.from(value);

/** A directory that is sharded however small it is. */
async function shardedDirectory(names: readonly string[]): Promise<TestContent> {
  const blocks = new Map<string, StoredBlock>();
  const sink = {
    put: async (cid: CID, bytes: unknown): Promise<CID> => {
      if (bytes instanceof Uint8Array) blocks.set(cid.toString(), { cid, bytes });
      return cid;
    },
  };
  let root: CID | undefined;
  const files = names.map((path) => ({ path, content: text(`this is ${path}`) }));
  const options = { cidVersion: 1 as const, wrapWithDirectory: true, shardSplitThresholdBytes: 1 };
  for await (const entry of importer(files, sink, options)) root = entry.cid;
  if (root === undefined) throw new RangeError('nothing was imported');
  const all = [...blocks.values()];
  return { root, blocks: all, leaves: all.filter(({ cid }) => cid.code !== dagPb.code) };
}

describe('Gateway: directories', () => {
  let fixture: GatewayFixture;
  let base: string;

  before(async () => {
    const content = await contentOf([
      { path: 'site/index.html', content: text('<!doctype html><p>hello</p>') },
      { path: 'site/app.js', content: text('1') },
      { path: 'films/a:b <x> & "y".mp4', content: text('22') },
      { path: 'films/100%.txt', content: text('333') },
    ]);
    fixture = await GatewayFixture.start({ content });
    base = `${fixture.origin}/ipfs/${content.root.toString()}`;
  });

  after(async () => {
    await fixture.stop();
  });

  it('have an address that ends with a slash, to which clients are sent', async () => {
    const path = new URL(base).pathname;
    for (const [asked, location] of [
      [`${base}/site`, `${path}/site/`],
      [`${base}`, `${path}/`],
      [`${base}/films?filename=x`, `${path}/films/?filename=x`],
      [`${base}//site`, `${path}/site/`],
    ] as const) {
      const { statusCode, headers, body } = await request(asked);
      expect([statusCode, headers['location']], asked).to.deep.equal([301, location]);
      await body.dump();
    }
  });

  it('show their index.html', async () => {
    const { statusCode, headers, body } = await request(`${base}/site/`);
    expect([statusCode, await body.text()]).to.deep.equal([200, '<!doctype html><p>hello</p>']);
    expect(headers).to.include({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'public, max-age=29030400, immutable',
      'x-ipfs-path': `${new URL(base).pathname}/site/`,
    });
    const ranged = await request(`${base}/site/`, { headers: { range: 'bytes=0-8' } });
    expect([ranged.statusCode, await ranged.body.text()]).to.deep.equal([206, '<!doctype']);
  });

  it('without one are listed, every name safe in the page, with links that lead to the files', async () => {
    const { statusCode, headers, body } = await request(`${base}/films/`);
    const page = await body.text();
    expect(statusCode).to.equal(200);
    expect(headers['content-security-policy']).to.equal("default-src 'none'; style-src 'unsafe-inline'");
    expect(headers['content-length']).to.equal(String(Buffer.byteLength(page)));
    expect(page).to.contain('a:b &lt;x&gt; &amp; &quot;y&quot;.mp4');
    expect(page).to.not.contain('<x>');
    const links = [...page.matchAll(/href="([^"]+)"/g)].map(([, link]) => link ?? '');
    expect(links).to.have.length(3).and.to.include('../');
    for (const [link, content] of [
      [links[1], '333'],
      [links[2], '22'],
    ] as const) {
      const { statusCode: status, body: file } = await request(new URL(link ?? '', `${base}/films/`));
      expect([status, await file.text()]).to.deep.equal([200, content]);
    }
    const known = await request(`${base}/films/`, { headers: { 'if-none-match': String(headers['etag']) } });
    expect(known.statusCode).to.equal(304);
    await known.body.dump();
    const head = await request(`${base}/films/`, { method: 'HEAD' });
    expect([head.statusCode, head.headers['content-length']]).to.deep.equal([200, headers['content-length']]);
    await head.body.dump();
  });

  it('that are sharded give their files, their names and their refusals like others', async () => {
    const names = Array.from({ length: 400 }, (_, i) => `file-${i}.txt`);
    const content = await shardedDirectory(names);
    await fixture.importContent(content);
    const sharded = `${fixture.origin}/ipfs/${content.root.toString()}`;
    for (const name of ['file-0.txt', 'file-77.txt', 'file-399.txt']) {
      const { statusCode, body } = await request(`${sharded}/${name}`);
      expect([statusCode, await body.text()], name).to.deep.equal([200, `this is ${name}`]);
    }
    for (const name of ['file-400.txt', 'A0', '0', 'file-0.txt/more']) {
      expect((await refusalOf(`${sharded}/${name}`)).code, name).to.equal('PATH_NOT_FOUND');
    }
    const { body } = await request(`${sharded}/`);
    const page = await body.text();
    expect(names.filter((name) => !page.includes(`>${name}<`))).to.deep.equal([]);
  });

  it('are told from links that lead elsewhere, which are refused', async () => {
    const node = dagPb.encode({
      Data: new UnixFS({ type: 'symlink', data: text('../secret') }).marshal(),
      Links: [],
    });
    const root = CID.createV1(dagPb.code, rawCidOf(node).multihash);
    await fixture.importContent({ root, blocks: [{ cid: root, bytes: node }], leaves: [] });
    expect(await refusalOf(`${fixture.origin}/ipfs/${root.toString()}`)).to.deep.equal({
      status: 404,
      code: 'NOT_A_FILE',
      values: { path: root.toString() },
    });
  });
});
