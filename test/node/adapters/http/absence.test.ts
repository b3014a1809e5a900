import { expect } from 'chai';
import { request } from 'undici';
import type { CID } from 'multiformats/cid';

import { contentRootOf } from '../../../../sdk/protocol/content.ts';
import { Absences } from '../../../../node/core/storage/absences.ts';
import {
  ABSENT_FROM_CONTENT_MS,
  ABSENT_MS,
  FRUITLESS_SEARCHES,
  NO_PROVIDERS_MS,
} from '../../../../node/adapters/http/gateway-limits.ts';
import { contentOf, patternBytes, rawCidOf, type TestContent } from '../content-fixture.ts';
import { GatewayFixture, grantHeader } from './gateway-fixture.ts';

const unknown = (number: number): CID => rawCidOf(new TextEncoder().encode(`unknown ${number}`));

describe('Gateway: what nobody has', () => {
  let fixture: GatewayFixture;
  let content: TestContent;
  let asked: string[];
  let lookups: number;
  let withheld = '';
  const absences = new Absences();

  before(async () => {
    content = await contentOf([{ content: patternBytes(150_000, 9) }]);
  });

  beforeEach(async () => {
    asked = [];
    lookups = 0;
    withheld = '';
    fixture = await GatewayFixture.start({
      content,
      empty: true,
      components: {
        absences,
        withheld: (cid) => cid.toString() === withheld,
        fill: async (cid, root) => {
          asked.push(cid.toString());
          const block = content.blocks.find((each) => each.cid.equals(cid));
          if (block === undefined || root === undefined) return;
          await fixture.store.put({ root, codec: content.root.code }, cid, block.bytes);
        },
        router: {
          lookup: async () => {
            lookups += 1;
            return { providers: [], hops: 1 };
          },
        },
      },
    });
  });

  afterEach(async () => {
    absences.contentChanged(contentRootOf(content.root));
    await fixture.stop();
  });

  interface Answer {
    readonly status: number;
    readonly how: unknown;
    readonly mayBeKept: unknown;
    readonly code: string | undefined;
  }

  async function get(cid: CID, headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await request(`${fixture.origin}/ipfs/${cid.toString()}?format=raw`, { headers });
    const body = answer.statusCode === 200 ? await answer.body.bytes() : await answer.body.json();
    return {
      status: answer.statusCode,
      how: answer.headers['cache-status'],
      mayBeKept: answer.headers['cache-control'],
      code: (body as { error?: { code: string } }).error?.code,
    };
  }

  it('is looked for once, then answered from memory for ten seconds, and never kept by others', async () => {
    const found = { status: 404, mayBeKept: 'no-store', code: 'BLOCK_NOT_FOUND' };
    expect(await get(unknown(1))).to.deep.equal({ ...found, how: 'bcdn; fwd=miss; fwd-status=404' });
    expect(await get(unknown(1))).to.deep.equal({ ...found, how: 'bcdn; hit; ttl=10; detail=absent' });
    fixture.nowMs += ABSENT_MS - 1;
    expect(await get(unknown(1))).to.deep.equal({ ...found, how: 'bcdn; hit; ttl=1; detail=absent' });
    expect(asked).to.have.lengthOf(1);
    fixture.nowMs += 1;
    await get(unknown(1));
    expect(asked).to.have.lengthOf(2);
  });

  it('is looked for again sooner when a grant names its content', async () => {
    const granted = { 'bcdn-grant': grantHeader(fixture.grant()) };
    for (let i = 0; i < 3; i++) await get(unknown(1), granted);
    expect(asked).to.have.lengthOf(1);
    fixture.nowMs += ABSENT_FROM_CONTENT_MS;
    await get(unknown(1), granted);
    expect(asked).to.have.lengthOf(2);
  });

  it('is looked for at once when a content came or was allocated', async () => {
    const [leaf] = content.leaves;
    const cid = leaf?.cid ?? content.root;
    expect((await get(cid)).status).to.equal(404);
    absences.contentChanged(contentRootOf(content.root));
    expect((await get(cid, { 'bcdn-grant': grantHeader(fixture.grant()) })).status).to.equal(200);
    expect((await get(cid)).status).to.equal(200);
  });

  it('costs no more searches than the bound when a flood asks for it, and granted content is filled meanwhile', async () => {
    const answers: Answer[] = [];
    for (let i = 0; i < 3 * FRUITLESS_SEARCHES.burst; i++) answers.push(await get(unknown(i)));
    expect(asked).to.have.lengthOf(FRUITLESS_SEARCHES.burst);
    const refused = answers.filter(({ code }) => code === 'SEARCHES_EXHAUSTED');
    expect(refused).to.have.lengthOf(2 * FRUITLESS_SEARCHES.burst);
    expect(new Set(refused.map(({ status }) => status))).to.deep.equal(new Set([503]));
    const granted = { 'bcdn-grant': grantHeader(fixture.grant()) };
    const [leaf] = content.leaves;
    expect((await get(leaf?.cid ?? content.root, granted)).status).to.equal(200);
    fixture.nowMs += 1_000;
    for (let i = 1_000; i < 1_100; i++) await get(unknown(i));
    const inSecond = asked.length - FRUITLESS_SEARCHES.burst - 1;
    expect(inSecond).to.equal(FRUITLESS_SEARCHES.perSecond);
  });

  it('is gone where its content was taken down, and not looked for', async () => {
    withheld = unknown(1).toString();
    const gone = { status: 410, how: undefined, mayBeKept: 'no-store', code: 'CONTENT_WITHDRAWN' };
    expect(await get(unknown(1))).to.deep.equal(gone);
    expect(asked).to.deep.equal([]);
    expect((await get(unknown(2))).status).to.equal(404);
  });

  it('is looked up in the ring once a second, and a flood of lookups is bounded', async () => {
    const providers = (cid: CID) => request(`${fixture.origin}/routing/v1/providers/${cid.toString()}`);
    for (let i = 0; i < 3; i++) {
      const { statusCode, body } = await providers(unknown(1));
      expect([statusCode, ((await body.json()) as { Providers: unknown[] }).Providers]).to.deep.equal([
        200,
        [],
      ]);
    }
    expect(lookups).to.equal(1);
    fixture.nowMs += NO_PROVIDERS_MS;
    await (await providers(unknown(1))).body.dump();
    expect(lookups).to.equal(2);
    const statuses = new Set<number>();
    for (let i = 0; i < 2 * FRUITLESS_SEARCHES.burst; i++) {
      const { statusCode, body } = await providers(unknown(i + 10));
      await body.dump();
      statuses.add(statusCode);
    }
    expect([...statuses].sort()).to.deep.equal([200, 503]);
    expect(lookups).to.be.at.most(FRUITLESS_SEARCHES.burst + FRUITLESS_SEARCHES.perSecond + 1);
  });
});
