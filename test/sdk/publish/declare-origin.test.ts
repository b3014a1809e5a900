import { expect } from 'chai';

import { ClientError } from '../../../sdk/client/client-error.ts';
import type { HttpAnswer, HttpExchange, HttpRequest } from '../../../sdk/client/http-exchange.ts';
import { probeOrigin, requireOriginSource } from '../../../sdk/publish/declare-origin.ts';
import { PublishError } from '../../../sdk/publish/publish-error.ts';

const URL_OF_FILE = 'https://media.example/film.mp4';
const GOOD = { 'content-range': 'bytes 0-0/1000', etag: '"v1"', 'last-modified': 'yesterday' };

type Told = readonly [status: number, headers: Readonly<Record<string, string>>] | Error;

/** Answers as told, one request after the other. */
class TellingExchange implements HttpExchange {
  readonly requests: HttpRequest[] = [];
  readonly #answers: Told[];

  constructor(...answers: Told[]) {
    this.#answers = answers;
  }

  async request(request: HttpRequest): Promise<HttpAnswer> {
    this.requests.push(request);
    const answer = this.#answers.shift();
    if (answer === undefined) throw new RangeError('asked too often');
    if (answer instanceof Error) throw answer;
    const [status, headers] = answer;
    return {
      status,
      header: (name) => headers[name],
      body: new Uint8Array(1),
      waitedMs: 0,
      sha256: undefined,
    };
  }

  async close(): Promise<void> {}
}

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof PublishError && error.code === 'ORIGIN_UNUSABLE') return error.message;
    throw error;
  }
  throw new RangeError('nothing was refused');
}

describe('Looking at an origin before publishing', () => {
  const probe = (...answers: Told[]) =>
    probeOrigin(new TellingExchange(...answers), { url: URL_OF_FILE }, { bytes: 1_000 });

  it('asks for one byte, and remembers length and version', async () => {
    const http = new TellingExchange([206, GOOD]);
    const origin = await probeOrigin(http, { url: URL_OF_FILE }, { bytes: 1_000 });
    expect(origin).to.deep.equal({
      ...{ kind: 'file', url: URL_OF_FILE, bytes: 1_000n },
      ...{ etag: '"v1"', lastModified: 'yesterday' },
    });
    expect(http.requests[0]?.headers).to.deep.equal({ range: 'bytes=0-0', 'accept-encoding': 'identity' });
  });

  it('follows redirects, not for ever', async () => {
    const http = new TellingExchange([302, { location: '/there' }], [206, GOOD]);
    await probeOrigin(http, { url: URL_OF_FILE }, { bytes: 1_000 });
    expect(http.requests[1]?.url).to.equal('https://media.example/there');
    const again = [302, { location: '/again' }] as const;
    expect(await refusal(probe(again, again, again, again))).to.contain('redirects');
  });

  it('says what is wrong with one that nodes could not use', async () => {
    const tooLong = new ClientError('ANSWER_TOO_LARGE', 'too long', { remedy: '' });
    const away = new ClientError('UNREACHABLE', 'nobody there', { remedy: '' });
    expect(await refusal(probe([200, {}]))).to.contain('ignores Range');
    expect(await refusal(probe(tooLong))).to.contain('ignores Range');
    expect(await refusal(probe(away))).to.contain('nobody there');
    expect(await refusal(probe([404, {}]))).to.contain('404');
    expect(await refusal(probe([206, { ...GOOD, 'content-encoding': 'gzip' }]))).to.contain('encodes');
    expect(await refusal(probe([206, { 'content-range': 'bytes 0-0/999' }]))).to.contain('another one');
  });

  it('asks nothing of a gateway, nor for an empty file', async () => {
    const http = new TellingExchange();
    await probeOrigin(http, { url: URL_OF_FILE, kind: 'gateway' }, { bytes: 1_000 });
    await probeOrigin(http, { url: URL_OF_FILE }, { bytes: 0 });
    expect(http.requests).to.deep.equal([]);
  });

  it('takes sources whose leaves lie in one file, and directories of a gateway', () => {
    requireOriginSource({ kind: 'file', path: 'a' }, { url: URL_OF_FILE });
    requireOriginSource({ kind: 'directory', path: 'a' }, { url: URL_OF_FILE, kind: 'gateway' });
    for (const source of [{ kind: 'directory', path: 'a' } as const, { kind: 'car', path: 'a' } as const]) {
      expect(() => requireOriginSource(source, { url: URL_OF_FILE }))
        .to.throw()
        .with.property('code', 'ORIGIN_UNUSABLE');
    }
  });
});
