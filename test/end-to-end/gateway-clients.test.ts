import { execFile } from 'node:child_process';
import { createHash, hash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { CarBlockIterator } from '@ipld/car';
import { expect } from 'chai';
import { exporter, type ReadableStorage } from 'ipfs-unixfs-exporter';
import { CID } from 'multiformats/cid';

import type { BlockReader } from '../../node/core/storage/block-ports.ts';
import { verifyBlock } from '../../sdk/protocol/content.ts';
import { contentOf, patternBytes, type TestContent } from '../node/adapters/content-fixture.ts';
import { GatewayFixture } from '../node/adapters/http/gateway-fixture.ts';

const MIB = 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;
const FILE_BYTES = 24 * MIB + 12_345;
const SEGMENTS = 16;

const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');
const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const run = promisify(execFile);

/** Counts what the gateway reads. */
class CountedReader implements BlockReader {
  reads = 0;
  readonly #reader: BlockReader;

  constructor(reader: BlockReader) {
    this.#reader = reader;
  }

  get(cid: CID): Promise<Uint8Array | undefined> {
    this.reads += 1;
    return this.#reader.get(cid);
  }

  sizeOf(cid: CID): Promise<number | undefined> {
    return this.#reader.sizeOf(cid);
  }
}

async function gathered(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

/** The file below a root, read by an IPFS library that gets its blocks one by one. */
async function exported(path: string, get: (cid: CID) => Promise<Uint8Array>): Promise<Buffer> {
  const storage: ReadableStorage = {
    async *get(cid: CID) {
      yield await get(cid);
    },
  };
  const entry = await exporter(path, storage);
  if (entry.type !== 'file') throw new RangeError(`${path} is a ${entry.type}`);
  return gathered(entry.content());
}

async function hasCurl(): Promise<boolean> {
  return run('curl', ['--version']).then(
    () => true,
    () => false,
  );
}

/** Clients that know nothing of bcdn, as they are, against a gateway on a real port with blocks on a real disk. */
describe('unmodified clients of the gateway', function () {
  this.timeout(120_000);
  const film = Buffer.from(patternBytes(FILE_BYTES, 5));
  let content: TestContent;
  let fixture: GatewayFixture;
  let counted: CountedReader | undefined;
  let folder: string;
  let base: string;
  let url: string;
  let path: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bcdn-clients-'));
    content = await contentOf(
      [
        { path: 'film.mp4', content: film },
        { path: 'site/index.html', content: Buffer.from('<!doctype html><p>site</p>') },
      ],
      CHUNK_BYTES,
    );
    fixture = await GatewayFixture.start({
      content,
      options: { freeBytesPerMinute: Infinity },
      decorate: (reader) => (counted = new CountedReader(reader)),
    });
    path = `${content.root.toString()}/film.mp4`;
    base = `${fixture.origin}/ipfs/${content.root.toString()}`;
    url = `${base}/film.mp4`;
  });

  after(async () => {
    await fixture.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('curl downloads, resumes, follows to a directory and asks whether it has the newest (fetch where there is no curl)', async () => {
    const file = join(folder, 'film.mp4');
    const etagFile = join(folder, 'etag');
    await writeFile(file, film.subarray(0, 5 * MIB));
    if (await hasCurl()) {
      await run('curl', ['-fsS', '-C', '-', '-o', file, url]);
      expect(digestOf(await readFile(file))).to.equal(digestOf(film));
      await run('curl', ['-fsS', '--etag-save', etagFile, '-o', file, url]);
      const again = await run('curl', [
        '-fsS',
        '--etag-compare',
        etagFile,
        '-o',
        file,
        '-w',
        '%{http_code}',
        url,
      ]);
      expect(again.stdout).to.equal('304');
      const site = await run('curl', ['-fsSL', `${base}/site`]);
      expect(site.stdout).to.equal('<!doctype html><p>site</p>');
      const parts = await run('curl', [
        '-fsS',
        '-r',
        '0-1,1000-1001',
        '-w',
        '%{content_type}',
        '-o',
        file,
        url,
      ]);
      expect(parts.stdout).to.match(/^multipart\/byteranges; boundary=/);
    } else {
      const rest = await fetch(url, { headers: { range: `bytes=${5 * MIB}-` } });
      const whole = Buffer.concat([await readFile(file), Buffer.from(await rest.arrayBuffer())]);
      expect(digestOf(whole)).to.equal(digestOf(film));
      const etag = rest.headers.get('etag') ?? '';
      expect((await fetch(url, { headers: { 'if-none-match': etag } })).status).to.equal(304);
      expect(await (await fetch(`${base}/site`)).text()).to.equal('<!doctype html><p>site</p>');
    }
  });

  it('a downloader with many connections puts its segments together', async () => {
    const head = await fetch(url, { method: 'HEAD' });
    const size = Number(head.headers.get('content-length'));
    const etag = head.headers.get('etag') ?? '';
    expect([size, head.headers.get('accept-ranges')]).to.deep.equal([FILE_BYTES, 'bytes']);
    const length = Math.ceil(size / SEGMENTS);
    const segments = await Promise.all(
      Array.from({ length: SEGMENTS }, async (_, i) => {
        const end = Math.min(size, (i + 1) * length) - 1;
        const range = `bytes=${i * length}-${end}`;
        const answer = await fetch(url, { headers: { range, 'if-range': etag } });
        expect(answer.status).to.equal(206);
        expect(answer.headers.get('content-range')).to.equal(`bytes ${i * length}-${end}/${size}`);
        return Buffer.from(await answer.arrayBuffer());
      }),
    );
    expect(digestOf(Buffer.concat(segments))).to.equal(digestOf(film));
  });

  it('a video element opens ranges without end, leaves them and seeks: the gateway stops reading', async () => {
    const abortedBytes = async (): Promise<number> => {
      const { body } = await fixture.components.metrics.text();
      return Number(/bcdn_aborted_bytes_total (\d+)/.exec(body)?.[1] ?? 0);
    };
    const before = { aborted: await abortedBytes(), reads: counted?.reads ?? 0 };
    const leave = new AbortController();
    const first = await fetch(url, { headers: { range: 'bytes=0-' }, signal: leave.signal });
    expect([first.status, first.headers.get('content-range')]).to.deep.equal([
      206,
      `bytes 0-${FILE_BYTES - 1}/${FILE_BYTES}`,
    ]);
    if (first.body === null) throw new RangeError('there is no body');
    const stream: AsyncIterable<Uint8Array> = first.body;
    for await (const chunk of stream) {
      expect(Buffer.from(chunk).equals(film.subarray(0, chunk.length))).to.equal(true);
      break;
    }
    leave.abort();
    while ((await abortedBytes()) === before.aborted) await new Promise((resolve) => setImmediate(resolve));
    const leaves = Math.ceil(FILE_BYTES / CHUNK_BYTES);
    expect((counted?.reads ?? 0) - before.reads).to.be.below(leaves);
    expect((await abortedBytes()) - before.aborted).to.be.below(FILE_BYTES);
    const seek = await fetch(url, { headers: { range: `bytes=${20 * MIB}-` } });
    expect(Buffer.from(await seek.arrayBuffer()).equals(film.subarray(20 * MIB))).to.equal(true);
  });

  it('an IPFS client that trusts nobody reads the file from a CAR, block by block verified', async () => {
    const accept = 'application/vnd.ipld.car; version=1; order=dfs; dups=y';
    const answer = await fetch(`${url}?dag-scope=entity`, { headers: { accept } });
    expect(answer.headers.get('content-type')).to.equal(accept);
    const blocks = new Map<string, Uint8Array>();
    if (answer.body === null) throw new RangeError('there is no body');
    const stream: AsyncIterable<Uint8Array> = answer.body;
    for await (const { cid, bytes } of await CarBlockIterator.fromIterable(stream)) {
      const parsed = CID.parse(cid.toString());
      await verifyBlock(parsed, bytes, sha256);
      blocks.set(parsed.toString(), bytes);
    }
    const whole = await exported(path, async (cid) => {
      const bytes = blocks.get(cid.toString());
      if (bytes === undefined) throw new RangeError(`the CAR does not hold ${cid.toString()}`);
      return bytes;
    });
    expect(digestOf(whole)).to.equal(digestOf(film));
  });

  it('an IPFS client that fetches raw blocks reads the same file', async () => {
    const whole = await exported(path, async (cid) => {
      const headers = { accept: 'application/vnd.ipld.raw' };
      const answer = await fetch(`${fixture.origin}/ipfs/${cid.toString()}?format=raw`, { headers });
      const bytes = new Uint8Array(await answer.arrayBuffer());
      await verifyBlock(cid, bytes, sha256);
      return bytes;
    });
    expect(digestOf(whole)).to.equal(digestOf(film));
  });

  it('a page of another origin may ask in advance and read what it needs', async () => {
    const asked = 'range, if-range, bcdn-grant';
    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: { 'access-control-request-method': 'GET', 'access-control-request-headers': asked },
    });
    const allowed = preflight.headers.get('access-control-allow-headers')?.split(', ') ?? [];
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).to.deep.equal([
      204,
      '*',
    ]);
    expect(allowed).to.include.members(asked.split(', '));
    for (const answer of [
      await fetch(url, { headers: { range: 'bytes=0-0' } }),
      await fetch(`${base}/none`),
    ]) {
      const exposed = answer.headers.get('access-control-expose-headers')?.split(', ') ?? [];
      expect(exposed).to.include.members([
        'content-range',
        'etag',
        'cache-status',
        'x-ipfs-path',
        'bcdn-credit',
      ]);
      await answer.arrayBuffer();
    }
  });
});
