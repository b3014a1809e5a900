import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { JsonRpcProvider, NonceManager, Wallet } from 'ethers';
import { z } from 'zod';

import { connectContracts } from '../../sdk/chain/contracts.ts';
import { encodeDeployment, type Deployment } from '../../sdk/chain/deployment.ts';
import { deployBcdn } from '../deploy/deploy.ts';
import { startLocalChain, type LocalChain } from '../deploy/local-chain.ts';
import { DEPLOY_PARAMETERS } from '../deploy/parameters.ts';
import { ChildProcesses, type Child } from './child-processes.ts';
import { DevnetError } from './devnet-error.ts';
import { NetworkNode } from './network-node.ts';
import { planNodes, TOKEN_WEI, type PlannedNode } from './network-plan.ts';
import type { Progress } from './progress.ts';

const ROOT = join(import.meta.dirname, '../..');
const MARKETPLACE_PROGRAM = join(ROOT, 'marketplace/main.ts');
const POLLING_INTERVAL_MS = 250;
/** A minute. */
const MAX_HEALTH_LOOKS = 240;
const healthOfNodes = z.object({ nodes: z.array(z.object({ health: z.string() })) });
/** Tokens that the publisher starts with. */
const PUBLISHER_TOKENS_WEI = 1_000_000n * TOKEN_WEI;
/** Room on each node beside the content itself. */
const DISK_HEADROOM_BYTES = 256 * 1024 * 1024;

/** Accounts of the local chain, by what they do here. */
const DEPLOYER = 0;
const PUBLISHER = 1;
const FIRST_OPERATOR = 2;
/** Posts the roots of what peers earned, for the coordinator. */
const POSTER = 10;
const FIRST_PAYOUT = 11;

/** A whole bcdn network of real processes on this machine: chain, marketplace, edges, peers. */
export class Network {
  readonly processes: ChildProcesses;
  readonly #folder: string;
  readonly #progress: Progress;
  readonly #plans: readonly PlannedNode[];
  readonly #nodes: NetworkNode[] = [];
  #chain: LocalChain | undefined;
  #deployment: Deployment | undefined;
  #marketplaceUrl: string | undefined;
  #marketplace: Child | undefined;
  /** How many chains there were before this one. */
  #generation = 0;

  /**
   * @param folder an empty folder for everything that the network writes
   * @param plans what nodes there are @default six edges and two peers
   */
  constructor(folder: string, progress: Progress, plans: readonly PlannedNode[] = planNodes()) {
    this.#folder = folder;
    this.#progress = progress;
    this.#plans = plans;
    this.processes = new ChildProcesses(join(folder, 'logs'));
  }

  get chain(): LocalChain {
    return started(this.#chain);
  }

  get deployment(): Deployment {
    return started(this.#deployment);
  }

  get marketplaceUrl(): string {
    return started(this.#marketplaceUrl);
  }

  get edges(): readonly NetworkNode[] {
    return this.#nodes.filter(({ plan }) => plan.role === 'edge');
  }

  get peers(): readonly NetworkNode[] {
    return this.#nodes.filter(({ plan }) => plan.role === 'peer');
  }

  get publisherKey(): string {
    return this.#keyOf(PUBLISHER);
  }

  /** Starts everything in order. @param contentBytes what the disks of the nodes must hold at least */
  async start(contentBytes: number): Promise<void> {
    await mkdir(join(this.#folder, 'logs'), { recursive: true });
    const progress = this.#progress;
    this.#chain = await progress.task(
      'Local chain',
      async () => startLocalChain(),
      ({ url }) => url,
    );
    this.#deployment = await progress.task(
      'Contracts',
      async () => this.#deploy(),
      ({ market }) => `market ${market}`,
    );
    this.#marketplaceUrl = await progress.task(
      'Marketplace',
      async () => this.#startMarketplace(),
      (url) => url,
    );
    await this.#bringUpNodes(contentBytes);
  }

  async stop(): Promise<void> {
    await this.processes.stopAll();
    await this.#chain?.stop();
  }

  async #deploy(): Promise<Deployment> {
    const provider = new JsonRpcProvider(this.chain.url, undefined, {
      staticNetwork: true,
      // A remembered nonce is one that was used meanwhile.
      cacheTimeout: -1,
    });
    provider.pollingInterval = POLLING_INTERVAL_MS;
    try {
      const deployer = new Wallet(this.#keyOf(DEPLOYER), provider);
      const deployment = await deployBcdn(deployer, DEPLOY_PARAMETERS.development);
      await writeFile(this.#deploymentFile, encodeDeployment(deployment));
      const { token } = connectContracts(new NonceManager(deployer), deployment);
      const stakeWei = DEPLOY_PARAMETERS.development.minimumEdgeStakeWei;
      const operators = this.#plans.map((_, index) => this.#accountOf(FIRST_OPERATOR + index));
      const grants = [
        ...operators.map((account) => [account, stakeWei] as const),
        [this.#accountOf(PUBLISHER), PUBLISHER_TOKENS_WEI] as const,
      ];
      // One after the other: the chain mines at once and refuses a nonce that overtakes.
      for (const [account, amountWei] of grants) await (await token.transfer(account, amountWei)).wait();
      return deployment;
    } finally {
      provider.destroy();
    }
  }

  /** Kills the marketplace as a power cut would, and starts it again at the same address with what it had on disk. */
  async restartMarketplace(): Promise<void> {
    await this.#marketplace?.kill();
    this.#marketplaceUrl = await this.#startMarketplace(new URL(this.marketplaceUrl).port);
  }

  /**
   * Ends the chain and starts another one at its address, as a developer does who restarts it: same number, same accounts,
   * other first block, nothing on it but the contracts. The marketplace keeps its address and forgets the old chain; nodes
   * begin anew, because what they know is of the old one.
   */
  async replaceChain(contentBytes: number): Promise<void> {
    for (const node of this.#nodes) await node.kill();
    await this.#marketplace?.kill();
    await this.chain.stop();
    this.#generation += 1;
    this.#nodes.length = 0;
    this.#chain = await startLocalChain(Number(new URL(this.chain.url).port));
    this.#deployment = await this.#deploy();
    const { port } = new URL(this.marketplaceUrl);
    this.#marketplaceUrl = await this.#startMarketplace(port, ['--reset-replaced-chain']);
    await this.#bringUpNodes(contentBytes);
  }

  async #startMarketplace(port = '0', flags: readonly string[] = []): Promise<string> {
    const posterKeyFile = join(this.#folder, 'poster-key');
    await writeFile(posterKeyFile, this.#keyOf(POSTER), { mode: 0o600 });
    const faucetKeyFile = join(this.#folder, 'faucet-key');
    // Whoever deployed holds the tokens that nobody was given yet.
    await writeFile(faucetKeyFile, this.#keyOf(DEPLOYER), { mode: 0o600 });
    const child = this.processes.start({
      name: 'marketplace',
      argv: [
        MARKETPLACE_PROGRAM,
        ...['--data-dir', join(this.#folder, 'marketplace'), '--rpc-url', this.chain.url],
        ...['--deployment', this.#deploymentFile, '--port', port, '--json'],
        // Epochs last seconds here: what peers earn is worth a root as soon as the chain takes one.
        ...['--poster-key-file', posterKeyFile, '--peer-root-interval', '0'],
        ...['--development', '--faucet-key-file', faucetKeyFile],
        ...flags,
      ],
    });
    this.#marketplace = child;
    const { url } = await child.message('ready');
    if (typeof url !== 'string') {
      throw new DevnetError('PROCESS_OUTPUT_INVALID', 'The marketplace did not say where it listens.');
    }
    return url;
  }

  async #bringUpNodes(contentBytes: number): Promise<void> {
    const progress = this.#progress;
    await progress.task('Keys of the nodes', async () => this.#createNodes(contentBytes));
    await progress.task(
      'Nodes registered, staked and on the ring',
      async () => this.#startNodes(),
      () => `${this.#plans.length} processes`,
    );
  }

  async #createNodes(contentBytes: number): Promise<void> {
    const surroundings = {
      folder: this.#generation === 0 ? this.#folder : join(this.#folder, `chain-${this.#generation}`),
      rpcUrl: this.chain.url,
      deploymentFile: this.#deploymentFile,
      marketplaceUrl: this.marketplaceUrl,
      stakeWei: DEPLOY_PARAMETERS.development.minimumEdgeStakeWei,
      diskBytes: contentBytes + DISK_HEADROOM_BYTES,
    };
    const created = this.#plans.map(async (plan, index) =>
      NetworkNode.create(
        plan,
        { privateKey: this.#keyOf(FIRST_OPERATOR + index), payout: this.#accountOf(FIRST_PAYOUT + index) },
        surroundings,
        this.processes,
      ),
    );
    this.#nodes.push(...(await Promise.all(created)));
  }

  async #startNodes(): Promise<void> {
    await Promise.all(this.edges.map(async (edge) => edge.start()));
    await Promise.all(this.peers.map(async (peer) => peer.start()));
    await this.#edgesHeardOf();
  }

  /** A plan leaves out edges that did not answer when they were last asked, which may have been before they had started. */
  async #edgesHeardOf(): Promise<void> {
    for (let look = 0; look < MAX_HEALTH_LOOKS; look++) {
      const answer = await fetch(`${this.marketplaceUrl}/v1/nodes?role=edge&limit=100`);
      const { nodes } = healthOfNodes.parse(await answer.json());
      if (nodes.filter(({ health }) => health === 'up').length >= this.edges.length) return;
      await sleep(POLLING_INTERVAL_MS);
    }
    throw new DevnetError(
      'EDGES_UNHEARD',
      'Edges serve, but the marketplace has not heard so within a minute.',
    );
  }

  get #deploymentFile(): string {
    return join(this.#folder, 'deployment.json');
  }

  #keyOf(index: number): string {
    return started(this.chain.privateKeys[index]);
  }

  #accountOf(index: number): string {
    return started(this.chain.accounts[index]);
  }
}

function started<T>(part: T | undefined): T {
  if (part !== undefined) return part;
  throw new DevnetError('STOPPED', 'The network is not started.');
}
