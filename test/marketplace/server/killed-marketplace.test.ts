import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { encodeDeployment } from '../../../sdk/chain/deployment.ts';
import { ApiClient } from '../api-client.ts';
import { DealRoom, grantOf, type SettlementAnswer } from '../coordinator/deal-room.ts';
import { eventually, ReadinessServer, TestMarket } from '../market-fixture.ts';
import { temporaryStorage } from '../storage-fixture.ts';

const PROGRAM = fileURLToPath(new URL('../../../marketplace/main.ts', import.meta.url));
const MIB = 2n ** 20n;

describe('a marketplace that is killed', () => {
  const cleanups: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function kill(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  const statisticsOf = (api: ApiClient) =>
    api.ok<{ points: readonly object[]; now: { deliveredBytes: number } }>(api.get('/v1/statistics?hours=1'));

  it('knows afterwards its keys, its grants, its samples and every receipt that it had accepted', async () => {
    const market = await TestMarket.open({ epochSeconds: 600 });
    cleanups.push(() => market.close());
    const edge = await ReadinessServer.open();
    cleanups.push(() => edge.close());
    const node = await market.registerEdge(2, { region: 'eu-west', endpoints: [edge.endpoint] });
    const directory = await temporaryStorage();
    cleanups.push(directory.remove);
    const deployment = join(directory.path, 'deployment.json');
    await writeFile(deployment, encodeDeployment(market.deployment));
    const start = async (): Promise<{ child: ChildProcess; api: ApiClient }> => {
      const flags = ['--data-dir', directory.path, '--rpc-url', market.chain.url, '--deployment', deployment];
      const child = spawn(process.execPath, [PROGRAM, ...flags, '--json', '--poll-interval', '20'], {
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { ...process.env, ...directory.environment },
      });
      cleanups.push(() => kill(child));
      const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
      return { child, api: await ApiClient.open((JSON.parse(line) as { url: string }).url) };
    };

    const first = await start();
    const room = new DealRoom({ market, api: first.api, publisher: await market.sender(1) });
    await room.levelWithChain();
    const { dealId } = await room.openFundedDeal(new Map([[node, 64n * MIB]]));
    const viewers = [room.viewer(), room.viewer(), room.viewer()];
    const granted = [];
    for (const viewer of viewers)
      granted.push({ viewer, grants: await room.requestGrants(viewer, { dealId }) });
    const throughEpoch = granted[0]?.grants.epoch ?? 0;
    await market.endEpoch();
    await room.levelWithChain();
    const [one, two, three] = granted.map(({ viewer, grants }, i) =>
      room.signReceipt(grantOf(grants, node), viewer.key, 1_000n * BigInt(i + 1)),
    );
    if (one === undefined || two === undefined || three === undefined) throw new TypeError('no receipts');
    const page = await room.api.ok<SettlementAnswer>(
      room.settle(dealId, node, { throughEpoch, pairs: [one, two], final: false }),
    );
    expect(page.accepted).to.equal(2);
    const before = await eventually(
      () => statisticsOf(room.api),
      ({ points }) => points.length > 0,
    );
    await kill(first.child);

    room.api = (await start()).api;
    await room.levelWithChain();
    const after = await statisticsOf(room.api);
    expect(after.points.slice(0, before.points.length)).to.deep.equal(before.points);
    expect(after.now.deliveredBytes).to.equal(3_000);
    const settled = await room.api.ok<SettlementAnswer>(
      room.settle(dealId, node, { throughEpoch, pairs: [three], final: true }),
    );
    expect(settled).to.include({ accepted: 1, cumulativeWei: '6000' });
    const delivery = await room.api.ok<{ totalBytes: number; viewers: number }>(
      room.api.get(`/v1/deals/${dealId}/delivery`, '/v1/deals/{dealId}/delivery'),
    );
    expect(delivery).to.include({ totalBytes: 6_000, viewers: 3 });
  });
});
