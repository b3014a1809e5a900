import { expect } from 'chai';

import { startMarketplace, type Marketplace } from '../../../marketplace/server/start-marketplace.ts';
import { registryInterface } from '../../../sdk/chain/contracts.ts';
import { readNodes } from '../../../sdk/chain/nodes.ts';
import { ApiClient } from '../api-client.ts';
import { eventually, silentLogger, TestMarket } from '../market-fixture.ts';
import { temporaryStorage } from '../storage-fixture.ts';

/** Stands in calldata for what no encoder would write. */
const PLACE = '~~~~~~~~';
/** No UTF-8; then the beginnings of a terminal's command and of a C string. */
const HOSTILE_BYTES = ['fffefdfcfbfaf9f8', '1b5b324a1b5b481b', '2f6970342f00002f'];
const GOOD_ENDPOINT = '/ip4/192.0.2.7/tcp/8080/http';

describe('an operator that registers bytes that are no text', () => {
  let market: TestMarket;
  let marketplace: Marketplace;
  let api: ApiClient;
  const cleanups: (() => Promise<void>)[] = [];

  before(async () => {
    market = await TestMarket.open();
    cleanups.push(() => market.close());
    const storage = await temporaryStorage();
    cleanups.push(storage.remove);
    marketplace = await startMarketplace(
      {
        ...{ ...storage.choice, rpcUrl: market.chain.url, pollIntervalMs: 20 },
        deployment: market.deployment,
      },
      silentLogger,
    );
    cleanups.push(() => marketplace.stop());
    api = await ApiClient.open(marketplace.url);
  });

  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  it('stops neither the index nor the nodes that read the registry, and harms its own endpoints alone', async () => {
    const hostile = await market.registerPeer(3, { region: 'eu-west', endpoints: [GOOD_ENDPOINT] });
    const endpoints = [...HOSTILE_BYTES.map(() => PLACE), GOOD_ENDPOINT];
    let data = registryInterface.encodeFunctionData('updateEndpoints', [endpoints]);
    for (const bytes of HOSTILE_BYTES) data = data.replace(Buffer.from(PLACE).toString('hex'), bytes);
    await hostile.send({ to: market.deployment.registry, data });
    const honest = await market.registerEdge(2, { region: 'eu-west', endpoints: [] });

    const { nodes } = await eventually(
      () => api.ok<{ nodes: { address: string; endpoints: string[] }[] }>(api.get('/v1/nodes')),
      (answer) => answer.nodes.length === 2,
    );
    const listed = new Map(nodes.map(({ address, endpoints: of }) => [address, of]));
    expect(listed.get(hostile.address)).to.deep.equal([GOOD_ENDPOINT]);
    expect(listed.get(honest.address)).to.deep.equal([]);
    expect(marketplace.chain().failure).to.equal(undefined);
    const read = await readNodes(market.provider, market.deployment);
    expect(read.map(({ operator, endpoints: of }) => [operator, of])).to.have.deep.members([
      [hostile.address, [GOOD_ENDPOINT]],
      [honest.address, []],
    ]);
    const shown = await api.get(`/v1/events?node=${hostile.address}`, '/v1/events');
    expect(JSON.stringify(shown.body)).to.not.match(/\\u00(?:00|1b)|�/);
  });
});
