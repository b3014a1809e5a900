import { expect } from 'chai';
import { pino } from 'pino';

import { startMarketplace, type Marketplace } from '../../../marketplace/server/start-marketplace.ts';
import { updateAsk, updateEndpoints } from '../../../sdk/chain/nodes.ts';
import { ApiClient } from '../api-client.ts';
import { eventually, silentLogger, TestMarket, WEI_PER_BYTE } from '../market-fixture.ts';
import { temporaryStorage } from '../storage-fixture.ts';

const EDGE = 4;
const OTHER_EDGE = 5;
const ENDPOINT = '/ip4/127.0.0.1/tcp/9/http';

interface NodeView {
  readonly address: string;
  readonly region: string;
  readonly active: boolean;
  readonly askWeiPerGiB: string;
  readonly endpoints: readonly string[];
}

describe('marketplace API, on a real chain', () => {
  let market: TestMarket;
  let marketplace: Marketplace;
  let api: ApiClient;
  const cleanups: (() => Promise<void>)[] = [];

  before(async () => {
    market = await TestMarket.open();
    cleanups.push(() => market.close());
    const directory = await temporaryStorage();
    cleanups.push(directory.remove);
    await market.registerEdge(EDGE, { region: 'eu-west', endpoints: [ENDPOINT] });
    await market.registerEdge(OTHER_EDGE, { region: 'us-east', endpoints: [], askWeiPerGiB: 5n });
    marketplace = await startMarketplace(
      {
        ...directory.choice,
        rpcUrl: market.chain.url,
        deployment: market.deployment,
        pollIntervalMs: 20,
      },
      silentLogger,
    );
    cleanups.push(() => marketplace.stop());
    api = await ApiClient.open(marketplace.url);
    await levelWithChain();
  });

  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  async function levelWithChain(): Promise<void> {
    const head = await market.provider.getBlockNumber();
    await eventually(
      async () => marketplace.chain().indexedBlock ?? 0,
      (indexed) => indexed >= head,
    );
  }

  const nodes = async (query = ''): Promise<readonly NodeView[]> =>
    (await api.ok<{ nodes: NodeView[] }>(api.get(`/v1/nodes${query}`))).nodes;

  it('describes every route that it serves', () => {
    expect([...api.paths].sort()).to.deep.equal([
      '/livez',
      '/readyz',
      '/v1/batches',
      '/v1/batches/{dealId}/{node}/{epoch}',
      '/v1/content/{cid}',
      '/v1/coordinator/keys',
      '/v1/deals',
      '/v1/deals/{dealId}',
      '/v1/deals/{dealId}/audience',
      '/v1/deals/{dealId}/books/events',
      '/v1/deals/{dealId}/books/peers',
      '/v1/deals/{dealId}/books/receipts',
      '/v1/deals/{dealId}/books/vouchers',
      '/v1/deals/{dealId}/delivery',
      '/v1/deals/{dealId}/domains',
      '/v1/deals/{dealId}/money',
      '/v1/deals/{dealId}/nodes',
      '/v1/deals/{dealId}/origin',
      '/v1/deals/{dealId}/peer-reach',
      '/v1/deals/{dealId}/peer-root',
      '/v1/deals/{dealId}/peers',
      '/v1/earnings/{address}',
      '/v1/events',
      '/v1/grants',
      '/v1/map',
      '/v1/network',
      '/v1/nodes',
      '/v1/nodes/{address}',
      '/v1/nodes/{address}/presence',
      '/v1/operators/{address}/earnings',
      '/v1/peers/holdings',
      '/v1/peers/{address}/proofs',
      '/v1/quotes',
      '/v1/receipts',
      '/v1/search',
      '/v1/settlements',
      '/v1/statistics',
      '/v1/transactions/{hash}',
      '/v1/viewers/challenge',
    ]);
  });

  it('tells the contracts, the epoch and the signing domain', async () => {
    const { deployment, parameters } = market;
    expect(await api.ok<object>(api.get('/v1/network'))).to.deep.include({
      chainId: '31337',
      token: deployment.token,
      registry: deployment.registry,
      market: deployment.market,
      epochSeconds: parameters.epochSeconds,
      runsFrom: 'checkout',
      deployedAtBlock: deployment.deployedAtBlock,
      minimumEdgeStakeWei: parameters.minimumEdgeStakeWei.toString(),
      domain: { name: 'BCDN', version: '1', chainId: '31337', verifyingContract: deployment.market },
    });
  });

  it('lists nodes by page, region and role', async () => {
    expect((await nodes()).map(({ active }) => active)).to.deep.equal([true, true]);
    const [far] = await nodes('?region=us-east');
    expect(far).to.include({ region: 'us-east', askWeiPerGiB: '5', active: true });
    expect(await nodes('?role=peer')).to.deep.equal([]);
    const first = await api.ok<{ total: number; nodes: NodeView[] }>(api.get('/v1/nodes?limit=1'));
    const second = await api.ok<{ total: number; nodes: NodeView[] }>(api.get('/v1/nodes?limit=1&offset=1'));
    expect([first.total, first.nodes.length, second.nodes.length]).to.deep.equal([2, 1, 1]);
    expect(first.nodes[0]?.address).to.not.equal(second.nodes[0]?.address);
  });

  it('follows what a node changes, and takes it back when the chain is reorganised', async () => {
    const edge = await market.sender(EDGE);
    const snapshot: unknown = await market.provider.send('evm_snapshot', []);
    await updateAsk(edge, 77n);
    await updateEndpoints(edge, [ENDPOINT, '/dns4/edge.example/tcp/443/https']);
    await levelWithChain();
    const one = (): Promise<NodeView> =>
      api.ok<NodeView>(api.get(`/v1/nodes/${edge.address}`, '/v1/nodes/{address}'));
    expect(await one()).to.deep.include({
      askWeiPerGiB: '77',
      endpoints: [ENDPOINT, '/dns4/edge.example/tcp/443/https'],
    });
    await market.provider.send('evm_revert', [snapshot]);
    const back = await eventually(one, ({ askWeiPerGiB }) => askWeiPerGiB !== '77');
    expect(back).to.deep.include({ askWeiPerGiB: WEI_PER_BYTE.toString(), endpoints: [ENDPOINT] });
    await levelWithChain();
    expect(marketplace.chain().rollbacks).to.be.greaterThan(0);
  });

  it('quotes a plan and says which constraint removed how many nodes', async () => {
    const quote = await api.ok<{
      nodes: { node: string; ratePerGiB: string }[];
      removed: object;
      considered: number;
    }>(
      api.post('/v1/quotes', {
        bytes: 1_000,
        expectedDeliveryBytes: 1_000_000,
        replicas: 3,
        regions: ['us-east', 'eu-west'],
        maxRatePerGiB: '1000',
      }),
    );
    expect(quote.nodes.map(({ ratePerGiB }) => ratePerGiB)).to.deep.equal(['5']);
    expect(quote).to.deep.include({
      considered: 2,
      eligible: 1,
      removed: { active: 0, healthy: 0, region: 0, price: 1, stake: 0, capacity: 0 },
      missingReplicas: 2,
    });
  });

  it('refuses what is not as described, naming the field', async () => {
    const quote = { bytes: 1, expectedDeliveryBytes: 1, replicas: 0 };
    const failure = await api.refused(api.post('/v1/quotes', quote), 400, 'INVALID_REQUEST');
    expect(failure.values).to.deep.equal({ part: 'body', field: '/replicas', rule: 'minimum' });
    const misspelt = { ...quote, replicas: 1, regoins: ['eu-west'] };
    await api.refused(api.post('/v1/quotes', misspelt), 400, 'INVALID_REQUEST');
    await api.refused(api.get('/v1/nodes?limit=101'), 400, 'INVALID_REQUEST');
    await api.refused(api.get('/v1/nodes/0x12', '/v1/nodes/{address}'), 400, 'INVALID_REQUEST');
    await api.refused(api.get('/v1/content/nonsense', '/v1/content/{cid}'), 400, 'INVALID_CID');
  });

  it('knows what it does not know', async () => {
    const unknown = `0x${'ee'.repeat(20)}`;
    const node = await api.refused(
      api.get(`/v1/nodes/${unknown}`, '/v1/nodes/{address}'),
      404,
      'NODE_NOT_FOUND',
    );
    expect(node.values).to.deep.equal({ address: unknown });
    const dealId = `0x${'ee'.repeat(32)}`;
    await api.refused(api.get(`/v1/deals/${dealId}`, '/v1/deals/{dealId}'), 404, 'DEAL_NOT_FOUND');
    const cid = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku';
    const content = await api.refused(
      api.get(`/v1/content/${cid}`, '/v1/content/{cid}'),
      404,
      'CONTENT_NOT_FOUND',
    );
    expect(content.values).to.deep.equal({ cid });
    expect(await api.ok<object>(api.get('/v1/deals'))).to.deep.equal({ total: 0, offset: 0, deals: [] });
  });

  it('bounds bodies, refuses other media, and answers nonsense with a code', async () => {
    const post = (body: string, type = 'application/json') =>
      fetch(`${marketplace.url}/v1/quotes`, { method: 'POST', headers: { 'content-type': type }, body });
    const codeOf = async (response: Response) => ({
      status: response.status,
      code: ((await response.json()) as { error: { code: string } }).error.code,
    });
    const large = JSON.stringify({ filler: 'x'.repeat(2 ** 20) });
    expect(await codeOf(await post(large))).to.deep.equal({ status: 413, code: 'BODY_TOO_LARGE' });
    expect(await codeOf(await post('{'))).to.deep.equal({ status: 400, code: 'INVALID_REQUEST' });
    expect(await codeOf(await post('<a/>', 'text/xml'))).to.deep.equal({
      status: 415,
      code: 'UNSUPPORTED_MEDIA_TYPE',
    });
    const lost = await fetch(`${marketplace.url}/v2/anything`);
    expect(await codeOf(lost)).to.deep.equal({ status: 404, code: 'ROUTE_NOT_FOUND' });
  });

  it('lets pages of any origin read and view, but not settle', async () => {
    const origin = { origin: 'https://player.example' };
    const read = await fetch(`${marketplace.url}/v1/nodes`, { headers: origin });
    expect(read.headers.get('access-control-allow-origin')).to.equal('*');
    expect(read.headers.get('x-content-type-options')).to.equal('nosniff');
    const preflight = (path: string) =>
      fetch(marketplace.url + path, {
        method: 'OPTIONS',
        headers: {
          ...origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type',
        },
      });
    const viewer = await preflight('/v1/grants');
    expect([viewer.status, viewer.headers.get('access-control-allow-headers')]).to.deep.equal([
      204,
      'content-type',
    ]);
    const settlement = await preflight('/v1/settlements');
    expect(settlement.headers.get('access-control-allow-origin')).to.equal(null);
  });

  it('shows the market now and over time, on a map and in its metrics, with the same figures', async () => {
    type Point = Readonly<Record<string, number | string>>;
    const { points, now } = await eventually(
      () => api.ok<{ points: Point[]; now: Point }>(api.get('/v1/statistics?hours=1&points=10')),
      (answer) => answer.points.length > 0,
    );
    expect(now).to.include({ activeNodes: 2, openDeals: 0, escrowedWei: '0', deliveredBytes: 0 });
    expect(now['medianAskWeiPerGiB']).to.equal('5');
    expect(points[0]).to.have.all.keys(Object.keys(now));
    const map = await api.ok<{ regions: { region: string; nodes: number }[]; links: unknown[] }>(
      api.get('/v1/map'),
    );
    expect(map.regions.map(({ region, nodes: count }) => [region, count])).to.deep.equal([
      ['eu-west', 1],
      ['us-east', 1],
    ]);
    const metrics = await (await fetch(`${marketplace.url}/metrics`)).text();
    expect(metrics).to.match(/^bcdn_marketplace_active_nodes 2$/m);
    expect(metrics).to.match(/^bcdn_marketplace_median_ask_wei_per_gib 5$/m);
    await api.refused(api.get('/v1/statistics?points=1001'), 400, 'INVALID_REQUEST');
  });

  it('tells that it lives, that it is ready, and what it measures', async () => {
    expect(await api.ok<object>(api.get('/livez'))).to.deep.equal({ live: true });
    const ready = await api.ok<{ ready: boolean; reasons: unknown[] }>(api.get('/readyz'));
    expect(ready).to.deep.include({ ready: true, reasons: [] });
    const metrics = await (await fetch(`${marketplace.url}/metrics`)).text();
    expect(metrics).to.match(/^bcdn_marketplace_indexed_block \d+$/m);
    expect(metrics).to.match(/^bcdn_marketplace_chain_up 1$/m);
    expect(metrics).to.match(
      /bcdn_marketplace_http_request_duration_seconds_count\{[^}]*route="\/v1\/nodes"/,
    );
  });

  it('limits the rate of one address and says when to come back', async () => {
    const directory = await temporaryStorage();
    cleanups.push(directory.remove);
    const strict = await startMarketplace(
      {
        ...directory.choice,
        rpcUrl: market.chain.url,
        deployment: market.deployment,
        addressRate: { perSecond: 0.01, burst: 3 },
      },
      pino({ level: 'silent' }),
    );
    cleanups.push(() => strict.stop());
    const statuses = [];
    let last: Response | undefined;
    for (let i = 0; i < 4; i++) {
      last = await fetch(`${strict.url}/livez`);
      statuses.push(last.status);
    }
    expect(statuses).to.deep.equal([200, 200, 200, 429]);
    expect(last?.headers.get('retry-after')).to.equal('100');
  });
});
