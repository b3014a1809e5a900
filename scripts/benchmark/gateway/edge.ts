import { BlockStore } from '../../../node/adapters/disk/block-store.ts';
import { localDeliveryDesk } from '../../../node/adapters/delivery-desk/local-delivery-desk.ts';
import { ReceiptJournal } from '../../../node/adapters/disk/receipt-journal.ts';
import { createGatewayMetrics } from '../../../node/adapters/http/gateway-metrics.ts';
import { createGateway } from '../../../node/adapters/http/gateway.ts';
import { ServingLoad } from '../../../node/app/group/serving-load.ts';
import { DeliveryLedger } from '../../../node/core/delivery/delivery-ledger.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { EPOCH_SECONDS } from '../sources/grant-desk.ts';
import type { ServerSetup } from './server-protocol.ts';

const NODE = parseAddress(`0x${'33'.repeat(20)}`);
const CHAIN_ID = 31_337n;
const clock = { nowMs: () => Date.now() };

/**
 * The gateway of an edge with what stands around it in a node (app/delivery-plane.ts): store, ledger, journal, metrics,
 * the meter of its load. Clients without a grant are not rationed. @returns its origin
 */
export async function startEdge(setup: ServerSetup): Promise<string> {
  const { storeDirectory, journalPath, hotBytes } = setup;
  const store = new BlockStore({
    directory: storeDirectory,
    quotaBytes: Number.MAX_SAFE_INTEGER,
    hotBytes,
  });
  const journal = new ReceiptJournal({ path: journalPath });
  await store.open();
  await journal.open();
  const load = new ServingLoad({ clock, busyShare: () => 0 }, { uploadCap: undefined });
  const ledger = new DeliveryLedger({ node: NODE, epochSeconds: EPOCH_SECONDS, claimWindowEpochs: 1 });
  const shared = {
    ...{ journal, clock, secp256k1: nativeSecp256k1, metrics: createGatewayMetrics() },
    domain: { chainId: CHAIN_ID, verifyingContract: NODE },
    deals: { deal: async () => undefined, allocation: async () => undefined },
    log: { warn: () => undefined, error: say },
  };
  const { desk } = localDeliveryDesk({ ...shared, ledger }, { freeBytesPerMinute: Infinity });
  const gateway = createGateway({
    ...{ ...shared, desk, node: NODE, contents: store },
    blocks: load.metered(store),
    readiness: () => [],
    status: async () => ({}),
  });
  const { host, port } = await gateway.start();
  return `http://${host}:${port}`;
}

function say(values: Readonly<Record<string, unknown>>, message: string): void {
  process.stderr.write(`${message} ${String(values['error'])}\n`);
}
