/**
 * The node's gateway as it is composed for an edge, in a process of its own: block store and journal on disk, ledger,
 * real port; the chain is replaced by one deal. `--directory` and `--seed`; prints where it listens in JSON.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { localDeliveryDesk } from '../../node/adapters/delivery-desk/local-delivery-desk.ts';
import { CarWriter } from '@ipld/car';
import type { CID } from 'multiformats/cid';

import { BlockStore } from '../../node/adapters/disk/block-store.ts';
import { ReceiptJournal } from '../../node/adapters/disk/receipt-journal.ts';
import { createGatewayMetrics } from '../../node/adapters/http/gateway-metrics.ts';
import { createGateway } from '../../node/adapters/http/gateway.ts';
import type { AllocationView, DealView } from '../../node/core/delivery/deal-directory.ts';
import { DeliveryLedger } from '../../node/core/delivery/delivery-ledger.ts';
import { contentRootOf, DAG_PB_CODEC } from '../../sdk/protocol/content.ts';
import { parseContentRoot, parseEpoch, type DealId } from '../../sdk/protocol/identifiers.ts';
import { nativeSecp256k1 } from '../../sdk/signing/native-secp256k1.ts';
import { fuzzedContent } from './fuzzed-content.ts';
import { addressOf, NOW_MS, SETUP } from './gateway-setup.ts';
import type { FuzzedBlock } from './hostile-blocks.ts';

const QUOTA_BYTES = 2 ** 28;
/** Of each address and minute: its first requests are answered, the others refused. */
const RATION_BYTES = 4_000;
const HOT_BYTES = 16 * 2 ** 20;

const { values } = parseArgs({
  options: { directory: { type: 'string' }, seed: { type: 'string' }, rationed: { type: 'boolean' } },
});
const directory = values.directory ?? '';
const { content, good, hostile } = await fuzzedContent(Number(values.seed ?? 0));
const contentRoot = contentRootOf(content.root);
const store = new BlockStore({
  directory: join(directory, 'store'),
  quotaBytes: QUOTA_BYTES,
  hotBytes: HOT_BYTES,
});
await store.open();
const { node, domain, dealId, uploadDealId, uploadRoot, epoch, epochSeconds, keys } = SETUP;
await store.importCar(content.root, archiveOf(content.root, good), { maxBytes: QUOTA_BYTES, pinFor: dealId });
// Apart from what uploads are for: one that fails is taken away with all that was there of it.
const lies = { root: parseContentRoot(`0x${'11'.repeat(32)}`), codec: DAG_PB_CODEC };
for (const { cid, bytes } of hostile) await store.put(lies, cid, bytes);
const journal = new ReceiptJournal({ path: join(directory, 'receipts.journal') });
await journal.open();
const deal: DealView = {
  ...{ dealId, contentRoot, contentCodec: content.root.code, state: 'open' },
  ...{ publisher: addressOf(keys.publisher), grantKey: addressOf(keys.grant) },
};
const uploadDeal: DealView = { ...deal, dealId: uploadDealId, contentRoot: contentRootOf(uploadRoot) };
const allocation: AllocationView = {
  ...{ state: 'active', balanceWei: 1n << 80n, ratePerGiB: 1n << 30n },
  throughEpoch: parseEpoch(epoch - 1),
};
const shared = {
  ...{ domain, journal, secp256k1: nativeSecp256k1 },
  deals: {
    deal: async (id: DealId) => [deal, uploadDeal].find((known) => known.dealId === id),
    allocation: async () => allocation,
  },
  clock: { nowMs: () => NOW_MS },
  metrics: createGatewayMetrics(),
  log: { warn: () => undefined, error: say },
};
const ledger = new DeliveryLedger({ node, epochSeconds, claimWindowEpochs: 1 });
const options = { freeBytesPerMinute: values.rationed === true ? RATION_BYTES : Infinity };
const gateway = createGateway({
  ...{ ...shared, node, blocks: store, contents: store },
  desk: localDeliveryDesk({ ...shared, ledger }, options).desk,
  router: { lookup: async () => ({ providers: [], hops: 1 }) },
  readiness: () => [],
  status: async () => ({ node }),
});
const { host, port } = await gateway.start();
process.stdout.write(`${JSON.stringify({ event: 'ready', host, port })}\n`);

/** An answer of 500 or more has its reason here. */
function say(details: Readonly<Record<string, unknown>>, message: string): void {
  const { error, ...rest } = details;
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${message} ${JSON.stringify(rest)} ${reason}\n`);
}

async function* archiveOf(root: CID, blocks: readonly FuzzedBlock[]): AsyncGenerator<Uint8Array> {
  const { writer, out } = CarWriter.create([root]);
  const filling = (async () => {
    for (const block of blocks) await writer.put(block);
    await writer.close();
  })();
  yield* out;
  await filling;
}
