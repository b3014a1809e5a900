import { join } from 'node:path';

import type { Libp2p } from '@libp2p/interface';
import type { CID } from 'multiformats/cid';

import { localDeliveryDesk } from '../../../node/adapters/delivery-desk/local-delivery-desk.ts';
import { ReceiptJournal } from '../../../node/adapters/disk/receipt-journal.ts';
import { createGatewayMetrics } from '../../../node/adapters/http/gateway-metrics.ts';
import { DeliveryServer } from '../../../node/adapters/libp2p/delivery-server.ts';
import type { PaidBlocks } from '../../../node/adapters/libp2p/paid-blocks.ts';
import { DeliveryLedger } from '../../../node/core/delivery/delivery-ledger.ts';
import { deliveryProtocol } from '../../../sdk/libp2p/delivery-protocol.ts';
import { parseEpoch } from '../../../sdk/protocol/identifiers.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import type { TestEdge, TestNetwork } from '../client/test-network.ts';
import { bareHost } from './stream-node.ts';

/** Changes what an edge reads for its clients. */
export type ReadBlock = (bytes: Uint8Array, cid: CID) => Promise<Uint8Array>;

/** An edge that is reached by libp2p only: real host, desk, ledger and journal; blocks of the test network. */
export class StreamEdge {
  readonly ledger: DeliveryLedger;
  readonly host: Libp2p;
  readonly #network: TestNetwork;
  readonly #journal: ReceiptJournal;
  readonly #server: DeliveryServer;

  /** Takes the place of an edge of the network. */
  static async start(
    network: TestNetwork,
    edge: TestEdge,
    options: { readonly directory: string; readonly read?: ReadBlock | undefined },
  ): Promise<StreamEdge> {
    const host = await bareHost();
    const journal = new ReceiptJournal({
      path: join(options.directory, edge.node, 'receipts.journal'),
      maxDelayMs: 5,
    });
    await journal.open();
    const started = new StreamEdge({ network, edge, host, journal, read: options.read });
    await started.#server.start();
    edge.url = String(host.getMultiaddrs()[0]);
    return started;
  }

  private constructor(parts: {
    network: TestNetwork;
    edge: TestEdge;
    host: Libp2p;
    journal: ReceiptJournal;
    read: ReadBlock | undefined;
  }) {
    const { network, edge, host, journal, read } = parts;
    this.#network = network;
    this.host = host;
    this.#journal = journal;
    const { epochSeconds, domain } = network;
    this.ledger = new DeliveryLedger({ node: edge.node, epochSeconds, claimWindowEpochs: 1 });
    const { desk } = localDeliveryDesk({
      ...{ domain, journal, ledger: this.ledger, secp256k1: nativeSecp256k1 },
      ...{ deals: dealsOf(network), clock: { nowMs: () => Date.now() }, metrics: createGatewayMetrics() },
      log: { error: () => undefined },
    });
    this.#server = new DeliveryServer(
      { host, desk, blocks: blocksOf(network, read), onFailure: () => undefined },
      { protocol: deliveryProtocol(domain) },
    );
  }

  /** Bytes served and receipted over all grants. */
  get sums(): { served: number; receipted: number } {
    const meter = this.ledger.meterOf(this.#network.dealId);
    return { served: meter?.servedBytes ?? 0, receipted: meter?.receiptedBytes ?? 0 };
  }

  async stop(): Promise<void> {
    await this.#server.stop(50);
    await this.host.stop();
    await this.#journal.close();
  }
}

function dealsOf(network: TestNetwork) {
  return {
    deal: async () => ({
      ...{ dealId: network.dealId, contentRoot: network.contentRoot, contentCodec: network.root.code },
      ...{ publisher: network.grantSigner, grantKey: network.grantSigner, state: 'open' as const },
    }),
    allocation: async () => ({
      ...{ state: 'active' as const, balanceWei: 10n ** 24n, ratePerGiB: 10n ** 15n },
      throughEpoch: parseEpoch(0),
    }),
  };
}

function blocksOf(network: TestNetwork, read: ReadBlock | undefined): PaidBlocks {
  const bytesOf = (cid: CID): Uint8Array => {
    const bytes = network.blocks.get(cid.toString());
    if (bytes === undefined) throw new RangeError(`${cid.toString()} is not in the network`);
    return bytes;
  };
  return {
    locate: async (cid) => bytesOf(cid).length,
    read: async (cid) => (await read?.(bytesOf(cid), cid)) ?? bytesOf(cid),
  };
}
