import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { expect } from 'chai';
import { Wallet } from 'ethers';

import { Network } from '../../../scripts/devnet/network.ts';
import { TOKEN_WEI, type PlannedNode } from '../../../scripts/devnet/network-plan.ts';
import { Progress } from '../../../scripts/devnet/progress.ts';
import { readReceipts } from '../../../scripts/devnet/receipt-rows.ts';
import { openProvider } from '../../../sdk/chain/provider.ts';
import { TransactionSender } from '../../../sdk/chain/transactions.ts';
import type { ViewReport } from '../../../sdk/player/engine/view-report.ts';
import { sourceOfPath } from '../../../sdk/publish/content-source.ts';
import { publish, type Publication } from '../../../sdk/publish/publish.ts';

const ROOM_BYTES = 64 * 1024 * 1024;
/** Some epochs of the development network, on a busy machine. */
const RECEIPTS_TIMEOUT_MS = 60_000;
const POLL_MS = 250;
const EDGES = [
  { region: 'eu-west', hostile: false },
  { region: 'us-east', hostile: false },
  { region: 'ap-south', hostile: true },
] as const;

/** Real processes for tests of viewing: chain, marketplace, two honest edges and one that lies when told to. */
export class PlayerNetwork {
  readonly folder: string;
  readonly network: Network;

  private constructor(folder: string) {
    this.folder = folder;
    const plans = EDGES.map(({ region, hostile }, index): PlannedNode => ({
      ...{ name: `edge-${index + 1}`, role: 'edge', region, hostile },
      askWeiPerGiB: TOKEN_WEI / 100n + BigInt(index),
    }));
    this.network = new Network(join(folder, 'network'), new Progress(process.stderr, { quiet: true }), plans);
  }

  static async start(): Promise<PlayerNetwork> {
    const started = new PlayerNetwork(await mkdtemp(join(tmpdir(), 'bcdn-player-')));
    await mkdir(join(started.folder, 'network'));
    try {
      await started.network.start(ROOM_BYTES);
    } catch (error) {
      await started.stop();
      throw error;
    }
    return started;
  }

  async stop(): Promise<void> {
    await this.network.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  get marketplaceUrl(): string {
    return this.network.marketplaceUrl;
  }

  /** Publishes a file or folder to every edge. */
  async publish(path: string, options: { readonly origin?: string } = {}): Promise<Publication> {
    const { network } = this;
    const provider = openProvider({ url: network.chain.url, chainId: network.chain.chainId });
    const sender = new TransactionSender({
      provider,
      wallet: new Wallet(network.publisherKey, provider),
      deployment: network.deployment,
    });
    try {
      return await publish({
        ...{ source: await sourceOfPath(path), sender, marketplaceUrl: network.marketplaceUrl },
        ...{
          expectedDeliveryBytes: 4n * 1024n ** 3n,
          replicas: EDGES.length,
          temporaryDirectory: this.folder,
          chunkBytes: 256 * 1024,
        },
        ...(options.origin !== undefined && { origin: { url: options.origin } }),
      });
    } finally {
      provider.destroy();
    }
  }

  /**
   * Waits until the marketplace holds receipts for exactly the bytes that a viewer verified, node by node: nodes hand theirs
   * in when an epoch has ended.
   */
  async expectReceipted(published: Publication, report: ViewReport): Promise<void> {
    const served = new Map(
      report.nodes.filter(({ bytes }) => bytes > 0).map(({ node, bytes }) => [node, bytes]),
    );
    const deadlineMs = performance.now() + RECEIPTS_TIMEOUT_MS;
    for (;;) {
      const receipted = await this.#receipted(published, report.viewerKey);
      const isAllThere = [...served].every(([node, bytes]) => receipted.get(node) === bytes);
      if (!isAllThere && performance.now() < deadlineMs) {
        await setTimeout(POLL_MS);
        continue;
      }
      expect([...receipted].sort()).to.deep.equal([...served].sort());
      return;
    }
  }

  /** Waits until the marketplace holds receipts for the bytes of a report, and for what came after it, if anything did. */
  async expectReceiptedAtLeast(published: Publication, report: ViewReport): Promise<void> {
    const deadlineMs = performance.now() + RECEIPTS_TIMEOUT_MS;
    for (;;) {
      const receipted = await this.#receipted(published, report.viewerKey);
      const missing = report.nodes.filter(({ node, bytes }) => bytes > (receipted.get(node) ?? 0));
      if (missing.length === 0) return;
      if (performance.now() > deadlineMs)
        expect.fail(`unpaid: ${JSON.stringify({ missing, receipted: [...receipted] })}`);
      await setTimeout(POLL_MS);
    }
  }

  /** Bytes that a viewer has signed for, as the marketplace holds the receipts, by node. */
  async #receipted(published: Publication, viewerKey: string): Promise<ReadonlyMap<string, number>> {
    const bytes = new Map<string, number>();
    for (const row of await readReceipts(this.network, published.dealId)) {
      if (row.viewerKey === viewerKey) bytes.set(row.node, (bytes.get(row.node) ?? 0) + row.bytes);
    }
    return bytes;
  }
}
