import { expect } from 'chai';

import { startMarketplace } from '../../../marketplace/server/start-marketplace.ts';
import { ApiClient } from '../api-client.ts';
import { PostgresDoor } from '../database/postgres-door.ts';
import { eventually, silentLogger, TestMarket } from '../market-fixture.ts';
import { ON_POSTGRES, temporaryStorage } from '../storage-fixture.ts';

interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly { code: string; message: string }[];
}

if (ON_POSTGRES) describe('a marketplace whose PostgreSQL server goes away', withServer);

function withServer(): void {
  const cleanups: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  it('says so, refuses by a code, and goes on by itself when the server is back', async () => {
    const market = await TestMarket.open();
    cleanups.push(() => market.close());
    const storage = await temporaryStorage();
    const url = storage.choice.databaseUrl ?? '';
    const door = await PostgresDoor.to(url);
    cleanups.push(storage.remove, () => door.close());
    const marketplace = await startMarketplace(
      {
        ...{ dataDir: storage.path, databaseUrl: door.urlOf(url), pollIntervalMs: 20 },
        ...{ rpcUrl: market.chain.url, deployment: market.deployment },
      },
      silentLogger,
    );
    cleanups.push(() => marketplace.stop());
    const api = await ApiClient.open(marketplace.url);
    const readiness = async (): Promise<Readiness> => (await api.get('/readyz')).body as never;
    await eventually(readiness, ({ ready }) => ready);

    door.shut();
    const lost = await eventually(readiness, ({ ready }) => !ready);
    expect(lost.reasons.map(({ code }) => code)).to.deep.equal(['DATABASE_UNREACHABLE']);
    expect(lost.reasons[0]?.message).to.match(/^The database does not answer: [\w ]+\.$/);
    const { body } = await api.get('/v1/nodes');
    expect(body).to.deep.nested.include({ 'error.values': {} });
    expect(JSON.stringify(body)).to.not.contain(storage.path).and.not.contain('bcdn_');
    await api.refused(api.get('/v1/nodes'), 503, 'DATABASE_UNREACHABLE');

    door.reopen();
    const edge = await market.registerEdge(2, { region: 'eu-west', endpoints: [] });
    await eventually(readiness, ({ ready }) => ready);
    const { nodes } = await eventually(
      () => api.ok<{ nodes: { address: string }[] }>(api.get('/v1/nodes')),
      (answer) => answer.nodes.length > 0,
    );
    expect(nodes.map(({ address }) => address)).to.deep.equal([edge.address]);
  });
}
