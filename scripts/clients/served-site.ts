import { createReadStream } from 'node:fs';
import { join } from 'node:path';

import type { CID } from 'multiformats/cid';

import { localDeliveryDesk } from '../../node/adapters/delivery-desk/local-delivery-desk.ts';
import { BlockStore } from '../../node/adapters/disk/block-store.ts';
import { ReceiptJournal } from '../../node/adapters/disk/receipt-journal.ts';
import { createGatewayMetrics } from '../../node/adapters/http/gateway-metrics.ts';
import { createGateway, type Gateway } from '../../node/adapters/http/gateway.ts';
import { DeliveryLedger } from '../../node/core/delivery/delivery-ledger.ts';
import { parseAddress } from '../../sdk/protocol/identifiers.ts';
import { importContent } from '../../sdk/publish/import-content.ts';
import { nativeSecp256k1 } from '../../sdk/signing/native-secp256k1.ts';
import type { SampleSite } from './sample-site.ts';

const NODE = parseAddress(`0x${'11'.repeat(20)}`);
const MARKET = parseAddress(`0x${'22'.repeat(20)}`);
const QUOTA_BYTES = 1 << 30;
/** As in an IPFS client's own defaults, and as this project cuts films. */
const CHUNK_BYTES = 262_144;

/**
 * The gateway of an edge, as the node composes it, on a block store on disk: everything but grants, which these clients
 * know nothing of. They have an allowance without end instead.
 */
export class ServedSite {
  readonly site: SampleSite;
  readonly root: CID;
  readonly origin: string;
  /** Another origin to a browser, and the same gateway. */
  readonly otherOrigin: string;
  readonly #gateway: Gateway;
  readonly #store: BlockStore;
  readonly #journal: ReceiptJournal;
  readonly #traffic: Traffic;

  static async start(site: SampleSite, directory: string): Promise<ServedSite> {
    const store = new BlockStore({ directory: join(directory, 'store'), quotaBytes: QUOTA_BYTES });
    const journal = new ReceiptJournal({ path: join(directory, 'receipts.journal') });
    await store.open();
    await journal.open();
    const root = await importSite(site, store, directory);
    const traffic = new Traffic();
    const gateway = siteGateway({ store, journal }, traffic);
    const { host, port } = await gateway.start();
    return new ServedSite({ site, root, gateway, store, journal, traffic, host, port });
  }

  private constructor(parts: {
    site: SampleSite;
    root: CID;
    gateway: Gateway;
    store: BlockStore;
    journal: ReceiptJournal;
    traffic: Traffic;
    host: string;
    port: number;
  }) {
    this.site = parts.site;
    this.root = parts.root;
    this.origin = `http://${parts.host}:${parts.port}`;
    this.otherOrigin = `http://localhost:${parts.port}`;
    this.#gateway = parts.gateway;
    this.#store = parts.store;
    this.#journal = parts.journal;
    this.#traffic = parts.traffic;
  }

  /** Bytes of bodies that have left the gateway, those of answers that were broken off included. */
  get sentBytes(): number {
    return this.#traffic.sentBytes;
  }

  /** Resolves when no client is connected: then all that was sent is counted. */
  async idle(): Promise<void> {
    await this.#traffic.idle();
  }

  /** @param path in the site, not encoded */
  urlOf(path: string, origin = this.origin): string {
    return `${origin}/ipfs/${this.root.toString()}/${path.split('/').map(encodeURIComponent).join('/')}`;
  }

  async stop(): Promise<void> {
    await this.#gateway.stop();
    await this.#journal.close();
    await this.#store.close();
  }
}

/** What the gateway counts, as far as the checks want to know it. */
class Traffic {
  #sentBytes = 0;
  #open = 0;
  #idle = Promise.withResolvers<void>();

  get sentBytes(): number {
    return this.#sentBytes;
  }

  sent(bytes: number): void {
    this.#sentBytes += bytes;
  }

  connected(open: number): void {
    this.#open = open;
    if (open > 0) return;
    this.#idle.resolve();
    this.#idle = Promise.withResolvers();
  }

  async idle(): Promise<void> {
    if (this.#open > 0) await this.#idle.promise;
  }
}

async function importSite(site: SampleSite, store: BlockStore, temporaryDirectory: string): Promise<CID> {
  const source = { kind: 'directory', path: site.directory } as const;
  const { root, carFile } = await importContent(source, { chunkBytes: CHUNK_BYTES, temporaryDirectory });
  await store.importCar(root, createReadStream(carFile.path), { maxBytes: QUOTA_BYTES });
  await carFile.remove();
  return root;
}

function siteGateway(
  { store, journal }: { store: BlockStore; journal: ReceiptJournal },
  traffic: Traffic,
): Gateway {
  const shared = {
    domain: { chainId: 31_337n, verifyingContract: MARKET },
    secp256k1: nativeSecp256k1,
    clock: { nowMs: () => Date.now() },
    journal,
    deals: { deal: async () => undefined, allocation: async () => undefined },
    log: { warn: () => undefined, error: say },
    metrics: {
      ...createGatewayMetrics(),
      served: (_kind: 'paid' | 'free', bytes: number) => traffic.sent(bytes),
      aborted: (bytes: number) => traffic.sent(bytes),
      connections: (open: number) => traffic.connected(open),
    },
  };
  const ledger = new DeliveryLedger({ node: NODE, epochSeconds: 3_600, claimWindowEpochs: 1 });
  return createGateway({
    ...{ ...shared, node: NODE, blocks: store, contents: store },
    desk: localDeliveryDesk({ ...shared, ledger }, { freeBytesPerMinute: Infinity }).desk,
    readiness: () => [],
    status: async () => ({}),
  });
}

function say(values: Readonly<Record<string, unknown>>, message: string): void {
  process.stderr.write(`${message} ${String(values['error'])}\n`);
}
