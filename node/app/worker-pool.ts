import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Registry } from 'prom-client';

import type { DeliveryAccounts } from '../adapters/delivery-desk/delivery-accounts.ts';
import type { FillsBlocks } from '../adapters/http/fills-blocks.ts';
import type { GatewayComponents } from '../adapters/http/gateway-components.ts';
import type { GatewayMetrics } from '../adapters/http/gateway-metrics.ts';
import { createGateway, type Gateway } from '../adapters/http/gateway.ts';
import { GatewayPool } from '../adapters/workers/gateway-pool.ts';
import { NodeSide } from '../adapters/workers/node-side.ts';
import { summedMetrics } from '../adapters/workers/worker-counters.ts';
import { hotBytesOf } from './config/memory-share.ts';
import type { Foundation } from './foundation.ts';
import type { BusyShares } from './group/busy-shares.ts';
import type { ServingLoad } from './group/serving-load.ts';
import type { UploadPace } from './upload-cap.ts';

export interface WorkerPoolParts {
  /** Of the gateway in this process: it answers what workers forward. */
  readonly components: GatewayComponents;
  readonly accounts: DeliveryAccounts;
  readonly blockFill: FillsBlocks;
  /** What this process counts, apart from the other metrics of the node. */
  readonly registry: Registry;
  readonly workers: number;
  readonly pace: UploadPace | undefined;
  readonly load: ServingLoad;
  readonly busy: BusyShares;
}

/** The worker processes, and the metrics of the node with what all of them count. */
export interface ComposedWorkers {
  readonly pool: GatewayPool;
  readonly metrics: Pick<GatewayMetrics, 'text'>;
}

/** Puts worker processes before the gateway of this one (../adapters/workers). */
export function composeWorkers(foundation: Foundation, parts: WorkerPoolParts): ComposedWorkers {
  const { config, blocks: store, metrics, log } = foundation;
  const { settings, dataDir } = config;
  const { components, accounts, blockFill: fill, workers, pace, load, busy } = parts;
  const own = { metrics: components.metrics, registry: parts.registry };
  const summed = summedMetrics(own, { collect: () => pool.collect() }, metrics);
  const inner = createGateway({ ...components, metrics: summed }, { socketPath: dataDir.gatewaySocket });
  const node = new NodeSide({
    ...{ accounts, domain: components.domain, store, fill, log },
    pace: async (bytes) => pace?.(bytes),
    report: ({ readBytes, busyShare, touched }) => {
      load.sent(readBytes);
      busy.tell(busyShare);
      store.touch(touched);
    },
  });
  const pool: GatewayPool = new GatewayPool(
    { inner: onSocket(inner, dataDir.gatewaySocket), node },
    {
      ...{ host: settings.httpHost, port: settings.httpPort, workers },
      setup: {
        storeDirectory: dataDir.content,
        hotBytes: hotBytesOf(settings),
        domain: components.domain,
        freeBytesPerMinute: settings.freeAllowance,
        socketPath: dataDir.gatewaySocket,
        paced: pace !== undefined,
        slowClientTimeoutMs: undefined,
      },
    },
  );
  tellRemovals(foundation, pool);
  return { pool, metrics: summed };
}

/** Blocks that leave the store leave the workers' memory too: all that left in one turn at once. */
function tellRemovals({ blocks }: Foundation, pool: GatewayPool): void {
  let removed: string[] = [];
  blocks.watchRemovals((digest) => {
    removed.push(digest);
    if (removed.length > 1) return;
    setImmediate(() => {
      void pool.forget(removed);
      removed = [];
    });
  });
}

/** A socket that a killed node left behind is in the way; the data directory is locked, so it is nobody's. */
function onSocket(gateway: Gateway, path: string): Gateway {
  return {
    start: async () => {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await rm(path, { force: true });
      return gateway.start();
    },
    stop: async (drainMs) => {
      await gateway.stop(drainMs);
      await rm(path, { force: true });
    },
  };
}
