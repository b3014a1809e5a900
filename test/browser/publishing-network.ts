import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import type { NetworkNode } from '../../scripts/devnet/network-node.ts';
import { Network } from '../../scripts/devnet/network.ts';
import { TOKEN_WEI, type PlannedNode } from '../../scripts/devnet/network-plan.ts';
import { Progress } from '../../scripts/devnet/progress.ts';
import { openProvider } from '../../sdk/chain/provider.ts';
import { readTokenBalance } from '../../sdk/chain/tokens.ts';
import { parseAddress } from '../../sdk/protocol/identifiers.ts';

const ROOM_BYTES = 128 * 1024 * 1024;
const REGIONS = ['eu-west', 'eu-west', 'us-east'];

/** Real processes for tests of publishing: chain, marketplace, three edges in two regions. */
export class PublishingNetwork {
  readonly network: Network;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    const plans = REGIONS.map((region, index): PlannedNode => ({
      ...{ name: `edge-${index + 1}`, role: 'edge', region, hostile: false },
      askWeiPerGiB: TOKEN_WEI / 10n + BigInt(index),
    }));
    this.network = new Network(join(folder, 'network'), new Progress(process.stderr, { quiet: true }), plans);
  }

  static async start(): Promise<PublishingNetwork> {
    const started = new PublishingNetwork(await mkdtemp(join(tmpdir(), 'bcdn-publishing-')));
    await mkdir(join(started.#folder, 'network'));
    try {
      await started.network.start(ROOM_BYTES);
    } catch (error) {
      await started.stop();
      throw error;
    }
    return started;
  }

  /** Waits until the marketplace has read from the chain where a node is. */
  async announces({ operator, httpUrl }: NetworkNode): Promise<void> {
    const { port } = new URL(httpUrl);
    const url = `${this.network.marketplaceUrl}/v1/nodes/${operator}`;
    for (let look = 0; look < 120; look++) {
      const { endpoints } = (await (await fetch(url)).json()) as { endpoints: readonly string[] };
      if (endpoints.some((endpoint) => endpoint.includes(`/tcp/${port}/`))) return;
      await setTimeout(250);
    }
    throw new RangeError(`${url} does not name port ${port}.`);
  }

  /** See `Network.replaceChain`. */
  replaceChain(): Promise<void> {
    return this.network.replaceChain(ROOM_BYTES);
  }

  get folder(): string {
    return this.#folder;
  }

  /** Tokens of an account on the chain itself, wei. */
  async tokensOf(address: string): Promise<bigint> {
    const { chain, deployment } = this.network;
    const provider = openProvider({ url: chain.url, chainId: chain.chainId });
    try {
      return await readTokenBalance(provider, deployment, parseAddress(address));
    } finally {
      provider.destroy();
    }
  }

  async stop(): Promise<void> {
    await this.network.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
