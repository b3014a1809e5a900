import { join } from 'node:path';

import { Registry } from 'prom-client';

import { localDeliveryDesk } from '../../../node/adapters/delivery-desk/local-delivery-desk.ts';
import { BlockStore } from '../../../node/adapters/disk/block-store.ts';
import { ReceiptJournal } from '../../../node/adapters/disk/receipt-journal.ts';
import { BlockFill } from '../../../node/adapters/http/block-fill.ts';
import { createGatewayMetrics } from '../../../node/adapters/http/gateway-metrics.ts';
import { createGateway, type Gateway } from '../../../node/adapters/http/gateway.ts';
import { GatewayPool } from '../../../node/adapters/workers/gateway-pool.ts';
import { NodeSide } from '../../../node/adapters/workers/node-side.ts';
import { DeliveryLedger } from '../../../node/core/delivery/delivery-ledger.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { EPOCH_SECONDS } from '../sources/grant-desk.ts';
import type { EdgeSetup } from './edge-protocol.ts';

const NODE = parseAddress(`0x${'33'.repeat(20)}`);
const CHAIN_ID = 31_337n;
const HOST = '127.0.0.1';
const clock = { nowMs: () => Date.now() };

/** An edge's gateway as a node composes it (app/worker-pool.ts), in one process or before workers. @returns its origin */
export async function startEdge(setup: EdgeSetup): Promise<string> {
  const { storeDirectory, directory, hotBytes, workers, rationed } = setup;
  const shareBytes = workers === 1 ? hotBytes : Math.floor(hotBytes / (workers + 1));
  const store = new BlockStore({
    directory: storeDirectory,
    quotaBytes: Number.MAX_SAFE_INTEGER,
    hotBytes: shareBytes,
  });
  const journal = new ReceiptJournal({ path: join(directory, 'receipts.journal') });
  await store.open();
  await journal.open();
  const ledger = new DeliveryLedger({ node: NODE, epochSeconds: EPOCH_SECONDS, claimWindowEpochs: 1 });
  const domain = { chainId: CHAIN_ID, verifyingContract: NODE };
  const shared = {
    ...{ journal, clock, secp256k1: nativeSecp256k1, metrics: createGatewayMetrics(new Registry()), domain },
    deals: { deal: async () => undefined, allocation: async () => undefined },
    log: { warn: say, error: say },
  };
  const freeBytesPerMinute = rationed ? Number.MAX_SAFE_INTEGER : Infinity;
  const { desk, accounts } = localDeliveryDesk({ ...shared, ledger }, { freeBytesPerMinute });
  const components = {
    ...{ ...shared, desk, node: NODE, contents: store, blocks: store },
    readiness: () => [],
    status: async () => ({}),
  };
  const socketPath = join(directory, 'gateway.sock');
  const listening = workers === 1 ? { host: HOST, port: 0 } : { socketPath };
  const own = createGateway(components, listening);
  const gateway: Gateway =
    workers === 1
      ? own
      : new GatewayPool(
          {
            inner: own,
            node: new NodeSide({
              ...{ accounts, domain, store, log: shared.log, fill: new BlockFill(components) },
              pace: async () => undefined,
              report: ({ touched }) => store.touch(touched),
            }),
          },
          {
            ...{ host: HOST, port: 0, workers },
            setup: {
              ...{ storeDirectory, hotBytes: shareBytes, domain, freeBytesPerMinute, socketPath },
              ...{ paced: false, slowClientTimeoutMs: undefined },
            },
          },
        );
  const { host, port } = await gateway.start();
  return `http://${host}:${port}`;
}

function say(values: Readonly<Record<string, unknown>>, message: string): void {
  process.stderr.write(`${message} ${JSON.stringify(values)}\n`);
}
