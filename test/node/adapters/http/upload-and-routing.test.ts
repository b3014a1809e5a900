import { expect } from 'chai';
import { request } from 'undici';
import { Readable } from 'node:stream';
import type { CID } from 'multiformats/cid';

import type { Upload } from '../../../../sdk/protocol/authorisation.ts';
import { contentRootOf, DAG_PB_CODEC } from '../../../../sdk/protocol/content.ts';
import { UPLOAD_PART_HEADER } from '../../../../sdk/protocol/http.ts';
import { parseAddress } from '../../../../sdk/protocol/identifiers.ts';
import { createGateway } from '../../../../node/adapters/http/gateway.ts';
import { GatewayStartError } from '../../../../node/adapters/http/listening.ts';
import { carOf, patternBytes, rawCidOf, type StoredBlock } from '../content-fixture.ts';
import { addressOf, DEAL_ID, GatewayFixture, keys, NODE, uploadHeader } from './gateway-fixture.ts';
import { jsonOf, refusalOf } from './json-reply.ts';

describe('Gateway: placing content', () => {
  let fixture: GatewayFixture;
  let root: CID;
  const stored: [string, string][] = [];

  beforeEach(async () => {
    stored.length = 0;
    fixture = await GatewayFixture.start({
      empty: true,
      quotaBytes: 1 << 20,
      components: {
        contentStored: async (cid, dealId) => {
          stored.push([cid.toString(), dealId]);
        },
      },
    });
    root = fixture.content.root;
  });

  afterEach(async () => {
    await fixture.stop();
  });

  const upload = (changes: Partial<Upload> = {}): Upload => ({
    dealId: DEAL_ID,
    node: NODE,
    contentRoot: contentRootOf(root),
    bytes: 400_000n,
    expiresAt: BigInt(Math.floor(fixture.nowMs / 1000) + 600),
    ...changes,
  });

  const put = (authorisation: string, blocks: Iterable<StoredBlock> = fixture.content.blocks) =>
    ({
      method: 'PUT',
      headers: { 'bcdn-upload': authorisation },
      body: Readable.from(carOf(root, blocks)),
    }) as const;

  const contentUrl = (cid = root): string => `${fixture.origin}/bcdn/v1/content/${cid.toString()}`;

  it('takes the inner nodes alone where they are named so, and tells nobody of a content without leaves', async () => {
    const nodes = fixture.content.blocks.filter(({ cid }) => cid.code === DAG_PB_CODEC);
    const skeleton = (part: string, blocks: readonly StoredBlock[] = nodes) => {
      const { headers, ...request } = put(uploadHeader(upload()), blocks);
      return jsonOf(contentUrl(), { ...request, headers: { ...headers, [UPLOAD_PART_HEADER]: part } });
    };
    const taken = await skeleton('skeleton');
    expect(taken.status).to.equal(201);
    expect(taken.body).to.include({ complete: false });
    expect(fixture.store.contents()[0]).to.deep.include({ complete: false, pinnedBy: [DEAL_ID] });
    expect(stored).to.deep.equal([]);
    expect((await skeleton('bones')).status).to.equal(400);
    expect((await skeleton('whole')).status).to.equal(422);
    // What the deal pins stays, though a later upload failed.
    expect(fixture.store.contents()[0]).to.deep.include({ blocks: nodes.length, pinnedBy: [DEAL_ID] });
    const whole = await jsonOf(contentUrl(), put(uploadHeader(upload())));
    expect(whole.body).to.include({ complete: true });
  });

  it('stores, pins and tells, and a second time answers at once', async () => {
    for (let time = 0; time < 2; time++) {
      const { status, body } = await jsonOf(contentUrl(), put(uploadHeader(upload())));
      const bytes = fixture.content.blocks.reduce((sum, block) => sum + block.bytes.length, 0);
      expect(status).to.equal(201);
      const blocks = fixture.content.blocks.length;
      expect(body).to.deep.equal({ cid: root.toString(), bytes, blocks, complete: true });
    }
    expect(fixture.store.contents()).to.have.length(1);
    expect(fixture.store.contents()[0]).to.deep.include({ complete: true, pinnedBy: [DEAL_ID] });
    expect(stored).to.deep.equal([
      [root.toString(), DEAL_ID],
      [root.toString(), DEAL_ID],
    ]);
  });

  it('refuses an authorisation that is missing, no authorisation, or for something else', async () => {
    const refused = async (changes: Partial<Upload>, key = keys.publisher) => {
      const { status, code, values } = await refusalOf(contentUrl(), put(uploadHeader(upload(changes), key)));
      return { status, code, values };
    };
    expect(await refusalOf(contentUrl(), { method: 'PUT', body: 'x' })).to.include({
      status: 401,
      code: 'UPLOAD_MISSING',
    });
    expect(await refusalOf(contentUrl(), put('AAAA'))).to.include({ status: 400, code: 'UPLOAD_MALFORMED' });
    const node = parseAddress(`0x${'22'.repeat(20)}`);
    expect(await refused({ node })).to.deep.equal({
      status: 403,
      code: 'UPLOAD_WRONG_NODE',
      values: { expected: NODE, actual: node },
    });
    const other = contentRootOf(rawCidOf(Uint8Array.of(1)));
    expect(await refused({ contentRoot: other })).to.include({ status: 403, code: 'UPLOAD_WRONG_CONTENT' });
    expect(await refused({ expiresAt: 1n })).to.include({ status: 403, code: 'UPLOAD_EXPIRED' });
    expect(await refused({ expiresAt: 1n << 60n })).to.include({ status: 403, code: 'UPLOAD_EXPIRED' });
    expect(await refused({}, keys.stranger)).to.deep.equal({
      status: 403,
      code: 'UPLOAD_BAD_SIGNATURE',
      values: { expected: addressOf(keys.publisher), actual: addressOf(keys.stranger) },
    });
    fixture.allocation = undefined;
    expect(await refused({})).to.deep.equal({
      status: 403,
      code: 'UPLOAD_UNKNOWN_DEAL',
      values: { dealId: DEAL_ID, dealKnown: true, allocated: false },
    });
    expect(fixture.store.contents()).to.deep.equal([]);
    expect(stored).to.deep.equal([]);
  });

  it('refuses what is larger than the quota before a byte is stored, and bodies beyond what was signed', async () => {
    const large = await refusalOf(contentUrl(), put(uploadHeader(upload({ bytes: 1n << 21n }))));
    expect(large).to.deep.equal({
      status: 507,
      code: 'QUOTA_EXCEEDED',
      values: { needBytes: 1 << 21, freeBytes: 1 << 20, limitBytes: 1 << 20 },
    });
    const long = await refusalOf(contentUrl(), put(uploadHeader(upload({ bytes: 100_000n }))));
    expect(long).to.deep.equal({ status: 413, code: 'CAR_TOO_LARGE', values: { maxBytes: 100_000 } });
    const declared = await refusalOf(contentUrl(), {
      method: 'PUT',
      headers: { 'bcdn-upload': uploadHeader(upload({ bytes: 10n })) },
      body: Buffer.alloc(11),
    });
    expect(declared).to.deep.equal({
      status: 413,
      code: 'BODY_TOO_LARGE',
      values: { bytes: 11, maxBytes: 10 },
    });
    expect(fixture.store.usage().usedBytes).to.equal(0);
  });

  it('refuses a CAR with a missing or a changed block, and keeps nothing of it', async () => {
    const [first, ...rest] = fixture.content.blocks;
    if (first === undefined) throw new RangeError('the content has blocks');
    const missing = await refusalOf(contentUrl(), put(uploadHeader(upload()), rest));
    expect(missing).to.include({ status: 422, code: 'CONTENT_INCOMPLETE' });
    const changed = { cid: first.cid, bytes: patternBytes(first.bytes.length, 77) };
    const bad = await refusalOf(contentUrl(), put(uploadHeader(upload()), [changed, ...rest]));
    expect(bad).to.include({ status: 422, code: 'BLOCK_HASH_MISMATCH' });
    expect(fixture.store.contents()).to.deep.equal([]);
    expect(fixture.store.usage().usedBytes).to.equal(0);
  });

  it('keeps nothing when the publisher breaks off, and takes the content afterwards', async () => {
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of carOf(root, fixture.content.blocks.slice(0, 2))) yield chunk;
      throw new RangeError('the publisher is gone');
    };
    const attempt = request(contentUrl(), {
      method: 'PUT',
      headers: { 'bcdn-upload': uploadHeader(upload()) },
      body: Readable.from(broken()),
    });
    expect(
      await attempt.then(
        () => 'answered',
        () => 'broken',
      ),
    ).to.equal('broken');
    const { status } = await jsonOf(contentUrl(), put(uploadHeader(upload())));
    expect(status).to.equal(201);
  });
});

describe('Gateway: routing, health and preflight', () => {
  let fixture: GatewayFixture;
  const provider = {
    peerId: '12D3KooW',
    addresses: ['/ip4/127.0.0.1/tcp/1/http'],
    operator: NODE,
    region: 'eu-west',
  };

  before(async () => {
    fixture = await GatewayFixture.start({
      components: {
        router: {
          lookup: async (cid, { servers }) => {
            if (!cid.equals(fixture.content.root)) throw new RangeError('the owner is gone');
            if (servers < 2) return { providers: [{ ...provider, reason: 'own-group' }], hops: 0 };
            return { providers: [provider], hops: 1 };
          },
        },
      },
    });
  });

  after(async () => {
    await fixture.stop();
  });

  it('names providers in the form of IPIP-337 and says how many hops it took', async () => {
    const { status, body } = await jsonOf(
      `${fixture.origin}/routing/v1/providers/${fixture.content.root.toString()}`,
    );
    expect(status).to.equal(200);
    expect(body).to.deep.equal({
      Providers: [
        {
          Schema: 'peer',
          ID: '12D3KooW',
          Addrs: ['/ip4/127.0.0.1/tcp/1/http'],
          Protocols: ['transport-bcdn-http'],
          Bcdn: { operator: NODE, region: 'eu-west' },
        },
      ],
      Bcdn: { hops: 1 },
    });
  });

  it('tells the router how many servers are enough, and the asker how they were found', async () => {
    const path = `${fixture.origin}/routing/v1/providers/${fixture.content.root.toString()}`;
    const { body } = await jsonOf(`${path}?servers=1`);
    expect(body).to.deep.include({ Bcdn: { hops: 0 } });
    expect(body).to.have.deep.nested.property('Providers[0].Bcdn', {
      operator: NODE,
      region: 'eu-west',
      reason: 'own-group',
    });
    expect((await jsonOf(`${path}?servers=9`)).body).to.deep.include({ Bcdn: { hops: 1 } });
    for (const servers of ['0', '-1', 'all', '1e3', '']) {
      expect(await refusalOf(`${path}?servers=${servers}`)).to.deep.equal({
        status: 400,
        code: 'QUERY_INVALID',
        values: { servers },
      });
    }
  });

  it('says so when the ring does not answer, and when the CID is none', async () => {
    const cid = rawCidOf(Uint8Array.of(3)).toString();
    expect(await refusalOf(`${fixture.origin}/routing/v1/providers/${cid}`)).to.deep.equal({
      status: 503,
      code: 'LOOKUP_FAILED',
      values: { cid },
    });
    expect(await refusalOf(`${fixture.origin}/routing/v1/providers/x`)).to.include({
      status: 400,
      code: 'CID_INVALID',
    });
  });

  it('answers status, liveness, readiness and metrics', async () => {
    expect(await jsonOf(`${fixture.origin}/bcdn/v1/status`)).to.deep.include({
      status: 200,
      body: { node: NODE },
    });
    expect(await jsonOf(`${fixture.origin}/livez`)).to.deep.include({ status: 200, body: { live: true } });
    expect(await jsonOf(`${fixture.origin}/readyz`)).to.deep.include({ body: { ready: true, reasons: [] } });
    const { body } = await request(`${fixture.origin}/metrics`);
    const text = await body.text();
    expect(text).to.match(/bcdn_http_requests_total\{route="livez",status="200"\} \d/);
    expect(text).to.contain('bcdn_http_request_duration_seconds_bucket');
  });

  it('lets any page use the payment headers', async () => {
    const { statusCode, headers } = await request(`${fixture.origin}/ipfs/x`, { method: 'OPTIONS' });
    expect(statusCode).to.equal(204);
    expect(headers['access-control-allow-origin']).to.equal('*');
    expect(headers['access-control-allow-methods']).to.equal('GET, HEAD, OPTIONS');
    expect(headers['access-control-allow-headers']).to.contain('bcdn-grant, bcdn-receipt');
  });

  it('says which port is taken', async () => {
    const port = Number(new URL(fixture.origin).port);
    const second = createGateway({ ...fixture.components }, { port });
    try {
      await second.start();
      expect.fail('two gateways on one port');
    } catch (error) {
      expect(error).to.be.instanceOf(GatewayStartError);
      expect(error).to.deep.include({ code: 'HTTP_PORT_IN_USE', values: { host: '127.0.0.1', port } });
    }
  });
});
