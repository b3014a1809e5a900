import { expect } from 'chai';
import fc from 'fast-check';
import type { CID } from 'multiformats/cid';
import { Readable } from 'node:stream';
import { request } from 'undici';

import { createGateway } from '../../../../node/adapters/http/gateway.ts';
import type { Upload } from '../../../../sdk/protocol/authorisation.ts';
import { base64UrlEncode, bytesToHex } from '../../../../sdk/protocol/bytes.ts';
import { contentRootOf, DAG_PB_CODEC } from '../../../../sdk/protocol/content.ts';
import {
  TAGS_HEADER,
  UPLOAD_HEADER,
  UPLOAD_KEY_HEADER,
  UPLOAD_PART_HEADER,
} from '../../../../sdk/protocol/http.ts';
import { parseBytes32, type DealId } from '../../../../sdk/protocol/identifiers.ts';
import { MAX_MISSING_LISTED, MAX_UPLOAD_SLICE_BYTES } from '../../../../sdk/protocol/limits.ts';
import { dealIdOfSalt, encodeUploadKey, saltOfUploadKey } from '../../../../sdk/protocol/upload-key.ts';
import { carOf, contentOf, patternBytes, rawCidOf, type StoredBlock } from '../content-fixture.ts';
import { addressOf, DEAL_ID, DOMAIN, GatewayFixture, keys, NODE, uploadHeader } from './gateway-fixture.ts';
import { jsonOf, refusalOf } from './json-reply.ts';

const digestOf = ({ cid }: StoredBlock): string => bytesToHex(cid.multihash.digest).slice(2);

describe('Gateway: a content that is uploaded in slices', () => {
  let fixture: GatewayFixture;
  let root: CID;
  let nodes: StoredBlock[];
  let leaves: readonly StoredBlock[];
  const told: string[] = [];

  beforeEach(async () => {
    told.length = 0;
    fixture = await GatewayFixture.start({
      ...{ empty: true, quotaBytes: 1 << 20 },
      content: await contentOf([{ content: patternBytes(500_000) }]),
      components: { contentStored: async (cid) => void told.push(cid.toString()) },
    });
    root = fixture.content.root;
    nodes = fixture.content.blocks.filter(({ cid }) => cid.code === DAG_PB_CODEC);
    leaves = fixture.content.leaves;
  });

  afterEach(async () => {
    await fixture.stop();
  });

  const url = (): string => `${fixture.origin}/bcdn/v1/content/${root.toString()}`;
  const signed = (changes: Partial<Upload> = {}, key = keys.publisher): string =>
    uploadHeader(
      {
        ...{ dealId: DEAL_ID, node: NODE, contentRoot: contentRootOf(root), bytes: 600_000n },
        expiresAt: BigInt(Math.floor(fixture.nowMs / 1000) + 600),
        ...changes,
      },
      key,
    );
  const put = (part: string, blocks: readonly StoredBlock[], authorisation = signed()) =>
    ({
      method: 'PUT',
      headers: { [UPLOAD_HEADER]: authorisation, [UPLOAD_PART_HEADER]: part },
      body: Readable.from(carOf(root, blocks)),
    }) as const;
  const state = async (): Promise<Record<string, unknown>> => {
    const { status, body } = await jsonOf(url(), { headers: { [UPLOAD_HEADER]: signed() } });
    expect(status).to.equal(200);
    return body as Record<string, unknown>;
  };

  it('says what is missing, takes it in any order and at once, and tells the ring with the last block', async () => {
    expect(await state()).to.deep.include({ complete: false, blocks: 0, missingBlocks: 0, missing: [] });
    await jsonOf(url(), put('skeleton', nodes));
    const before = await state();
    expect(before).to.deep.include({ complete: false, missingBlocks: leaves.length });
    expect(before['missing']).to.have.members(leaves.map(digestOf));
    const [last, ...others] = leaves;
    if (last === undefined) throw new RangeError('the content has leaves');
    const answers = await Promise.all(
      [others.slice(0, 3), others.slice(3).toReversed()].map((slice) => jsonOf(url(), put('slice', slice))),
    );
    for (const { status, body } of answers) expect([status, body]).to.deep.include(201);
    expect(await state()).to.deep.include({ missingBlocks: 1, missing: [digestOf(last)] });
    expect(told).to.deep.equal([]);
    const { body } = await jsonOf(url(), put('slice', [last]));
    expect(body).to.deep.equal({ cid: root.toString(), storedBlocks: 1, complete: true });
    expect(told).to.deep.equal([root.toString()]);
    expect(fixture.store.contents()[0]).to.deep.include({ complete: true, pinnedBy: [DEAL_ID] });
    expect(await state()).to.deep.include({ complete: true, missing: [] });
    const again = await jsonOf(url(), put('slice', leaves.slice(0, 2)));
    expect(again.body).to.include({ storedBlocks: 0, complete: true });
  });

  it('keeps what came before a slice broke, and goes on after a restart', async () => {
    await jsonOf(url(), put('skeleton', nodes));
    await jsonOf(url(), put('slice', leaves.slice(0, 4)));
    const [, , , , fifth, sixth] = leaves;
    if (fifth === undefined || sixth === undefined) throw new RangeError('the content has leaves');
    const changed = { cid: sixth.cid, bytes: patternBytes(sixth.bytes.length, 9) };
    const refused = await refusalOf(url(), put('slice', [fifth, changed]));
    expect(refused).to.include({ status: 422, code: 'BLOCK_HASH_MISMATCH' });
    const { directory, content } = fixture;
    await fixture.detach();
    fixture = await GatewayFixture.start({ directory, content, empty: true, quotaBytes: 1 << 20 });
    const missing = (await state())['missing'];
    expect(missing).to.have.members(leaves.slice(5).map(digestOf));
    const rest = await jsonOf(url(), put('slice', leaves.slice(5)));
    expect(rest.body).to.deep.include({ complete: true });
  });

  it('takes no block that the skeleton does not name, and none before the skeleton', async () => {
    const early = await refusalOf(url(), put('slice', leaves.slice(0, 1)));
    expect(early).to.include({ status: 422, code: 'BLOCK_NOT_NAMED' });
    await jsonOf(url(), put('skeleton', nodes));
    const usedBytes = fixture.store.usage().usedBytes;
    const bytes = patternBytes(5_000, 3);
    const foreign = await refusalOf(url(), put('slice', [{ cid: rawCidOf(bytes), bytes }]));
    expect(foreign).to.deep.equal({
      ...{ status: 422, code: 'BLOCK_NOT_NAMED' },
      values: { cid: rawCidOf(bytes).toString(), contentRoot: contentRootOf(root) },
    });
    expect(fixture.store.usage().usedBytes).to.equal(usedBytes);
  });

  it('stores no more than was signed, in however many slices, and none larger than a slice may be', async () => {
    const little = signed({ bytes: 200_000n });
    await jsonOf(url(), put('skeleton', nodes, little));
    const outcomes = await Promise.all(leaves.map((leaf) => jsonOf(url(), put('slice', [leaf], little))));
    const refused = outcomes.filter(({ status }) => status === 413);
    expect(refused.length).to.be.at.least(leaves.length - 3);
    const { bytes } = (await state()) as { bytes: number };
    expect(bytes).to.be.at.most(200_000);
    const declared = await refusalOf(url(), {
      method: 'PUT',
      headers: {
        [UPLOAD_HEADER]: signed({ bytes: 1n << 30n }),
        [UPLOAD_PART_HEADER]: 'slice',
        'content-length': String(MAX_UPLOAD_SLICE_BYTES + 1),
      },
      body: Buffer.alloc(MAX_UPLOAD_SLICE_BYTES + 1),
    });
    expect(declared).to.deep.include({ status: 413, code: 'BODY_TOO_LARGE' });
  });

  it('refuses a slice that the quota has no room for before it is read', async () => {
    const large = signed({ bytes: 1n << 30n });
    await jsonOf(url(), put('skeleton', nodes));
    const full = await refusalOf(url(), put('slice', leaves, large));
    expect(full).to.deep.include({ status: 507, code: 'QUOTA_EXCEEDED' });
  });

  it('tells the state only to who may upload', async () => {
    expect(await refusalOf(url())).to.include({ status: 401, code: 'UPLOAD_MISSING' });
    const stranger = { headers: { [UPLOAD_HEADER]: signed({}, keys.stranger) } };
    expect(await refusalOf(url(), stranger)).to.include({ status: 403, code: 'UPLOAD_BAD_SIGNATURE' });
    const { statusCode, headers } = await request(url(), { method: 'OPTIONS' });
    expect(statusCode).to.equal(204);
    expect(headers['access-control-allow-methods']).to.equal('GET, HEAD, PUT, OPTIONS');
    for (const name of [UPLOAD_HEADER, UPLOAD_KEY_HEADER, UPLOAD_PART_HEADER, TAGS_HEADER, 'content-type']) {
      expect(headers['access-control-allow-headers']).to.contain(name);
    }
  });

  it('lists at most so many missing blocks, and says how many there are', async () => {
    const many = await contentOf([{ content: patternBytes((MAX_MISSING_LISTED + 10) * 8) }], 8);
    await fixture.stop();
    fixture = await GatewayFixture.start({ empty: true, content: many });
    root = many.root;
    const inner = many.blocks.filter(({ cid }) => cid.code === DAG_PB_CODEC);
    await jsonOf(url(), put('skeleton', inner, signed({ bytes: 1_000_000n })));
    const { missingBlocks, missing } = (await state()) as { missingBlocks: number; missing: string[] };
    expect([missingBlocks, missing.length]).to.deep.equal([many.leaves.length, MAX_MISSING_LISTED]);
  });

  it('survives slices of any bytes', async () => {
    await jsonOf(url(), put('skeleton', nodes));
    const car: Uint8Array[] = [];
    for await (const chunk of carOf(root, leaves.slice(0, 2))) car.push(chunk);
    const good = Buffer.concat(car);
    const property = fc.asyncProperty(
      fc.array(fc.record({ at: fc.nat(good.length - 1), to: fc.nat(255) }), { minLength: 1, maxLength: 8 }),
      fc.nat(good.length),
      async (changes, cut) => {
        const bytes = Buffer.from(good);
        for (const { at, to } of changes) bytes[at] = to;
        const headers = { [UPLOAD_HEADER]: signed(), [UPLOAD_PART_HEADER]: 'slice' };
        const { status } = await jsonOf(url(), { method: 'PUT', headers, body: bytes.subarray(0, cut) });
        expect(status).to.be.oneOf([201, 400, 413, 422]);
      },
    );
    await fc.assert(property, { numRuns: 60 });
    for (const leaf of leaves) {
      const stored = await fixture.store.get(leaf.cid);
      if (stored !== undefined) expect(Buffer.from(stored).equals(leaf.bytes)).to.equal(true);
    }
    expect((await jsonOf(url(), put('slice', leaves))).body).to.include({ complete: true });
  });
});

describe('Gateway: uploads by a key that the deal names', () => {
  const key = { uploadKey: addressOf(keys.viewer), nonce: parseBytes32(`0x${'5a'.repeat(32)}`, 'nonce') };
  const dealId: DealId = dealIdOfSalt(DOMAIN, addressOf(keys.publisher), saltOfUploadKey(key));
  let fixture: GatewayFixture;
  let gateway: ReturnType<typeof createGateway>;
  let url: string;

  before(async () => {
    fixture = await GatewayFixture.start({ empty: true });
    const deals = {
      deal: async (id: DealId) =>
        id === dealId || id === DEAL_ID ? { ...requireDeal(fixture), dealId: id } : undefined,
      allocation: async () => fixture.allocation,
    };
    gateway = createGateway({ ...fixture.components, deals });
    const { port } = await gateway.start();
    url = `http://127.0.0.1:${port}/bcdn/v1/content/${fixture.content.root.toString()}`;
  });

  after(async () => {
    await gateway.stop(100);
    await fixture.stop();
  });

  const ask = (changes: { deal?: DealId; signer?: Uint8Array; named?: string }) => {
    const upload: Upload = {
      ...{ dealId: changes.deal ?? dealId, node: NODE, contentRoot: contentRootOf(fixture.content.root) },
      ...{ bytes: 400_000n, expiresAt: BigInt(Math.floor(fixture.nowMs / 1000) + 600) },
    };
    const named = changes.named ?? base64UrlEncode(encodeUploadKey(key));
    const headers = {
      [UPLOAD_HEADER]: uploadHeader(upload, changes.signer ?? keys.viewer),
      [UPLOAD_KEY_HEADER]: named,
    };
    return { headers };
  };

  it('takes the signature of the key, and the publisher’s still', async () => {
    for (const signer of [keys.viewer, keys.publisher]) {
      expect((await jsonOf(url, ask({ signer }))).status).to.equal(200);
    }
  });

  it('refuses the key for another deal, another key, and what is no key', async () => {
    expect(await refusalOf(url, ask({ deal: DEAL_ID }))).to.include({
      ...{ status: 403, code: 'UPLOAD_BAD_SIGNATURE' },
    });
    expect(await refusalOf(url, ask({ signer: keys.stranger }))).to.deep.equal({
      ...{ status: 403, code: 'UPLOAD_BAD_SIGNATURE' },
      values: { expected: key.uploadKey, actual: addressOf(keys.stranger) },
    });
    const other = { ...key, uploadKey: addressOf(keys.stranger) };
    const swapped = { signer: keys.stranger, named: base64UrlEncode(encodeUploadKey(other)) };
    expect(await refusalOf(url, ask(swapped))).to.include({ code: 'UPLOAD_BAD_SIGNATURE' });
    const property = fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), async (bytes) => {
      const { status, code } = await refusalOf(url, ask({ named: base64UrlEncode(bytes) || 'x' }));
      expect([status, code]).to.be.deep.oneOf([
        [400, 'UPLOAD_MALFORMED'],
        [403, 'UPLOAD_BAD_SIGNATURE'],
      ]);
    });
    await fc.assert(property, { numRuns: 50 });
  });
});

function requireDeal(fixture: GatewayFixture) {
  if (fixture.deal === undefined) throw new RangeError('the fixture has a deal');
  return fixture.deal;
}
