import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import { NonceManager, Wallet, type JsonRpcProvider } from 'ethers';

import { connectContracts } from '../../sdk/chain/contracts.ts';
import { encodeDeployment, type Deployment } from '../../sdk/chain/deployment.ts';
import { openProvider } from '../../sdk/chain/provider.ts';
import { TransactionSender } from '../../sdk/chain/transactions.ts';
import { systemClock } from '../../sdk/pacing/clock.ts';
import { MarketplaceApi } from '../../sdk/client/marketplace-api.ts';
import { UndiciExchange } from '../../sdk/client/undici-exchange.ts';
import { publish, type Publication } from '../../sdk/publish/publish.ts';
import { deployBcdn } from '../deploy/deploy.ts';
import { startLocalChain, type LocalChain } from '../deploy/local-chain.ts';
import { DEPLOY_PARAMETERS } from '../deploy/parameters.ts';
import { ChildProcesses, type Child } from '../devnet/child-processes.ts';
import { DevnetError } from '../devnet/devnet-error.ts';
import { NetworkNode } from '../devnet/network-node.ts';

const MARKETPLACE_PROGRAM = join(import.meta.dirname, '../../marketplace/main.ts');

const GIB = 1024n ** 3n;
const TOKEN_WEI = 10n ** 18n;
/** For the stake, and for the bonds of claims. */
const OPERATOR_TOKENS_WEI = 1_000n * TOKEN_WEI;
const PUBLISHER_TOKENS_WEI = 10_000n * TOKEN_WEI;
/** One block, so that a request is a transfer. */
const CONTENT_BYTES = 16_384;
/** What viewers may fetch of a content in all. */
const DELIVERY_BYTES = 256n * GIB;
const DISK_BYTES = 64 * 1024 * 1024;
const POLLING_INTERVAL_MS = 100;
const MARKETPLACE_POLL_MS = 200;
const MARKETPLACE_PROBE_MS = 300;
const QUOTE_TIMEOUT_MS = 90_000;
const FIRST_PORT = 20_000;
const PORTS_PER_EDGE = 3;

/** Accounts of the local chain, by what they do here. */
const DEPLOYER = 0;
const PUBLISHER = 1;
const PAYOUT = 2;
const FIRST_OPERATOR = 3;

export interface SmallNetworkOptions {
  /** An empty folder for everything that the network writes. */
  readonly folder: string;
  readonly edges: number;
  readonly epochSeconds: number;
  /** Basis points. @default none */
  readonly protocolFeeBps?: number;
  readonly askWeiPerGiB: bigint;
  /** Of each edge. @default 64 MiB */
  readonly diskBytes?: number;
  /** What is run as `bcdn-node` and `bcdn-marketplace`. @default the sources of this checkout */
  readonly programs?: { readonly node: string; readonly marketplace: string };
}

/** Settings of an edge for one run. */
export type EdgeFlags = readonly string[] | ((edge: SmallEdge) => Promise<readonly string[]>);

/** A chain, a marketplace and a few edges: real processes, as few as will do. */
export class SmallNetwork {
  readonly processes: ChildProcesses;
  readonly #options: SmallNetworkOptions;
  #chain: LocalChain | undefined;
  #deployment: Deployment | undefined;
  #provider: JsonRpcProvider | undefined;
  #marketplace: Child | undefined;
  #marketplaceUrl = '';
  #edges: readonly SmallEdge[] = [];

  constructor(options: SmallNetworkOptions) {
    this.#options = options;
    this.processes = new ChildProcesses(join(options.folder, 'logs'));
  }

  get deployment(): Deployment {
    return started(this.#deployment);
  }

  get provider(): JsonRpcProvider {
    return started(this.#provider);
  }

  /** JSON-RPC of the chain. */
  get rpcUrl(): string {
    return started(this.#chain).url;
  }

  /** Of the account that holds the publisher's tokens. */
  get publisherKey(): string {
    return this.#keyOf(PUBLISHER);
  }

  get marketplaceUrl(): string {
    return this.#marketplaceUrl;
  }

  get edges(): readonly SmallEdge[] {
    return this.#edges;
  }

  /** Starts everything; the edges serve, with these settings, and are offered to publishers when this returns. */
  async start(flags: EdgeFlags = []): Promise<void> {
    await mkdir(join(this.#options.folder, 'logs'), { recursive: true });
    this.#chain = await startLocalChain();
    const { url, chainId } = this.#chain;
    this.#provider = openProvider({ url, chainId });
    this.#provider.pollingInterval = POLLING_INTERVAL_MS;
    this.#deployment = await this.#deploy(this.#provider);
    this.#marketplaceUrl = await this.#startMarketplace(url);
    const numbers = Array.from({ length: this.#options.edges }, (_, index) => index);
    this.#edges = await Promise.all(numbers.map(async (index) => this.#createEdge(index, url)));
    await Promise.all(
      this.#edges.map(async (edge) => edge.start(typeof flags === 'function' ? await flags(edge) : flags)),
    );
    await this.offered();
  }

  /** Publishes a file to all edges. @param content by default one block of random bytes */
  async publish(content: Uint8Array = randomBytes(CONTENT_BYTES)): Promise<Publication> {
    const wallet = new Wallet(this.#keyOf(PUBLISHER), this.provider);
    return publish({
      source: { kind: 'stream', stream: Readable.from([content]) },
      sender: new TransactionSender({ provider: this.provider, wallet, deployment: this.deployment }),
      marketplaceUrl: this.#marketplaceUrl,
      replicas: this.#options.edges,
      expectedDeliveryBytes: DELIVERY_BYTES,
      temporaryDirectory: this.#options.folder,
    });
  }

  /** Ends the marketplace, its coordinator with it, as a power cut would. */
  async killMarketplace(): Promise<void> {
    await this.#marketplace?.kill();
  }

  async stop(): Promise<void> {
    await this.processes.stopAll();
    this.#provider?.destroy();
    await this.#chain?.stop();
  }

  async #deploy(provider: JsonRpcProvider): Promise<Deployment> {
    const { edges, epochSeconds, protocolFeeBps = 0 } = this.#options;
    const deployer = new Wallet(this.#keyOf(DEPLOYER), provider);
    const parameters = { ...DEPLOY_PARAMETERS.development, epochSeconds, protocolFeeBps };
    const deployment = await deployBcdn(deployer, parameters);
    await writeFile(this.#deploymentFile, encodeDeployment(deployment));
    const { token } = connectContracts(new NonceManager(deployer), deployment);
    const amounts = new Map(
      Array.from({ length: edges }, (_, index) => [
        this.#accountOf(FIRST_OPERATOR + index),
        OPERATOR_TOKENS_WEI,
      ]),
    );
    amounts.set(this.#accountOf(PUBLISHER), PUBLISHER_TOKENS_WEI);
    // One after another: a chain that mines at once refuses a nonce that arrives before the one below it.
    for (const [account, amountWei] of amounts) await (await token.transfer(account, amountWei)).wait();
    return deployment;
  }

  async #startMarketplace(rpcUrl: string): Promise<string> {
    this.#marketplace = this.processes.start({
      name: 'marketplace',
      argv: [
        this.#options.programs?.marketplace ?? MARKETPLACE_PROGRAM,
        ...['--data-dir', join(this.#options.folder, 'marketplace'), '--rpc-url', rpcUrl],
        ...['--deployment', this.#deploymentFile, '--port', '0', '--json'],
        ...['--poll-interval', String(MARKETPLACE_POLL_MS), '--probe-interval', String(MARKETPLACE_PROBE_MS)],
      ],
    });
    const { url } = await this.#marketplace.message('ready');
    if (typeof url === 'string') return url;
    throw new DevnetError('PROCESS_OUTPUT_INVALID', 'The marketplace did not say where it listens.');
  }

  async #createEdge(index: number, rpcUrl: string): Promise<SmallEdge> {
    const { folder, askWeiPerGiB } = this.#options;
    const name = `edge-${index + 1}`;
    const node = await NetworkNode.create(
      { name, role: 'edge', region: 'eu-west', hostile: false, askWeiPerGiB },
      { privateKey: this.#keyOf(FIRST_OPERATOR + index), payout: this.#accountOf(PAYOUT) },
      {
        ...{ folder, rpcUrl, deploymentFile: this.#deploymentFile, marketplaceUrl: this.#marketplaceUrl },
        stakeWei: DEPLOY_PARAMETERS.development.minimumEdgeStakeWei,
        diskBytes: this.#options.diskBytes ?? DISK_BYTES,
        program: this.#options.programs?.node,
      },
      this.processes,
    );
    return new SmallEdge(node, join(folder, name, 'data'));
  }

  /** Until all edges are offered: the marketplace reads them off the chain and probes them a moment after they serve. */
  async offered(): Promise<void> {
    const { edges } = this.#options;
    const http = new UndiciExchange();
    const api = new MarketplaceApi({ http, clock: systemClock }, this.#marketplaceUrl);
    try {
      const request = { bytes: CONTENT_BYTES, expectedDeliveryBytes: DELIVERY_BYTES, replicas: edges };
      for (let waitedMs = 0; waitedMs < QUOTE_TIMEOUT_MS; waitedMs += MARKETPLACE_PROBE_MS) {
        if ((await api.quote(request)).nodes.length === edges) return;
        await sleep(MARKETPLACE_PROBE_MS);
      }
    } finally {
      await http.close();
    }
    throw new DevnetError('PROCESS_TIMEOUT', 'The marketplace does not offer all edges.', {
      timeoutMs: QUOTE_TIMEOUT_MS,
    });
  }

  get #deploymentFile(): string {
    return join(this.#options.folder, 'deployment.json');
  }

  #keyOf(index: number): string {
    return started(started(this.#chain).privateKeys[index]);
  }

  #accountOf(index: number): string {
    return started(started(this.#chain).accounts[index]);
  }
}

/**
 * An edge that may be killed and started again. It listens on a loopback address of its own, on which nobody else opens
 * connections, so its ports are free again after each kill and it need not register others on chain.
 */
export class SmallEdge {
  readonly node: NetworkNode;
  readonly dataDir: string;
  /** Where it listens: its gateway first, then libp2p over TCP and WebSocket. */
  readonly host: string;
  readonly ports: readonly [http: number, tcp: number, webSocket: number];
  readonly #listening: readonly string[];

  constructor(node: NetworkNode, dataDir: string) {
    this.node = node;
    this.dataDir = dataDir;
    const [a = 0, b = 0, c = 0, d = 0] = randomBytes(4);
    const host = `127.${1 + (a % 254)}.${b}.${1 + (c % 254)}`;
    const port = FIRST_PORT + PORTS_PER_EDGE * d;
    this.host = host;
    this.ports = [port, port + 1, port + 2];
    this.#listening = [
      ...['--http-host', host, '--http-port', String(port)],
      ...['--listen-host', host, '--tcp-port', String(port + 1), '--ws-port', String(port + 2)],
    ];
  }

  /** Starts the process with settings for this run and waits until it serves. @throws DevnetError PROCESS_FAILED */
  async start(flags: readonly string[]): Promise<void> {
    await this.node.start([...this.#listening, ...flags]);
  }
}

function started<T>(part: T | undefined): T {
  if (part !== undefined) return part;
  throw new DevnetError('STOPPED', 'The network is not started.');
}
