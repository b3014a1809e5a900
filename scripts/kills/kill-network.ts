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
import { systemClock } from '../../sdk/client/clock.ts';
import { MarketplaceApi } from '../../sdk/client/marketplace-api.ts';
import { UndiciExchange } from '../../sdk/client/undici-exchange.ts';
import { publish, type Publication } from '../../sdk/publish/publish.ts';
import { deployBcdn } from '../deploy/deploy.ts';
import { startLocalChain, type LocalChain } from '../deploy/local-chain.ts';
import { DEPLOY_PARAMETERS } from '../deploy/parameters.ts';
import { ChildProcesses } from '../devnet/child-processes.ts';
import { DevnetError } from '../devnet/devnet-error.ts';
import { NetworkNode } from '../devnet/network-node.ts';

const MARKETPLACE_PROGRAM = join(import.meta.dirname, '../../marketplace/main.ts');

/** Short epochs: many of them end, and are settled, between two kills. */
export const EPOCH_SECONDS = 3;
/** A price that has no fraction of a wei for any number of bytes: each route pays exactly what its receipts are worth. */
export const WEI_PER_BYTE = 1_000_000n;
const GIB = 1024n ** 3n;
const TOKEN_WEI = 10n ** 18n;
const OPERATOR_TOKENS_WEI = 1_000n * TOKEN_WEI;
const PUBLISHER_TOKENS_WEI = 10_000n * TOKEN_WEI;
/** One block, so that a request is a transfer. */
const CONTENT_BYTES = 16_384;
/** What viewers may fetch in all. */
const DELIVERY_BYTES = 256n * GIB;
const DISK_BYTES = 64 * 1024 * 1024;
const POLLING_INTERVAL_MS = 100;
const MARKETPLACE_POLL_MS = 200;
const MARKETPLACE_PROBE_MS = 300;
const QUOTE_TIMEOUT_MS = 30_000;

const FIRST_PORT = 20_000;
const PORTS_PER_EDGE = 3;

/** Accounts of the local chain, by what they do here. */
const DEPLOYER = 0;
const PUBLISHER = 1;
const OPERATOR = 2;
const PAYOUT = 3;

/** A chain, a marketplace, one edge and one published block: real processes, as few as will do. */
export class KillNetwork {
  readonly folder: string;
  readonly processes: ChildProcesses;
  readonly #listening = ownListeningFlags();
  #chain: LocalChain | undefined;
  #deployment: Deployment | undefined;
  #provider: JsonRpcProvider | undefined;
  #marketplaceUrl = '';
  #edge: NetworkNode | undefined;
  #publication: Publication | undefined;

  /** @param folder an empty folder for everything that the network writes */
  constructor(folder: string) {
    this.folder = folder;
    this.processes = new ChildProcesses(join(folder, 'logs'));
  }

  get deployment(): Deployment {
    return started(this.#deployment);
  }

  get provider(): JsonRpcProvider {
    return started(this.#provider);
  }

  get marketplaceUrl(): string {
    return this.#marketplaceUrl;
  }

  get edge(): NetworkNode {
    return started(this.#edge);
  }

  get publication(): Publication {
    return started(this.#publication);
  }

  /** Data directory of the edge. */
  get dataDir(): string {
    return join(this.folder, this.edge.plan.name, 'data');
  }

  /** Starts everything and publishes. The edge serves when this returns. */
  async start(): Promise<void> {
    await mkdir(join(this.folder, 'logs'), { recursive: true });
    this.#chain = await startLocalChain();
    const { url, chainId } = this.#chain;
    this.#provider = openProvider({ url, chainId });
    this.#provider.pollingInterval = POLLING_INTERVAL_MS;
    this.#deployment = await this.#deploy(this.#provider);
    this.#marketplaceUrl = await this.#startMarketplace(url);
    this.#edge = await this.#createEdge(url);
    await this.startEdge([]);
    await this.#awaitQuote();
    this.#publication = await this.#publish();
  }

  /** Starts the edge with settings for this run; it listens where it listened before. */
  async startEdge(flags: readonly string[]): Promise<void> {
    await this.edge.start([...this.#listening, ...flags]);
  }

  async stop(): Promise<void> {
    await this.processes.stopAll();
    this.#provider?.destroy();
    await this.#chain?.stop();
  }

  async #deploy(provider: JsonRpcProvider): Promise<Deployment> {
    const deployer = new Wallet(this.#keyOf(DEPLOYER), provider);
    const parameters = { ...DEPLOY_PARAMETERS.development, epochSeconds: EPOCH_SECONDS };
    const deployment = await deployBcdn(deployer, parameters);
    await writeFile(this.#deploymentFile, encodeDeployment(deployment));
    const { token } = connectContracts(new NonceManager(deployer), deployment);
    const funded = [
      token.transfer(this.#accountOf(OPERATOR), OPERATOR_TOKENS_WEI),
      token.transfer(this.#accountOf(PUBLISHER), PUBLISHER_TOKENS_WEI),
    ];
    for (const transaction of await Promise.all(funded)) await transaction.wait();
    return deployment;
  }

  async #startMarketplace(rpcUrl: string): Promise<string> {
    const child = this.processes.start({
      name: 'marketplace',
      argv: [
        MARKETPLACE_PROGRAM,
        ...['--data-dir', join(this.folder, 'marketplace'), '--rpc-url', rpcUrl],
        ...['--deployment', this.#deploymentFile, '--port', '0', '--json'],
        ...['--poll-interval', String(MARKETPLACE_POLL_MS), '--probe-interval', String(MARKETPLACE_PROBE_MS)],
      ],
    });
    const { url } = await child.message('ready');
    if (typeof url === 'string') return url;
    throw new DevnetError('PROCESS_OUTPUT_INVALID', 'The marketplace did not say where it listens.');
  }

  async #createEdge(rpcUrl: string): Promise<NetworkNode> {
    return NetworkNode.create(
      {
        ...{ name: 'edge', role: 'edge', region: 'eu-west', hostile: false },
        askWeiPerGiB: WEI_PER_BYTE * GIB,
      },
      { privateKey: this.#keyOf(OPERATOR), payout: this.#accountOf(PAYOUT) },
      {
        folder: this.folder,
        rpcUrl,
        deploymentFile: this.#deploymentFile,
        marketplaceUrl: this.#marketplaceUrl,
        stakeWei: DEPLOY_PARAMETERS.development.minimumEdgeStakeWei,
        diskBytes: DISK_BYTES,
      },
      this.processes,
    );
  }

  /** The marketplace reads the edge off the chain and probes it a moment after it serves. */
  async #awaitQuote(): Promise<void> {
    const http = new UndiciExchange();
    const api = new MarketplaceApi({ http, clock: systemClock }, this.#marketplaceUrl);
    try {
      const request = { bytes: CONTENT_BYTES, expectedDeliveryBytes: DELIVERY_BYTES, replicas: 1 };
      for (let waitedMs = 0; waitedMs < QUOTE_TIMEOUT_MS; waitedMs += MARKETPLACE_PROBE_MS) {
        if ((await api.quote(request)).nodes.length > 0) return;
        await sleep(MARKETPLACE_PROBE_MS);
      }
    } finally {
      await http.close();
    }
    throw new DevnetError('PROCESS_TIMEOUT', 'The marketplace does not offer the edge.', {
      timeoutMs: QUOTE_TIMEOUT_MS,
    });
  }

  async #publish(): Promise<Publication> {
    const wallet = new Wallet(this.#keyOf(PUBLISHER), this.provider);
    return publish({
      source: { kind: 'stream', stream: Readable.from([new Uint8Array(randomBytes(CONTENT_BYTES))]) },
      sender: new TransactionSender({ provider: this.provider, wallet, deployment: this.deployment }),
      marketplaceUrl: this.#marketplaceUrl,
      replicas: 1,
      expectedDeliveryBytes: DELIVERY_BYTES,
      temporaryDirectory: this.folder,
    });
  }

  get #deploymentFile(): string {
    return join(this.folder, 'deployment.json');
  }

  #keyOf(index: number): string {
    return started(started(this.#chain).privateKeys[index]);
  }

  #accountOf(index: number): string {
    return started(started(this.#chain).accounts[index]);
  }
}

/**
 * Where the edge listens: a loopback address of its own, on which nobody else opens connections, so its ports are free
 * again after each kill and it need not register others on chain.
 */
function ownListeningFlags(): readonly string[] {
  const [a = 0, b = 0, c = 0, d = 0] = randomBytes(4);
  const host = `127.${1 + (a % 254)}.${b}.${1 + (c % 254)}`;
  const port = FIRST_PORT + PORTS_PER_EDGE * d;
  return [
    ...['--http-host', host, '--http-port', String(port)],
    ...['--listen-host', host, '--tcp-port', String(port + 1), '--ws-port', String(port + 2)],
  ];
}

function started<T>(part: T | undefined): T {
  if (part !== undefined) return part;
  throw new DevnetError('STOPPED', 'The network is not started.');
}
