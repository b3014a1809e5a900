import { expect } from 'chai';

import { FetchExchange } from '../../../sdk/client/fetch-exchange.ts';
import type { HttpExchange } from '../../../sdk/client/http-exchange.ts';
import type { PublishError } from '../../../sdk/publish/publish-error.ts';
import { planContent } from '../../../sdk/publish/slices/plan-content.ts';
import { originUrl, readOrigin } from '../../../sdk/publish/slices/read-origin.ts';
import { patternBytes } from '../../node/adapters/content-fixture.ts';
import { OriginServer, type Misbehaviour } from '../../node/adapters/origin/origin-server.ts';

const MIB = 1024 * 1024;
const clock = { nowMs: () => 0, sleep: async () => undefined };

/** Shows only headers that every page sees, as browsers do where an origin exposes no others (Fetch, CORS). */
function asPage(http: HttpExchange): HttpExchange {
  return {
    request: async (request) => {
      const answer = await http.request(request);
      const shown = new Set(['content-length', 'content-type', 'last-modified']);
      return { ...answer, header: (name) => (shown.has(name) ? answer.header(name) : undefined) };
    },
    close: async () => http.close(),
  };
}

describe('reading an origin to name its content', () => {
  let origin: OriginServer;
  const http = new FetchExchange();
  const exchanges = { 'with every header': http, 'as a page that is shown few headers': asPage(http) };

  afterEach(async () => origin.stop());

  for (const [how, exchange] of Object.entries(exchanges)) {
    for (const size of [1, MIB, 8 * MIB, 8 * MIB + 1, 16 * MIB]) {
      it(`finds the CID of an upload, for ${size} bytes, ${how}`, async () => {
        const bytes = patternBytes(size, size);
        origin = await new OriginServer(bytes).start();
        const read = await readOrigin({ http: exchange, clock }, origin.url);
        const uploaded = await planContent([{ path: 'film', blob: new Blob([Uint8Array.from(bytes)]) }]);
        expect(read.content.root.toString()).to.equal(uploaded.root.toString());
        expect([read.content.bytes, read.content.carBytes]).to.deep.equal([size, uploaded.carBytes]);
        const isHidden = exchange !== http;
        expect(read.origin).to.deep.equal({
          ...{ url: origin.url, etag: isHidden ? '' : '"v1"', lastModified: '' },
          unseen: isHidden ? ['length', 'version'] : [],
        });
      });
    }
  }

  for (const lie of [
    'whole in place of a part',
    'another range',
    'not found',
    'not satisfiable',
    'unavailable',
  ] as const satisfies readonly Misbehaviour[]) {
    it(`refuses an origin that nodes could not use: ${lie}`, async () => {
      origin = await new OriginServer(patternBytes(9 * MIB, 3)).start();
      origin.misbehaviour = lie;
      const refusal = await readOrigin({ http, clock }, origin.url).then(
        () => undefined,
        (error: unknown) => error as PublishError,
      );
      expect(refusal?.code).to.equal('ORIGIN_UNUSABLE');
    });
  }

  it('says that it could not read one that cannot be reached', async () => {
    origin = await new OriginServer(patternBytes(10, 3)).start();
    const { url } = origin;
    await origin.stop();
    const refusal = await readOrigin({ http, clock }, url).then(
      () => undefined,
      (error: unknown) => error as PublishError,
    );
    expect(refusal?.code).to.equal('ORIGIN_UNREADABLE');
    origin = await new OriginServer(patternBytes(10, 3)).start();
  });

  it('takes addresses that nodes can use, and no others', async () => {
    origin = await new OriginServer(patternBytes(10, 3)).start();
    expect(originUrl(' https://media.example/a b.mp4 ')).to.equal('https://media.example/a%20b.mp4');
    for (const text of [
      '',
      'film.mp4',
      'ftp://media.example/a',
      'https://me:secret@media.example/',
      'https://m.example/#a',
    ]) {
      expect(() => originUrl(text))
        .to.throw()
        .with.property('code', 'ORIGIN_UNUSABLE');
    }
  });
});
