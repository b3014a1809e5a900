import { expect } from 'chai';

import {
  startMarketplace,
  type Marketplace,
  type MarketplaceOptions,
} from '../../../marketplace/server/start-marketplace.ts';
import { updateAsk } from '../../../sdk/chain/nodes.ts';
import { ApiClient } from '../api-client.ts';
import { eventually, silentLogger, TestMarket } from '../market-fixture.ts';
import { temporaryStorage, type TestStorage } from '../storage-fixture.ts';
import { ChainDoor } from './chain-door.ts';

interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly { code: string; message: string; remedy: string }[];
  readonly chain: { status: string; since: number; indexedBlock: number | null; rollbacks: number };
}

describe('marketplace server and its chain', () => {
  let market: TestMarket;
  let door: ChainDoor;
  let directory: TestStorage;
  const running: Marketplace[] = [];
  const cleanups: (() => Promise<void>)[] = [];

  before(async () => {
    market = await TestMarket.open();
    await market.registerEdge(2, { region: 'eu-west', endpoints: [] });
  });

  after(() => market.close());

  beforeEach(async () => {
    directory = await temporaryStorage();
    door = await ChainDoor.to(market.chain.url);
  });

  afterEach(async () => {
    for (const marketplace of running.splice(0)) await marketplace.stop();
    for (const cleanup of cleanups.splice(0)) await cleanup();
    await door.close();
    await directory.remove();
  });

  async function start(
    options: Partial<MarketplaceOptions> = {},
  ): Promise<{ marketplace: Marketplace; api: ApiClient }> {
    const marketplace = await startMarketplace(
      {
        ...directory.choice,
        rpcUrl: door.url,
        deployment: market.deployment,
        pollIntervalMs: 20,
        ...options,
      },
      silentLogger,
    );
    running.push(marketplace);
    return { marketplace, api: await ApiClient.open(marketplace.url) };
  }

  const readiness = async (api: ApiClient): Promise<Readiness> => (await api.get('/readyz')).body as never;
  const askOf = async (api: ApiClient): Promise<string | undefined> =>
    (await api.ok<{ nodes: { askWeiPerGiB: string }[] }>(api.get('/v1/nodes'))).nodes[0]?.askWeiPerGiB;

  it('starts without the chain, says what is wrong, and becomes ready when the chain comes', async () => {
    door.shut();
    const { api } = await start();
    const lost = await eventually(
      () => readiness(api),
      ({ chain }) => chain.status === 'unreachable',
    );
    expect(lost.ready).to.equal(false);
    expect(lost.reasons[0]?.code).to.equal('CHAIN_UNREACHABLE');
    expect(lost.reasons[0]?.message).to.contain(door.url);
    await api.refused(api.get('/v1/network'), 503, 'NOT_INDEXED_YET');
    door.reopen();
    const found = await eventually(
      () => readiness(api),
      ({ ready }) => ready,
    );
    expect(found.reasons).to.deep.equal([]);
  });

  it('serves what it knows while the chain is away, says since when, and catches up after', async () => {
    const { api } = await start();
    await eventually(
      () => readiness(api),
      ({ ready }) => ready,
    );
    const before = await askOf(api);
    door.shut();
    const lost = await eventually(
      () => readiness(api),
      ({ ready }) => !ready,
    );
    expect(lost.chain.since * 1000).to.be.closeTo(Date.now(), 10_000);
    expect(await askOf(api)).to.equal(before);
    await updateAsk(await market.sender(2), 12_345n);
    door.reopen();
    expect(
      await eventually(
        () => askOf(api),
        (ask) => ask !== before,
      ),
    ).to.equal('12345');
  });

  it('continues where it stopped, and takes back what was reorganised while it was away', async () => {
    const edge = await market.sender(2);
    const snapshot: unknown = await market.provider.send('evm_snapshot', []);
    await updateAsk(edge, 111n);
    const first = await start();
    await eventually(
      () => askOf(first.api),
      (ask) => ask === '111',
    );
    await running.pop()?.stop();
    await market.provider.send('evm_revert', [snapshot]);
    await updateAsk(edge, 222n);
    const second = await start();
    expect(
      await eventually(
        () => askOf(second.api),
        (ask) => ask !== '111',
      ),
    ).to.not.equal('111');
    await eventually(
      () => askOf(second.api),
      (ask) => ask === '222',
    );
    expect((await readiness(second.api)).chain.rollbacks).to.equal(1);
  });

  it('refuses a chain that was restarted, and starts over only when told to', async () => {
    const { api } = await start();
    await eventually(
      () => readiness(api),
      ({ ready }) => ready,
    );
    const genesisOf = async (of: ApiClient): Promise<unknown> =>
      (await of.ok<{ genesisHash: string }>(of.get('/v1/network'))).genesisHash;
    const before = await genesisOf(api);
    const other = await TestMarket.open();
    cleanups.push(() => other.close());
    expect(other.deployment.market).to.equal(market.deployment.market);
    door.shut();
    door.reopen(other.chain.url);
    const refused = await eventually(
      () => readiness(api),
      ({ chain }) => chain.status === 'refused',
    );
    expect(refused.reasons[0]).to.deep.include({
      code: 'CHAIN_REPLACED',
      remedy: 'Start with --reset-replaced-chain to forget the old chain, or give another --data-dir.',
    });
    expect(await askOf(api)).to.not.equal(undefined);
    await running.pop()?.stop();
    const again = await start({ onReplacedChain: 'reset' });
    await eventually(
      () => readiness(again.api),
      ({ ready }) => ready,
    );
    expect(await askOf(again.api)).to.equal(undefined);
    // By this a page that was open meanwhile recognises that its chain is gone.
    expect(await genesisOf(again.api)).to.not.equal(before);
    expect(await genesisOf(again.api)).to.equal((await other.provider.getBlock(0))?.hash);
  });

  it('says which port is taken', async () => {
    const { marketplace } = await start();
    const port = Number(new URL(marketplace.url).port);
    const second = await temporaryStorage();
    cleanups.push(second.remove);
    const failure: unknown = await start({ ...second.choice, port }).catch((error: unknown) => error);
    expect(failure).to.deep.include({ code: 'PORT_IN_USE', values: { host: '127.0.0.1', port } });
  });
});
