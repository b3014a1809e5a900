import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect } from 'chai';

import {
  httpReadinessProbe,
  NodeHealth,
  type ProbeResult,
} from '../../../marketplace/coordinator/node-health.ts';
import { systemClock } from '../../../sdk/pacing/clock.ts';
import type { Database } from '../../../marketplace/database/database.ts';
import type { NodeRecord } from '../../../marketplace/database/node-records.ts';
import { ProjectionRows } from '../../../marketplace/database/projection-rows.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { eventually, ReadinessServer } from '../market-fixture.ts';
import { temporaryStorage } from '../storage-fixture.ts';

const NODE: NodeRecord = {
  address: parseAddress(`0x${'0a'.repeat(20)}`),
  role: 'edge',
  region: 'eu-west',
  libp2pPublicKey: `0x${'01'.repeat(32)}`,
  nid: undefined,
  askWeiPerGiB: 1n,
  stakeWei: 1n,
  unbondingWei: 0n,
  unbondingEndsAt: 0,
  active: true,
  endpoints: ['/ip4/192.0.2.1/tcp/80/http'],
};

const onFailure = (failure: unknown): never => {
  throw failure;
};

describe('node health', () => {
  let database: Database;
  const cleanups: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    const directory = await temporaryStorage();
    database = await directory.open();
    cleanups.push(directory.remove, () => database.close());
  });

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  /** Writes the node and an allocation of an open deal, so that it is probed at intervals. */
  async function allocateNode(): Promise<void> {
    await database.write(async (sql) => {
      const rows = ProjectionRows.ofBlock(sql, 1);
      const { address, role, region } = NODE;
      const wei = { ask_wei_per_gib: '1', stake_wei: '1', unbonding_wei: '0' };
      const node = {
        address,
        role,
        region,
        libp2p_public_key: '0x01',
        nid: null,
        unbonding_ends_at: 0,
        active: 1,
      };
      await rows.put('nodes', {
        ...node,
        ...wei,
        endpoints: JSON.stringify(NODE.endpoints),
        registered_block: 1,
      });
      const keys = {
        grant_key: address,
        collector: address,
        previous_grant_key: null,
        previous_collector: null,
      };
      const money = { free_wei: '0', deposited_wei: '0', withdrawn_wei: '0' };
      const content = { content_root: '0x01', content_codec: 85, service_level: 0, key_last_epoch: 0 };
      const deal = { deal_id: '0x01', publisher: address, state: 'open', opened_block: 1 };
      await rows.put('deals', { ...deal, ...keys, ...money, ...content });
      const sums = {
        allocated_wei: '1',
        balance_wei: '1',
        locked_wei: '0',
        paid_wei: '0',
        fee_wei: '0',
        released_wei: '0',
      };
      const terms = { state: 'active', rate_per_gib: '1', through_epoch: 0, thaw_end: 0 };
      await rows.put('allocations', { deal_id: '0x01', node: address, ...terms, ...sums });
    });
  }

  function healthWith(answers: readonly ProbeResult[]): { health: NodeHealth; asked: () => number } {
    let asked = 0;
    const probe = async (): Promise<ProbeResult> =>
      answers[Math.min(asked++, answers.length - 1)] ?? 'silent';
    const health = new NodeHealth({ database, clock: systemClock, probe, onFailure }, { intervalMs: 1 });
    cleanups.push(() => health.stop());
    return { health, asked: () => asked };
  }

  it('asks an unknown node when somebody wants to know, and only then', async () => {
    const { health, asked } = healthWith(['ready']);
    expect(health.lastKnown(NODE)).to.equal(undefined);
    expect(await health.upAmong([NODE])).to.deep.equal([NODE]);
    expect(await health.upAmong([NODE])).to.deep.equal([NODE]);
    expect(asked()).to.equal(1);
  });

  it('asks again when the node has moved, and has nothing to ask of one without HTTP', async () => {
    const { health, asked } = healthWith(['ready', 'unready']);
    await health.upAmong([NODE]);
    expect(await health.upAmong([{ ...NODE, endpoints: ['/ip4/192.0.2.2/tcp/80/http'] }])).to.deep.equal([]);
    expect(await health.upAmong([{ ...NODE, endpoints: ['/ip4/192.0.2.2/tcp/80/ws'] }])).to.deep.equal([]);
    expect(asked()).to.equal(2);
  });

  it('gives a node that was never ready three probes before plans pass it by, one that was only the next', async () => {
    await allocateNode();
    const seen: boolean[] = [];
    const answers: ProbeResult[] = ['unready', 'unready', 'unready', 'ready', 'unready', 'ready'];
    const health = new NodeHealth(
      {
        ...{ database, clock: systemClock, onFailure },
        probe: async () => {
          seen.push(health.isAway(NODE));
          return answers[seen.length - 1] ?? 'ready';
        },
      },
      { intervalMs: 1 },
    );
    cleanups.push(() => health.stop());
    health.start();
    await eventually(
      async () => seen.length,
      (count) => count > answers.length,
    );
    expect(seen.slice(0, 7)).to.deep.equal([false, false, false, true, false, true, false]);
  });

  it('bears two silences of a node that answered, not a third, and not a plain no', async () => {
    await allocateNode();
    const seen: (string | undefined)[] = [];
    const answers: ProbeResult[] = ['ready', 'silent', 'silent', 'silent', 'ready', 'unready', 'ready'];
    let asked = 0;
    const health = new NodeHealth(
      {
        database,
        clock: systemClock,
        onFailure,
        probe: async () => {
          seen.push(health.lastKnown(NODE));
          return answers[asked++] ?? 'ready';
        },
      },
      { intervalMs: 1 },
    );
    cleanups.push(() => health.stop());
    health.start();
    await eventually(
      async () => asked,
      (count) => count > answers.length,
    );
    expect(seen.slice(0, 8)).to.deep.equal([undefined, 'up', 'up', 'up', 'down', 'up', 'down', 'up']);
  });

  it('tells ready, unready and unreachable apart over HTTP', async () => {
    const never = new AbortController().signal;
    const server = await ReadinessServer.open();
    const origin = `http://127.0.0.1:${server.endpoint.split('/')[4] ?? ''}`;
    expect(await httpReadinessProbe(origin, never)).to.equal('ready');
    server.ready = false;
    expect(await httpReadinessProbe(origin, never)).to.equal('unready');
    await server.close();
    expect(await httpReadinessProbe(origin, never)).to.equal('unready');
  });

  it('calls a server silent that accepts and says nothing', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(async () => {
      server.close();
      await once(server, 'close');
    });
    const accepted: { destroy: () => void }[] = [];
    server.on('connection', (socket) => accepted.push(socket));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await httpReadinessProbe(origin, new AbortController().signal)).to.equal('silent');
    for (const socket of accepted) socket.destroy();
  });
});
