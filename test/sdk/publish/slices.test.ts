import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { createGateway, type Gateway } from '../../../node/adapters/http/gateway.ts';
import { contentRootOf } from '../../../sdk/protocol/content.ts';
import type { DealId } from '../../../sdk/protocol/identifiers.ts';
import { parseBytes32 } from '../../../sdk/protocol/identifiers.ts';
import { dealIdOfSalt, saltOfUploadKey } from '../../../sdk/protocol/upload-key.ts';
import { importContent } from '../../../sdk/publish/import-content.ts';
import { PublishError } from '../../../sdk/publish/publish-error.ts';
import { planContent, type PlannedContent } from '../../../sdk/publish/slices/plan-content.ts';
import type { PickedFile } from '../../../sdk/publish/slices/picked-files.ts';
import { uploadSlices, type SliceOptions } from '../../../sdk/publish/slices/upload-slices.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { patternBytes } from '../../node/adapters/content-fixture.ts';
import { addressOf, DOMAIN, GatewayFixture, keys, NODE } from '../../node/adapters/http/gateway-fixture.ts';

const MIB = 1024 * 1024;
const picked = (path: string, bytes: Uint8Array): PickedFile => ({
  path,
  blob: new Blob([Uint8Array.from(bytes)]),
});

/** What a browser gives for a file that was changed since it was picked. */
class ChangedFile extends Blob {
  override slice(): Blob {
    return this;
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    throw new TypeError('the file was changed');
  }
}

describe('planContent', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-plan-'));
  });
  after(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  for (const size of [0, 1, MIB, MIB + 1, 3 * MIB + 17]) {
    it(`finds the root and the length that Node's import finds, for ${size} bytes`, async () => {
      const bytes = patternBytes(size, size + 1);
      const path = join(directory, `file-${size}`);
      await writeFile(path, bytes);
      const node = await importContent({ kind: 'file', path });
      const page = await planContent([picked('film.bin', bytes)]);
      expect(page.root.toString()).to.equal(node.root.toString());
      expect([page.bytes, page.carBytes]).to.deep.equal([size, node.carFile.bytes]);
      await node.carFile.remove();
    });
  }

  it('does so for a file of more leaves than one node links, and for a folder without its hidden files', async () => {
    const deep = patternBytes(180 * 1_000, 7);
    const path = join(directory, 'deep');
    await writeFile(path, deep);
    const node = await importContent({ kind: 'file', path }, { chunkBytes: 1_000 });
    const page = await planContent([picked('deep', deep)], { chunkBytes: 1_000 });
    expect(page.root.toString()).to.equal(node.root.toString());
    await node.carFile.remove();
    await mkdir(join(directory, 'site/pictures'), { recursive: true });
    const files = { 'site/index.html': 300, 'site/pictures/a.png': 2 * MIB + 5, 'site/.hidden': 10 };
    const folder: PickedFile[] = [];
    for (const [name, size] of Object.entries(files)) {
      const bytes = patternBytes(size, size);
      await writeFile(join(directory, name), bytes);
      folder.push(picked(name, bytes));
    }
    const nodeFolder = await importContent({ kind: 'directory', path: join(directory, 'site') });
    expect((await planContent(folder)).root.toString()).to.equal(nodeFolder.root.toString());
    await nodeFolder.carFile.remove();
  });

  it('refuses a choice without a file, and one whose file can no longer be read', async () => {
    const refusal = async (files: readonly PickedFile[]) =>
      planContent(files).then(
        () => 'taken',
        (error: unknown) => (error instanceof PublishError ? error.code : String(error)),
      );
    expect(await refusal([])).to.equal('SOURCE_UNREADABLE');
    const gone = new ChangedFile(['bytes']);
    expect(await refusal([{ path: 'gone', blob: gone }])).to.equal('SOURCE_UNREADABLE');
  });
});

describe('uploadSlices', () => {
  const key = {
    uploadKey: addressOf(keys.viewer),
    nonce: parseBytes32(`0x${'77'.repeat(32)}`, 'nonce'),
  };
  const authority = { domain: DOMAIN, key, privateKey: keys.viewer, secp256k1: nativeSecp256k1 };
  const dealId: DealId = dealIdOfSalt(DOMAIN, addressOf(keys.publisher), saltOfUploadKey(key));
  const bytes = patternBytes(20 * MIB + 12_345, 3);
  const files = [picked('film.bin', bytes)];
  let content: PlannedContent;
  let fixture: GatewayFixture;
  let gateway: Gateway;
  let origin: string;

  before(async () => {
    content = await planContent(files);
  });

  const serve = async (directory?: string): Promise<void> => {
    fixture = await GatewayFixture.start({ empty: true, ...(directory !== undefined && { directory }) });
    const { deal, allocation } = fixture;
    if (deal === undefined) throw new RangeError('the fixture has a deal');
    const contentRoot = contentRootOf(content.root);
    const known = { ...deal, dealId, contentRoot, contentCodec: content.root.code };
    const deals = {
      deal: async (id: DealId) => (id === dealId ? known : undefined),
      allocation: async () => allocation,
    };
    gateway = createGateway({ ...fixture.components, deals });
    const { port } = await gateway.start();
    origin = `http://127.0.0.1:${port}`;
  };

  beforeEach(async () => serve());
  afterEach(async () => {
    await gateway.stop(100);
    await fixture.stop();
  });

  const clock = { nowMs: () => fixture.nowMs, sleep: async () => undefined };
  const upload = (options: SliceOptions = {}) =>
    uploadSlices({ origin, node: NODE, dealId, content, files, authority }, { clock, ...options });
  const refusal = async (options: SliceOptions = {}) =>
    upload(options).then(
      () => 'taken',
      (error: unknown) => (error instanceof PublishError ? error.code : String(error)),
    );

  it('brings all blocks, saying how far it is, and nothing the second time', async () => {
    const progress: number[] = [];
    await upload({ onProgress: (stored) => void progress.push(stored) });
    expect(fixture.store.isComplete(contentRootOf(content.root))).to.equal(true);
    expect(progress).to.deep.equal(progress.toSorted((a, b) => a - b));
    expect(progress.length).to.be.at.least(4);
    const methods: string[] = [];
    await upload({
      fetch: (url, init) => {
        methods.push(init.method ?? '');
        return fetch(url, init);
      },
    });
    expect(methods).to.deep.equal(['GET']);
  });

  it('goes on where it was after the edge was gone, and after the page was closed', async () => {
    let slices = 0;
    const closing = new AbortController();
    const cut = async (url: string, init: RequestInit): Promise<Response> => {
      const response = await fetch(url, init);
      if (new Headers(init.headers).get('bcdn-upload-part') === 'slice' && ++slices === 1) closing.abort();
      return response;
    };
    expect(await refusal({ fetch: cut, signal: closing.signal })).to.contain('AbortError');
    const { directory } = fixture;
    await gateway.stop(100);
    await fixture.detach();
    await serve(directory);
    let sentBytes = 0;
    await upload({
      fetch: (url, init) => {
        if (init.body instanceof Blob) sentBytes += init.body.size;
        return fetch(url, init);
      },
    });
    expect(fixture.store.isComplete(contentRootOf(content.root))).to.equal(true);
    expect(sentBytes).to.be.below(bytes.length);
  });

  it('tries again what passes, and gives up what does not', async () => {
    let calls = 0;
    await upload({
      fetch: async (url, init) => {
        calls += 1;
        if (calls % 3 === 0) throw new TypeError('connection reset');
        return fetch(url, init);
      },
    });
    fixture.nowMs += 1;
    const dead = await refusal({ fetch: async () => Promise.reject(new TypeError('unreachable')) });
    expect(dead).to.equal('PUSH_FAILED');
    const stranger = { ...authority, privateKey: keys.stranger };
    const refused = await uploadSlices(
      { origin, node: NODE, dealId, content, files, authority: stranger },
      { clock },
    ).then(
      () => 'taken',
      (error: unknown) => (error instanceof PublishError ? [error.code, error.values['refusal']] : error),
    );
    expect(refused).to.deep.equal(['PUSH_REFUSED', 'UPLOAD_BAD_SIGNATURE']);
  });

  it('gives up an edge that keeps nothing of what it takes', async () => {
    const forgetful = async (): Promise<Response> =>
      Response.json({ complete: false, bytes: 0, missingBlocks: 0, missing: [] });
    expect(await refusal({ fetch: forgetful })).to.equal('PUSH_FAILED');
    expect(await refusal({ fetch: async () => Response.json({ complete: 'yes' }) })).to.equal('PUSH_FAILED');
  });
});
