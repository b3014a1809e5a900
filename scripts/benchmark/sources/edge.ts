import { CID } from 'multiformats/cid';

import { ReceiptJournal } from '../../../node/adapters/disk/receipt-journal.ts';
import { localDeliveryDesk } from '../../../node/adapters/delivery-desk/local-delivery-desk.ts';
import type { ContentStore } from '../../../node/adapters/http/gateway-components.ts';
import { createGatewayMetrics } from '../../../node/adapters/http/gateway-metrics.ts';
import { createGateway } from '../../../node/adapters/http/gateway.ts';
import { cappedReader } from '../../../node/app/upload-cap.ts';
import type { AllocationView, DealView } from '../../../node/core/delivery/deal-directory.ts';
import { DeliveryLedger } from '../../../node/core/delivery/delivery-ledger.ts';
import type { BlockLoan, BlockReader, BlockSpan } from '../../../node/core/storage/block-ports.ts';
import { borrowBlock } from '../../../node/core/storage/borrowed-block.ts';
import { contentRootOf } from '../../../sdk/protocol/content.ts';
import { parseAddress, parseDealId, parseEpoch } from '../../../sdk/protocol/identifiers.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import { BenchError } from '../bench-error.ts';
import { CHAIN_ID } from './grant-desk.ts';
import { ArchiveBlocks } from './archive-blocks.ts';
import type { EdgeSetup, EdgeTasks } from './edge-protocol.ts';
import { serveStreams } from './edge-streams.ts';

const clock = { nowMs: () => Date.now() };

/** An edge as a node runs it: gateway, libp2p streams, ledger and receipt journal, with the node's own cap on what it uploads. */
export class BenchEdge {
  readonly origin: string;
  /** Multiaddrs of its libp2p host. */
  readonly addresses: readonly string[];
  readonly #setup: EdgeSetup;
  readonly #ledger: DeliveryLedger;
  readonly #blocks: SwitchedBlocks;

  static async start(setup: EdgeSetup): Promise<BenchEdge> {
    const archive = await ArchiveBlocks.open(setup.archivePath);
    const journal = new ReceiptJournal({ path: setup.journalPath });
    await journal.open();
    const node = parseAddress(setup.node);
    const ledger = new DeliveryLedger({ node, epochSeconds: setup.epochSeconds, claimWindowEpochs: 1 });
    const blocks = new SwitchedBlocks(archive);
    const { deal, allocation } = termsOf(setup);
    const shared = {
      ...{ journal, clock, secp256k1: nativeSecp256k1, metrics: createGatewayMetrics() },
      domain: { chainId: CHAIN_ID, verifyingContract: parseAddress(setup.market) },
      deals: { deal: async () => deal, allocation: async () => allocation },
      log: { warn: () => undefined, error: say },
    };
    const components = {
      ...{ ...shared, node, blocks },
      // Clients without grants are measured as well; those with grants never touch the allowance.
      desk: localDeliveryDesk({ ...shared, ledger }, { freeBytesPerMinute: Infinity }).desk,
      contents: contentsOf(archive),
      // An edge that is alone in its ring: the grants name who holds the content.
      router: { lookup: async () => ({ providers: [], hops: 0 }) },
      readiness: () => [],
      status: async () => ({}),
    };
    const { host, port } = await createGateway(components).start();
    const addresses = await serveStreams(components);
    return new BenchEdge(setup, { origin: `http://${host}:${port}`, addresses, ledger, blocks });
  }

  private constructor(
    setup: EdgeSetup,
    parts: {
      origin: string;
      addresses: readonly string[];
      ledger: DeliveryLedger;
      blocks: SwitchedBlocks;
    },
  ) {
    this.#setup = setup;
    this.origin = parts.origin;
    this.addresses = parts.addresses;
    this.#ledger = parts.ledger;
    this.#blocks = parts.blocks;
  }

  async cap(bytesPerSecond: number): Promise<void> {
    await this.#blocks.cap(bytesPerSecond, CID.parse(this.#setup.root));
  }

  meter(): EdgeTasks['meter']['answer'] {
    const meter = this.#ledger.meterOf(parseDealId(this.#setup.dealId));
    return {
      servedBytes: meter?.servedBytes ?? 0,
      receiptedBytes: meter?.receiptedBytes ?? 0,
      cpuSeconds: secondsOf(process.cpuUsage()),
      servingSeconds: secondsOf(process.threadCpuUsage()),
    };
  }
}

function secondsOf({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1e6;
}

/** Blocks whose cap can be changed while the gateway runs. */
class SwitchedBlocks implements BlockReader {
  readonly #archive: ArchiveBlocks;
  #current: BlockReader;

  constructor(archive: ArchiveBlocks) {
    this.#archive = archive;
    this.#current = archive;
  }

  get(cid: CID): Promise<Uint8Array | undefined> {
    return this.#current.get(cid);
  }

  borrow(cid: CID, span?: BlockSpan): Promise<BlockLoan | undefined> {
    return borrowBlock(this.#current, cid, span);
  }

  sizeOf(cid: CID): Promise<number | undefined> {
    return this.#current.sizeOf(cid);
  }

  async cap(bytesPerSecond: number, root: CID): Promise<void> {
    if (bytesPerSecond === 0) {
      this.#current = this.#archive;
      return;
    }
    const { signal } = new AbortController();
    const capped = cappedReader(this.#archive, { bytesPerSecond, clock, signal });
    // An idle node may send what its cap allows in a second at once: that is spent before the measurement.
    const bytes = (await this.#archive.sizeOf(root)) ?? bytesPerSecond;
    for (let spent = 0; spent < bytesPerSecond; spent += bytes) await capped.get(root);
    this.#current = capped;
  }
}

function termsOf(setup: EdgeSetup): { deal: DealView; allocation: AllocationView } {
  const root = CID.parse(setup.root);
  return {
    deal: {
      ...{ dealId: parseDealId(setup.dealId), publisher: parseAddress(setup.grantSigner), state: 'open' },
      ...{ contentRoot: contentRootOf(root), contentCodec: root.code },
      grantKey: parseAddress(setup.grantSigner),
    },
    allocation: {
      state: 'active',
      balanceWei: 10n ** 24n,
      ratePerGiB: 10n ** 15n,
      throughEpoch: parseEpoch(0),
    },
  };
}

function contentsOf(archive: ArchiveBlocks): ContentStore {
  return {
    contains: (_root, cid) => archive.has(cid),
    isComplete: () => true,
    tag: () => undefined,
    uploadState: () => ({ complete: true, blocks: 0, bytes: 0, missingBlocks: 0, missing: [] }),
    importCar: noUploads,
    takeSlice: noUploads,
  };
}

async function noUploads(): Promise<never> {
  throw new BenchError('BENCH_MESSAGE_INVALID', {
    message: 'An edge of a bench takes no uploads.',
    remedy: 'Name its archive when it is started.',
  });
}

function say(values: Readonly<Record<string, unknown>>, message: string): void {
  process.stderr.write(`${message} ${String(values['error'])}\n`);
}
