import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { Registry } from 'prom-client';

import {
  localDeliveryDesk,
  type LocalDeskOptions,
} from '../../../../node/adapters/delivery-desk/local-delivery-desk.ts';
import { BlockFill } from '../../../../node/adapters/http/block-fill.ts';
import type { GatewayComponents } from '../../../../node/adapters/http/gateway-components.ts';
import { createGatewayMetrics } from '../../../../node/adapters/http/gateway-metrics.ts';
import { createGateway } from '../../../../node/adapters/http/gateway.ts';
import { GatewayPool } from '../../../../node/adapters/workers/gateway-pool.ts';
import { NodeSide } from '../../../../node/adapters/workers/node-side.ts';
import { summedMetrics } from '../../../../node/adapters/workers/worker-counters.ts';
import type { WorkerReport } from '../../../../node/adapters/workers/worker-report.ts';
import type { TestContent } from '../content-fixture.ts';
import { GatewayFixture } from '../http/gateway-fixture.ts';

const MIB = 1024 * 1024;
const DRAIN_MS = 2_000;

export interface PoolSetup extends LocalDeskOptions {
  readonly workers?: number;
  readonly content?: TestContent;
  readonly maxConnections?: number;
  readonly pace?: (bytes: number) => Promise<void>;
  readonly components?: Partial<GatewayComponents>;
}

/** Worker processes before the store, ledger and journal of a gateway fixture, which run in this process. */
export class PoolFixture {
  readonly base: GatewayFixture;
  readonly pool: GatewayPool;
  readonly reports: WorkerReport[] = [];
  origin = '';

  private constructor(base: GatewayFixture, setup: PoolSetup) {
    this.base = base;
    const registry = new Registry();
    const metrics = createGatewayMetrics(registry);
    const { domain, secp256k1, clock, log, journal, deals } = base.components;
    const shared = { domain, secp256k1, clock, log, deals, journal: base.journal, metrics };
    const { desk, accounts } = localDeliveryDesk({ ...shared, ledger: base.ledger }, setup);
    const served = { ...base.components, ...setup.components, journal, desk };
    const fill = new BlockFill({ ...served, metrics });
    const components = { ...served, blockFill: fill };
    const socketPath = join(base.directory, 'gateway.sock');
    const summed = summedMetrics(
      { metrics, registry },
      { collect: () => this.pool.collect() },
      new Registry(),
    );
    const inner = createGateway({ ...components, metrics: summed }, { socketPath });
    const node = new NodeSide({
      ...{ accounts, domain, store: base.store, fill, log },
      pace: setup.pace ?? (async () => undefined),
      report: (report) => void this.reports.push(report),
    });
    this.pool = new GatewayPool(
      { inner, node },
      {
        ...{ host: '127.0.0.1', port: 0, workers: setup.workers ?? 2 },
        ...(setup.maxConnections === undefined ? {} : { maxConnections: setup.maxConnections }),
        setup: {
          ...{ storeDirectory: join(base.directory, 'store'), hotBytes: 8 * MIB, domain, socketPath },
          freeBytesPerMinute: setup.freeBytesPerMinute ?? MIB,
          paced: setup.pace !== undefined,
          slowClientTimeoutMs: undefined,
        },
      },
    );
    base.store.watchRemovals((digest) => void this.pool.forget([digest]));
  }

  static async start(setup: PoolSetup = {}): Promise<PoolFixture> {
    const base = await GatewayFixture.start({
      ...(setup.content === undefined ? {} : { content: setup.content }),
    });
    const fixture = new PoolFixture(base, setup);
    const { port } = await fixture.pool.start();
    fixture.origin = `http://127.0.0.1:${port}`;
    return fixture;
  }

  async stop(): Promise<void> {
    await this.pool.stop(DRAIN_MS);
    await this.base.detach();
    await rm(this.base.directory, { recursive: true, force: true });
  }
}
