import { expect } from 'chai';
import { CID } from 'multiformats/cid';

import { ClientError } from '../../../sdk/client/client-error.ts';
import type { HttpAnswer, HttpRequest } from '../../../sdk/client/http-exchange.ts';
import { lookUpAtOneOf } from '../../../sdk/client/provider-lookup.ts';

const cid = CID.parse('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku');
const ORIGINS = ['http://first', 'http://second', 'http://third'];

type Manner = 'answers' | 'fails' | 'refuses' | 'silent';

/** Edges that behave as they are told to, and a clock that passes at once or never. */
function network(manners: readonly Manner[], options: { readonly patient?: boolean } = {}) {
  const asked: string[] = [];
  const broken: string[] = [];
  const request = async ({ url, signal }: HttpRequest): Promise<HttpAnswer> => {
    signal?.throwIfAborted();
    const index = ORIGINS.findIndex((origin) => url.startsWith(origin));
    asked.push(ORIGINS[index] ?? url);
    if (manners[index] === 'fails')
      throw new ClientError('UNREACHABLE', 'It is away.', { remedy: 'Ask another.' });
    if (manners[index] === 'refuses') return answer(503, { error: { code: 'LOOKUP_FAILED' } });
    if (manners[index] === 'answers') return answer(200, { Providers: [], Bcdn: { hops: index } });
    return new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => {
        broken.push(ORIGINS[index] ?? url);
        reject(signal.reason as Error);
      });
    });
  };
  const sleep = async (): Promise<void> =>
    options.patient === true ? new Promise(() => undefined) : undefined;
  const components = { http: { request, close: async () => undefined }, clock: { nowMs: () => 0, sleep } };
  return { components, asked, broken };
}

function answer(status: number, body: unknown): HttpAnswer {
  return { status, header: () => undefined, body: new TextEncoder().encode(JSON.stringify(body)) };
}

describe('lookUpAtOneOf', () => {
  it('asks one edge only, where that answers in time', async () => {
    const { components, asked } = network(['answers', 'answers', 'answers'], { patient: true });
    expect((await lookUpAtOneOf(components, ORIGINS, { cid }))?.hops).to.equal(0);
    expect(asked).to.deep.equal(['http://first']);
  });

  it('asks the next at once when one fails or refuses, and no edge twice', async () => {
    const { components, asked } = network(['fails', 'refuses', 'answers'], { patient: true });
    expect((await lookUpAtOneOf(components, ORIGINS, { cid }))?.hops).to.equal(2);
    expect(asked).to.deep.equal(ORIGINS);
  });

  it('asks the next beside one that is silent, and breaks off what is no longer needed', async () => {
    const { components, broken } = network(['silent', 'answers', 'answers']);
    expect((await lookUpAtOneOf(components, ORIGINS, { cid }))?.hops).to.equal(1);
    expect(broken).to.deep.equal(['http://first']);
  });

  it('finds nothing where nobody answers, or where there is nobody', async () => {
    const { components } = network(['fails', 'refuses', 'fails']);
    expect(await lookUpAtOneOf(components, ORIGINS, { cid })).to.equal(undefined);
    expect(await lookUpAtOneOf(components, [], { cid })).to.equal(undefined);
  });

  it('ends with the reason of the signal', async () => {
    const { components } = network(['silent', 'silent', 'silent']);
    const stop = new AbortController();
    const looking = lookUpAtOneOf(components, ORIGINS, { cid, signal: stop.signal });
    stop.abort(new RangeError('changed my mind'));
    expect(await looking.catch((error: unknown) => error)).to.be.instanceOf(RangeError);
  });
});
