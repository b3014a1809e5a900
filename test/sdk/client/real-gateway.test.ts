import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';
import type { CID } from 'multiformats/cid';

import { BlockStore } from '../../../node/adapters/disk/block-store.ts';
import { ReceiptJournal } from '../../../node/adapters/disk/receipt-journal.ts';
import { localDeliveryDesk } from '../../../node/adapters/delivery-desk/local-delivery-desk.ts';
import type { GatewayComponents } from '../../../node/adapters/http/gateway-components.ts';
import { createGatewayMetrics } from '../../../node/adapters/http/gateway-metrics.ts';
import { createGateway, type Gateway } from '../../../node/adapters/http/gateway.ts';
import type { DealView } from '../../../node/core/delivery/deal-directory.ts';
import { DeliveryLedger } from '../../../node/core/delivery/delivery-ledger.ts';
import type { BlockReader } from '../../../node/core/storage/block-ports.ts';
import { fetchContent, type FetchResult } from '../../../sdk/client/fetch-content.ts';
import { parseEpoch, type Address } from '../../../sdk/protocol/identifiers.ts';
import { importContent } from '../../../sdk/publish/import-content.ts';
import type { ImportedContent } from '../../../sdk/publish/imported-content.ts';
import { pushContent } from '../../../sdk/publish/push-content.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { TestNetwork } from './test-network.ts';

const MIB = 1024 * 1024;
const publisherKey = randomBytes(32);

/** An edge as a node runs it: block store and journal on disk, ledger, gateway on a real port. */
class RealEdge {
  readonly node: Address;
  readonly ledger: DeliveryLedger;
  readonly #store: BlockStore;
  readonly #journal: ReceiptJournal;
  readonly #gateway: Gateway;
  origin = '';

  constructor(network: TestNetwork, node: Address, parts: { directory: string; decorate?: BlockDecorator }) {
    this.node = node;
    this.#store = new BlockStore({ directory: join(parts.directory, node, 'store'), quotaBytes: 2 ** 30 });
    this.#journal = new ReceiptJournal({
      path: join(parts.directory, node, 'receipts.journal'),
      maxDelayMs: 5,
    });
    this.ledger = new DeliveryLedger({ node, epochSeconds: network.epochSeconds, claimWindowEpochs: 1 });
    const deal: DealView = {
      ...{ dealId: network.dealId, contentRoot: network.contentRoot, contentCodec: network.root.code },
      ...{ publisher: nativeSecp256k1.addressOf(publisherKey), grantKey: network.grantSigner, state: 'open' },
    };
    const allocation = {
      state: 'active',
      balanceWei: 10n ** 24n,
      ratePerGiB: 10n ** 15n,
      throughEpoch: parseEpoch(0),
    };
    const shared = {
      ...{ domain: network.domain, journal: this.#journal, secp256k1: nativeSecp256k1 },
      deals: {
        deal: async () => deal,
        allocation: async () => ({ ...allocation, state: 'active' as const }),
      },
      ...{ clock: { nowMs: () => Date.now() }, metrics: createGatewayMetrics() },
      log: { warn: () => undefined, error: () => undefined },
    };
    const components: GatewayComponents = {
      ...{ ...shared, node, contents: this.#store },
      desk: localDeliveryDesk({ ...shared, ledger: this.ledger }).desk,
      blocks: parts.decorate?.(this.#store) ?? this.#store,
      ...{ readiness: () => [], status: async () => ({}) },
      router: {
        lookup: async () => ({
          providers: network.edges.map(({ node: operator }) => ({
            ...{ peerId: 'test', addresses: [], operator, region: 'eu-west' },
          })),
          hops: 1,
        }),
      },
    };
    this.#gateway = createGateway(components);
  }

  async start(): Promise<void> {
    await this.#store.open();
    await this.#journal.open();
    const { host, port } = await this.#gateway.start();
    this.origin = `http://${host}:${port}`;
  }

  async stop(): Promise<void> {
    await this.#gateway.stop(50);
    await this.#journal.close();
    await this.#store.close();
  }
}

type BlockDecorator = (reader: BlockReader) => BlockReader;

const corrupting: BlockDecorator = (reader) => ({
  sizeOf: (cid: CID) => reader.sizeOf(cid),
  async get(cid: CID) {
    const bytes = await reader.get(cid);
    if (bytes === undefined) return undefined;
    const wrong = Uint8Array.from(bytes);
    wrong[0] = (wrong[0] ?? 0) ^ 1;
    return wrong;
  },
});

describe('pushContent and fetchContent against the gateway of a node', function () {
  this.timeout(60_000);
  let directory: string;
  let network: TestNetwork;
  let content: ImportedContent;
  let bytes: Buffer;
  let edges: RealEdge[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bcdn-real-gateway-'));
    edges = [];
  });

  afterEach(async () => {
    for (const edge of edges) await edge.stop();
    await network.stop();
    await rm(directory, { recursive: true, force: true });
  });

  /** Imports random bytes, starts edges and pushes the archive to each. */
  async function placed(
    size: number,
    decorators: readonly (BlockDecorator | undefined)[],
    epochSeconds = 3600,
  ) {
    bytes = randomBytes(size);
    const stream = (async function* () {
      yield bytes;
    })();
    content = await importContent({ kind: 'stream', stream }, { temporaryDirectory: directory });
    network = new TestNetwork({ root: content.root, blocks: new Map() }, { epochSeconds });
    await network.start(decorators.map(() => ({})));
    for (const [index, { node }] of network.edges.entries()) {
      const decorate = decorators[index];
      const edge = new RealEdge(network, node, { directory, ...(decorate && { decorate }) });
      await edge.start();
      edges.push(edge);
      const announced = network.edges[index];
      if (announced !== undefined) announced.url = edge.origin;
      const sign = (digest: Uint8Array) => nativeSecp256k1.sign(digest, publisherKey);
      const { domain, dealId } = network;
      await pushContent({ content, dealId, domain, node, endpoints: [edge.origin], sign });
    }
  }

  async function fetched(): Promise<FetchResult & { content: Buffer }> {
    const parts: Uint8Array[] = [];
    const sink = { write: (part: Uint8Array) => void parts.push(part) };
    const { root: cid, marketplaceUrl } = network;
    const result = await fetchContent({ cid, marketplaceUrl, viewerKey: randomBytes(32), sink });
    return { ...result, content: Buffer.concat(parts) };
  }

  for (const size of [0, 1, 12 * MIB + 345]) {
    it(`moves ${size} bytes: pushed, stored, fetched from three edges, receipted and acknowledged`, async () => {
      await placed(size, [undefined, undefined, undefined]);
      const result = await fetched();
      expect(result.content.equals(bytes)).to.equal(true);
      expect(result.droppedNodes).to.deep.equal([]);
      expect(result.lookups).to.deep.equal({ count: 1, oneHop: 1, unanswered: 0 });
      expect(result.receipts.map(({ heldBy }) => heldBy)).to.deep.equal(result.receipts.map(() => 'node'));
      for (const { node, ledger } of edges) {
        const delivered = result.bytesByNode.get(node) ?? 0;
        const meter = ledger.meterOf(network.dealId);
        expect(meter?.receiptedBytes ?? 0).to.equal(delivered);
        expect(meter?.durableBytes ?? 0).to.equal(delivered);
        // On a busy machine a copy may be under way when everything has arrived: it is broken off.
        expect(meter?.servedBytes ?? 0).to.be.within(delivered, delivered + MIB);
      }
    });
  }

  it('pays an edge that serves wrong bytes nothing, and gets every byte right from the others', async () => {
    await placed(8 * MIB, [undefined, corrupting]);
    const result = await fetched();
    const [, corrupt] = edges;
    expect(result.content.equals(bytes)).to.equal(true);
    expect(result.badBlocks.map(({ node }) => node)).to.deep.equal([corrupt?.node]);
    expect(result.droppedNodes.map(({ reason }) => reason)).to.deep.equal(['corrupt']);
    expect(corrupt?.ledger.meterOf(network.dealId)?.receiptedBytes).to.equal(0);
  });

  it('goes on over the ends of short epochs', async () => {
    await placed(48 * MIB, [undefined], 1);
    const result = await fetched();
    expect(result.content.equals(bytes)).to.equal(true);
    expect(result.receipts.every(({ heldBy }) => heldBy !== 'nobody')).to.equal(true);
    const receipted = result.receipts.reduce((sum, receipt) => sum + receipt.bytes, 0);
    expect(receipted).to.equal(result.bytesByNode.get(edges[0]?.node as Address));
  });
});
