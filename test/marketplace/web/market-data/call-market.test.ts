import { expect } from 'chai';

import { callMarket } from '../../../../marketplace/web/market-data/call-market.ts';
import * as as from '../../../../marketplace/web/market-data/decode.ts';
import { MarketDataError } from '../../../../marketplace/web/market-data/market-data-error.ts';
import { pagePath } from '../../../../marketplace/web/market-data/page-path.ts';
import { MAX_POLL_PAUSE_MS, pollPauseMs } from '../../../../marketplace/web/market-data/polling.ts';

const TIMEOUT_MS = 60_000;
const shape = as.object({ total: as.count, paidWei: as.wei });

function answering(status: number, body: string) {
  return { fetch: async () => new Response(body, { status }), timeoutMs: TIMEOUT_MS };
}

async function failureOf(call: Promise<unknown>): Promise<MarketDataError> {
  const failure: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (failure instanceof MarketDataError) return failure;
  throw new MarketDataError('ANSWER_INVALID', 'Expected a failure.', { remedy: '' });
}

describe('questions to the marketplace', () => {
  it('gives what the answer says, checked, and passes over fields that it does not know', async () => {
    const answer = await callMarket(
      { path: '/v1/x', decode: shape },
      answering(200, '{"total":2,"paidWei":"1000000000000000001","new":true}'),
    );
    expect(answer).to.deep.equal({ total: 2, paidWei: 1_000_000_000_000_000_001n });
  });

  it('names the field that is not as described', async () => {
    const failure = await failureOf(
      callMarket({ path: '/v1/x', decode: shape }, answering(200, '{"total":2,"paidWei":1}')),
    );
    expect(failure.code).to.equal('ANSWER_INVALID');
    expect(failure.values['field']).to.equal('answer.paidWei');
  });

  it('passes on code, values and remedy of a refusal', async () => {
    const body = {
      error: { code: 'DEAL_NOT_FOUND', message: 'No such deal.', values: { dealId: '0x1' }, remedy: 'Wait.' },
    };
    const failure = await failureOf(
      callMarket({ path: '/v1/x', decode: shape }, answering(404, JSON.stringify(body))),
    );
    expect(failure.code).to.equal('MARKETPLACE_REFUSED');
    expect(failure.refusal).to.equal('DEAL_NOT_FOUND');
    expect(failure.values).to.include({ status: 404, dealId: '0x1' });
    expect(failure.remedy).to.equal('Wait.');
  });

  it('makes do with a refusal that is no JSON', async () => {
    const failure = await failureOf(callMarket({ path: '/v1/x', decode: shape }, answering(502, '<html>')));
    expect(failure.refusal).to.equal('HTTP_502');
  });

  it('stops reading an answer that has no end', async () => {
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(1_048_576)),
    });
    const surroundings = { fetch: async () => new Response(endless), timeoutMs: TIMEOUT_MS };
    const failure = await failureOf(callMarket({ path: '/v1/x', decode: shape }, surroundings));
    expect(failure.code).to.equal('ANSWER_TOO_LARGE');
  });

  it('says that nobody answers, and gives an abort back as it was meant', async () => {
    const broken = { fetch: async () => Promise.reject(new TypeError('refused')), timeoutMs: TIMEOUT_MS };
    expect((await failureOf(callMarket({ path: '/v1/x', decode: shape }, broken))).code).to.equal(
      'MARKETPLACE_UNREACHABLE',
    );
    const reason = new MarketDataError('MARKETPLACE_SLOW', 'mine', { remedy: '' });
    const aborted = callMarket({ path: '/v1/x', decode: shape, signal: AbortSignal.abort(reason) }, broken);
    expect(await failureOf(aborted)).to.equal(reason);
  });

  it('bounds lists, texts and records', () => {
    expect(() => as.list(as.count, 2)([1, 2, 3], 'rows')).to.throw(MarketDataError, 'rows');
    expect(() => as.text('x'.repeat(5_000), 'name')).to.throw(MarketDataError, 'name');
    expect(() => as.record(as.count, 1)({ a: 1, b: 2 }, 'counts')).to.throw(MarketDataError, 'counts');
    expect(() => as.oneOf('up', 'down')('left', 'state')).to.throw(MarketDataError, 'state');
    expect(as.nullable(as.wei)(undefined, 'ask')).to.equal(null);
  });

  it('leaves out of a query what was not asked', () => {
    expect(pagePath('/v1/nodes', { region: undefined, limit: 5, role: 'a b' })).to.equal(
      '/v1/nodes?limit=5&role=a%20b',
    );
    expect(pagePath('/v1/nodes', {})).to.equal('/v1/nodes');
  });

  it('asks more rarely after each failure, up to a limit, and never more often than usual', () => {
    expect(pollPauseMs(5_000, 0)).to.equal(5_000);
    expect(pollPauseMs(5_000, 2)).to.equal(20_000);
    expect(pollPauseMs(5_000, 99)).to.equal(MAX_POLL_PAUSE_MS);
    expect(pollPauseMs(120_000, 3)).to.equal(120_000);
  });
});
