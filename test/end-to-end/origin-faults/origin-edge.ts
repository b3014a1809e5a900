import { Readable } from 'node:stream';

import { Wallet, type JsonRpcProvider } from 'ethers';
import { request } from 'undici';

import type { StatusDocument } from '../../../node/app/control/documents.ts';
import { openProvider } from '../../../sdk/chain/provider.ts';
import { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { publish, type Publication, type PublishProgress } from '../../../sdk/publish/publish.ts';
import { eventually } from '../../node/cli/eventually.ts';
import type { NodeProcess } from '../../node/cli/node-process.ts';
import { TestNetwork, type InitialisedNode } from '../../node/cli/test-network.ts';

/** An account of the local chain that nothing else uses. */
const PUBLISHER = 5;

/** What an ordinary client got for one request. */
export interface Got {
  readonly status: number;
  /** What came before the end, or before the connection broke. */
  readonly bytes: Uint8Array;
  /** Whether as much came as was announced. */
  readonly whole: boolean;
  /** Of the refusal, if it is one. */
  readonly code: string | undefined;
}

/** A real edge that fills itself from origins, with a chain, a marketplace and a publisher. */
export class OriginEdge {
  readonly network: TestNetwork;
  readonly edge: InitialisedNode;
  readonly marketplaceUrl: string;
  node: NodeProcess;
  httpUrl: string;
  readonly #provider: JsonRpcProvider;
  readonly #sender: TransactionSender;

  /** @param dataDir of the edge @default a folder of the network's own */
  static async start(dataDir?: string): Promise<OriginEdge> {
    const network = await TestNetwork.start();
    try {
      const { url } = await network.marketplace();
      const wallet = new Wallet(network.chain.privateKeys[PUBLISHER] ?? '');
      await network.fund(wallet.address);
      const extra = ['--allow-private-origins', 'yes', '--free-allowance', '1GiB'];
      const edge = await network.init('edge', { extra, ...(dataDir !== undefined && { dataDir }) });
      const node = network.run(edge);
      const provider = openProvider({ url: network.chain.url, chainId: network.chain.chainId });
      const sender = new TransactionSender({ provider, wallet, deployment: network.deployment });
      return new OriginEdge({ network, edge, node, provider, sender }, url, (await node.ready()).httpUrl);
    } catch (error) {
      await network.stop();
      throw error;
    }
  }

  private constructor(
    parts: {
      readonly network: TestNetwork;
      readonly edge: InitialisedNode;
      readonly node: NodeProcess;
      readonly provider: JsonRpcProvider;
      readonly sender: TransactionSender;
    },
    marketplaceUrl: string,
    httpUrl: string,
  ) {
    this.network = parts.network;
    this.edge = parts.edge;
    this.node = parts.node;
    this.#provider = parts.provider;
    this.#sender = parts.sender;
    this.marketplaceUrl = marketplaceUrl;
    this.httpUrl = httpUrl;
  }

  /** Publishes a file, from an origin if one is named; as soon as the marketplace offers the edge. */
  publish(
    file: Uint8Array,
    options: { readonly origin?: string; readonly onProgress?: (progress: PublishProgress) => void } = {},
  ): Promise<Publication> {
    const { origin, onProgress } = options;
    return eventually(() =>
      publish(
        {
          source: { kind: 'stream', stream: Readable.from([file]) },
          ...(origin !== undefined && { origin: { url: origin } }),
          ...{ sender: this.#sender, marketplaceUrl: this.marketplaceUrl, replicas: 1 },
        },
        { ...(onProgress && { onProgress }) },
      ),
    );
  }

  /** Asks the gateway as a client without a grant does. */
  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Got> {
    const answer = await request(`${this.httpUrl}${path}`, { headers });
    const parts: Uint8Array[] = [];
    const announced = answer.headers['content-length'];
    let broken = false;
    try {
      for await (const part of answer.body as AsyncIterable<Uint8Array>) parts.push(part);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      broken = true;
    }
    const bytes = new Uint8Array(Buffer.concat(parts));
    return {
      ...{ status: answer.statusCode, bytes },
      whole: !broken && (announced === undefined || bytes.length === Number(announced)),
      code: answer.statusCode >= 400 ? codeOf(bytes) : undefined,
    };
  }

  /** Starts the edge again, after it has ended. */
  async restart(): Promise<void> {
    this.node = this.network.run(this.edge);
    this.httpUrl = (await this.node.ready()).httpUrl;
  }

  /** Of the edge's process. */
  get pid(): number {
    return this.node.pid;
  }

  async status(): Promise<StatusDocument> {
    const { stdout } = await this.network.command(this.edge, 'status', '--json');
    return JSON.parse(stdout) as StatusDocument;
  }

  async stop(): Promise<void> {
    this.#provider.destroy();
    await this.network.stop();
  }
}

function codeOf(body: Uint8Array): string | undefined {
  const { error } = JSON.parse(Buffer.from(body).toString('utf8')) as { error?: { code?: string } };
  return error?.code;
}
