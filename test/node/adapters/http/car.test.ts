import { hash } from 'node:crypto';

import { CarReader } from '@ipld/car';
import * as dagPb from '@ipld/dag-pb';
import { expect } from 'chai';
import { UnixFS } from 'ipfs-unixfs';
import { CID } from 'multiformats/cid';
import { request } from 'undici';

import { verifyBlock } from '../../../../sdk/protocol/content.ts';
import { contentOf, patternBytes, rawCidOf, type StoredBlock, type TestContent } from '../content-fixture.ts';
import { GatewayFixture, grantHeader, hashOfGrant, receiptHeader } from './gateway-fixture.ts';
import { refusalOf } from './json-reply.ts';

interface Car {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly roots: readonly string[];
  readonly blocks: readonly StoredBlock[];
  readonly length: number;
}

/** Fetches a CAR and verifies each of its blocks, as a client that trusts nobody does. */
async function carAt(url: string, headers: Record<string, string> = {}): Promise<Car> {
  const { statusCode, headers: answered, body } = await request(url, { headers });
  const bytes = Buffer.from(await body.arrayBuffer());
  const reader = await CarReader.fromBytes(bytes);
  const blocks: StoredBlock[] = [];
  for await (const { cid, bytes: block } of reader.blocks()) {
    const parsed = CID.parse(cid.toString());
    await verifyBlock(parsed, block, (input) => hash('sha256', input, 'buffer'));
    blocks.push({ cid: parsed, bytes: block });
  }
  const roots = (await reader.getRoots()).map(String);
  return { status: statusCode, headers: answered, roots, blocks, length: bytes.length };
}

const names = ({ blocks }: { readonly blocks: readonly StoredBlock[] }): string[] =>
  blocks.map(({ cid }) => cid.toString());

/** All blocks below a CID, depth first, each once. */
function depthFirst(content: TestContent, from: CID): string[] {
  const found: string[] = [];
  const visit = (cid: CID): void => {
    const block = content.blocks.find((each) => each.cid.equals(cid));
    if (block === undefined || found.includes(cid.toString())) return;
    found.push(cid.toString());
    if (cid.code === dagPb.code) for (const { Hash } of dagPb.decode(block.bytes).Links) visit(Hash);
  };
  visit(from);
  return found;
}

describe('Gateway: CARs', () => {
  const file = patternBytes(300_000);
  let fixture: GatewayFixture;
  let content: TestContent;
  let base: string;
  /** CIDs on the way: root, directory, file. */
  let root: string;
  let directory: CID;
  let film: CID;

  before(async () => {
    content = await contentOf([
      { path: 'films/one.mp4', content: file },
      { path: 'films/two.mp4', content: patternBytes(70_000, 2) },
      { path: 'other.txt', content: Buffer.from('other') },
    ]);
    fixture = await GatewayFixture.start({ content, options: { freeBytesPerMinute: 10_000_000 } });
    root = content.root.toString();
    base = `${fixture.origin}/ipfs/${root}`;
    const linkOf = (cid: CID, name: string): CID => {
      const bytes = content.blocks.find((block) => block.cid.equals(cid))?.bytes ?? new Uint8Array(0);
      const link = dagPb.decode(bytes).Links.find(({ Name }) => Name === name);
      if (link === undefined) throw new RangeError(`there is no ${name}`);
      return link.Hash;
    };
    directory = linkOf(content.root, 'films');
    film = linkOf(directory, 'one.mp4');
  });

  after(async () => {
    await fixture.stop();
  });

  it('hold the whole DAG, depth first, each block once, with the headers of the specification', async () => {
    const car = await carAt(`${base}?format=car`);
    expect(car.roots).to.deep.equal([root]);
    expect(names(car)).to.deep.equal(depthFirst(content, content.root));
    expect(car.headers).to.include({
      'content-type': 'application/vnd.ipld.car; version=1; order=dfs; dups=n',
      'content-disposition': `attachment; filename="${root}.car"`,
      'content-length': String(car.length),
      'x-content-type-options': 'nosniff',
      'accept-ranges': 'none',
      'cache-status': 'bcdn; hit',
      vary: 'accept',
      'x-ipfs-path': `/ipfs/${root}`,
    });
    const byType = await carAt(base, { accept: 'application/vnd.ipld.car; version=1' });
    expect(names(byType)).to.deep.equal(names(car));
    expect(byType.headers['content-location']).to.equal(`/ipfs/${root}?format=car`);
  });

  it('of a path begin with the blocks that prove it', async () => {
    const url = `${base}/films/one.mp4?format=car`;
    const trail = [root, directory.toString()];
    expect(names(await carAt(url))).to.deep.equal([...trail, ...depthFirst(content, film)]);
    expect(names(await carAt(`${url}&dag-scope=entity`))).to.deep.equal([
      ...trail,
      ...depthFirst(content, film),
    ]);
    expect(names(await carAt(`${url}&dag-scope=block`))).to.deep.equal([...trail, film.toString()]);
    expect(names(await carAt(`${base}/films?format=car&dag-scope=entity`))).to.deep.equal(trail);
  });

  it('of a part of a file hold no block that the part does not need', async () => {
    const url = `${base}/films/one.mp4?format=car`;
    const leaves = depthFirst(content, film).slice(1);
    const below = async (range: string): Promise<string[]> =>
      names(await carAt(`${url}&entity-bytes=${range}`)).slice(2);
    expect(await below('0:*')).to.deep.equal([film.toString(), ...leaves]);
    expect(await below('0:65535')).to.deep.equal([film.toString(), leaves[0]]);
    expect(await below('65535:65536')).to.deep.equal([film.toString(), leaves[0], leaves[1]]);
    expect(await below('-1:*')).to.deep.equal([film.toString(), leaves[4]]);
    expect(await below('70000:-170000')).to.deep.equal([film.toString(), leaves[1]]);
    expect(await below('200000:-200000')).to.deep.equal([film.toString()]);
    expect(await refusalOf(`${url}&entity-bytes=300000:*`)).to.deep.equal({
      status: 400,
      code: 'ENTITY_BYTES_OUTSIDE',
      values: { sizeBytes: 300_000 },
    });
    expect(names(await carAt(`${base}/films?format=car&entity-bytes=5:9`))).to.deep.equal([
      root,
      directory.toString(),
    ]);
  });

  it('have one ETag for one form, by which they are known again', async () => {
    const tags = new Set<string>();
    for (const query of ['', '&dag-scope=block', '&dag-scope=entity', '&entity-bytes=0:9', '&car-dups=y']) {
      const { headers } = await carAt(`${base}/films/one.mp4?format=car${query}`);
      tags.add(String(headers['etag']));
    }
    expect(tags.size).to.equal(5);
    const [etag = ''] = tags;
    for (const headers of [{ 'if-none-match': etag }, { 'if-none-match': `W/${etag}` }]) {
      const { statusCode, body } = await request(`${base}/films/one.mp4?format=car`, { headers });
      expect(statusCode).to.equal(304);
      await body.dump();
    }
    const head = await request(`${base}/films/one.mp4?format=car`, { method: 'HEAD' });
    expect([head.statusCode, head.headers['etag']]).to.deep.equal([200, etag]);
    await head.body.dump();
  });

  it('repeat a block at each of its places only if that is asked for', async () => {
    const same = await contentOf([{ content: new Uint8Array(5 * 65_536) }]);
    await fixture.importContent(same);
    const url = `${fixture.origin}/ipfs/${same.root.toString()}?format=car`;
    const once = await carAt(url);
    expect(once.blocks).to.have.length(2);
    const repeated = await carAt(`${url}&car-dups=y`);
    expect(repeated.blocks).to.have.length(6);
    expect(repeated.headers['content-type']).to.equal(
      'application/vnd.ipld.car; version=1; order=dfs; dups=y',
    );
    const part = await carAt(`${url}&entity-bytes=100000:200000`);
    expect(part.blocks).to.have.length(2);
  });

  it('answer the probe of the specification', async () => {
    const probe = `${fixture.origin}/ipfs/bafkqaaa`;
    const car = await carAt(`${probe}?format=car`);
    expect([car.status, car.roots, car.blocks]).to.deep.equal([200, ['bafkqaaa'], []]);
    const raw = await request(`${probe}?format=raw`);
    expect([raw.statusCode, await raw.body.text()]).to.deep.equal([200, '']);
  });

  it('are cut off, not shortened, when a block is missing, and refused when it is the root', async () => {
    const node = dagPb.encode({
      Data: new UnixFS({ type: 'directory' }).marshal(),
      Links: [{ Name: 'gone', Tsize: 5, Hash: rawCidOf(Buffer.from('gone')) }],
    });
    const cid = CID.createV1(dagPb.code, rawCidOf(node).multihash);
    const target = { root: fixture.grant().contentRoot, codec: content.root.code };
    await fixture.store.put(target, cid, node);
    const url = `${fixture.origin}/ipfs/${cid.toString()}?format=car`;
    // Where bytes are rationed its length has to be found out first, and so is what is missing.
    expect(await refusalOf(url)).to.include({ status: 404, code: 'BLOCK_NOT_FOUND' });
    const free = await GatewayFixture.start({ content, options: { freeBytesPerMinute: Infinity } });
    try {
      await free.store.put(target, cid, node);
      const outcome = await request(`${free.origin}/ipfs/${cid.toString()}?format=car`).then(
        ({ body }) =>
          body.arrayBuffer().then(
            () => 'whole',
            () => 'cut off',
          ),
        () => 'cut off',
      );
      expect(outcome).to.equal('cut off');
    } finally {
      await free.stop();
    }
    const unknown = `${fixture.origin}/ipfs/${rawCidOf(Buffer.from('x')).toString()}?format=car`;
    expect(await refusalOf(unknown)).to.include({ status: 404, code: 'BLOCK_NOT_FOUND' });
  });

  it('of small blocks only, sent without a length, end behind their last block', async () => {
    const free = await GatewayFixture.start({ content, options: { freeBytesPerMinute: Infinity } });
    try {
      const small = await contentOf([{ path: 'a', content: Buffer.from('a') }]);
      await free.importContent(small);
      const car = await carAt(`${free.origin}/ipfs/${small.root.toString()}?format=car`);
      expect(car.headers['content-length']).to.equal(undefined);
      expect(car.blocks.map(({ cid }) => cid.toString())).to.have.members(
        small.blocks.map(({ cid }) => cid.toString()),
      );
    } finally {
      await free.stop();
    }
  });

  it('are paid by grants for the bytes of their blocks, as far as credit reaches', async () => {
    const grant = fixture.grant({ capBytes: 66_000_001n });
    const header = grantHeader(grant);
    const url = `${base}/films/one.mp4?format=car&entity-bytes=0:9`;
    const paid = await carAt(`${base}/films/one.mp4?format=car&dag-scope=block`, { 'bcdn-grant': header });
    const blockBytes = paid.blocks.reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(paid.headers['bcdn-served']).to.equal(String(blockBytes));
    expect(fixture.ledger.state(hashOfGrant(grant))?.servedBytes).to.equal(blockBytes);
    expect((await refusalOf(url, { headers: { 'bcdn-grant': header } })).code).to.equal('CREDIT_EXHAUSTED');
    const more = await carAt(url, { 'bcdn-grant': header, 'bcdn-receipt': receiptHeader(grant, blockBytes) });
    const sum = more.blocks.reduce((bytes, block) => bytes + block.bytes.length, blockBytes);
    expect(fixture.ledger.state(hashOfGrant(grant))?.servedBytes).to.equal(sum);
  });

  it('count against the free allowance before they begin', async () => {
    const poor = await GatewayFixture.start({ content, options: { freeBytesPerMinute: 100_000 } });
    try {
      const url = `${poor.origin}/ipfs/${root}/films/one.mp4?format=car`;
      expect(await refusalOf(url)).to.include({ status: 402, code: 'FREE_ALLOWANCE_EXHAUSTED' });
      expect((await carAt(`${url}&entity-bytes=0:9`)).blocks).to.have.length(4);
      expect((await refusalOf(`${url}&entity-bytes=0:9`)).code).to.equal('FREE_ALLOWANCE_EXHAUSTED');
    } finally {
      await poor.stop();
    }
  });
});
