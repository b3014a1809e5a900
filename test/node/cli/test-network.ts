import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { JsonRpcProvider, NonceManager, parseEther, Wallet } from 'ethers';
import pino from 'pino';
import { startMarketplace, type Marketplace } from '../../../marketplace/server/start-marketplace.ts';
import { DEPLOY_PARAMETERS } from '../../../scripts/deploy/parameters.ts';
import { deployBcdn } from '../../../scripts/deploy/deploy.ts';
import { startLocalChain, type LocalChain } from '../../../scripts/deploy/local-chain.ts';
import { connectContracts } from '../../../sdk/chain/contracts.ts';
import { encodeDeployment, type Deployment } from '../../../sdk/chain/deployment.ts';
import { openProvider } from '../../../sdk/chain/provider.ts';
import { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { publish, type Publication } from '../../../sdk/publish/publish.ts';
import { eventually } from './eventually.ts';
import { bcdnNode, NodeProcess, type CommandResult } from './node-process.ts';

/** Tokens that a funded operator holds. */
const OPERATOR_TOKENS_WEI = parseEther('1000');
const OPERATOR_GAS_WEI = parseEther('10');

/** One initialised node: its files and what it was told. */
export interface InitialisedNode {
  readonly dataDir: string;
  readonly operator: string;
  readonly args: readonly string[];
}

/** A real chain with contracts, a real marketplace, and room for nodes; everything ends with `stop`. */
export class TestNetwork {
  readonly chain: LocalChain;
  readonly provider: JsonRpcProvider;
  readonly deployment: Deployment;
  readonly directory: string;
  readonly deploymentFile: string;
  readonly passwordFile: string;
  readonly #deployer: NonceManager;
  #marketplace: Marketplace | undefined;
  readonly #nodes: NodeProcess[] = [];

  private constructor(parts: {
    chain: LocalChain;
    provider: JsonRpcProvider;
    deployment: Deployment;
    directory: string;
    deployer: NonceManager;
  }) {
    this.chain = parts.chain;
    this.provider = parts.provider;
    this.deployment = parts.deployment;
    this.directory = parts.directory;
    this.deploymentFile = join(parts.directory, 'deployment.json');
    this.passwordFile = join(parts.directory, 'password');
    this.#deployer = parts.deployer;
  }

  static async start(): Promise<TestNetwork> {
    const directory = await mkdtemp(join(tmpdir(), 'bcdn-network-'));
    const chain = await startLocalChain();
    const provider = new JsonRpcProvider(chain.url, chain.chainId, { staticNetwork: true, cacheTimeout: -1 });
    const deployerKey = chain.privateKeys[0] ?? '';
    const deployment = await deployBcdn(new Wallet(deployerKey, provider), DEPLOY_PARAMETERS.development);
    const deployer = new NonceManager(new Wallet(deployerKey, provider));
    const network = new TestNetwork({ chain, provider, deployment, directory, deployer });
    await writeFile(network.deploymentFile, encodeDeployment(deployment));
    await writeFile(network.passwordFile, 'a test password\n', { mode: 0o600 });
    return network;
  }

  /** Resolves when so many edges have answered the marketplace: a plan leaves out those that did not when last asked. */
  async edgesUp(count: number): Promise<void> {
    const { url } = await this.marketplace();
    await eventually(async () => {
      const { nodes } = (await (await fetch(`${url}/v1/nodes?role=edge`)).json()) as {
        nodes: { health: string }[];
      };
      const up = nodes.filter(({ health }) => health === 'up').length;
      if (up < count) throw new RangeError(`${up} of ${count} edges are up`);
    });
  }

  /** Starts the marketplace, once. */
  async marketplace(): Promise<Marketplace> {
    this.#marketplace ??= await startMarketplace(
      {
        dataDir: join(this.directory, 'marketplace'),
        rpcUrl: this.chain.url,
        deployment: this.deployment,
        pollIntervalMs: 200,
        probeIntervalMs: 500,
      },
      pino({ level: 'silent' }),
    );
    return this.#marketplace;
  }

  /** Sends coin for gas and tokens to an account. */
  async fund(account: string, amounts: { gasWei?: bigint; tokensWei?: bigint } = {}): Promise<void> {
    const { gasWei = OPERATOR_GAS_WEI, tokensWei = OPERATOR_TOKENS_WEI } = amounts;
    const gas = await this.#deployer.sendTransaction({ to: account, value: gasWei });
    const { token } = connectContracts(this.#deployer, this.deployment);
    const tokens = await token.transfer(account, tokensWei);
    await Promise.all([gas.wait(), tokens.wait()]);
  }

  /** Publishes random bytes with an account of its own, as soon as there are nodes for it. */
  async publish(bytes: number, options: { replicas?: number } = {}): Promise<Publication> {
    const { url: marketplaceUrl } = await this.marketplace();
    const wallet = new Wallet(this.chain.privateKeys[5] ?? '');
    await this.fund(wallet.address);
    const provider = openProvider({ url: this.chain.url, chainId: this.chain.chainId });
    try {
      return await eventually(() =>
        publish({
          source: { kind: 'stream', stream: Readable.from([new Uint8Array(randomBytes(bytes))]) },
          sender: new TransactionSender({ provider, wallet, deployment: this.deployment }),
          ...{ marketplaceUrl, replicas: options.replicas ?? 1 },
        }),
      );
    } finally {
      provider.destroy();
    }
  }

  /** Runs `init` for a fresh node and funds its operator. */
  async init(
    name: string,
    options: {
      role?: 'edge' | 'peer';
      region?: string;
      funded?: boolean;
      extra?: readonly string[];
      /** @default a folder of the network's own */
      dataDir?: string;
    } = {},
  ): Promise<InitialisedNode> {
    const dataDir = options.dataDir ?? join(this.directory, name);
    const result = await bcdnNode([
      ...['init', '--json', '--data-dir', dataDir, '--password-file', this.passwordFile],
      ...['--role', options.role ?? 'edge', '--region', options.region ?? 'eu-west', '--disk', '1GiB'],
      ...['--rpc-url', this.chain.url, '--deployment', this.deploymentFile],
      ...['--marketplace-url', this.#marketplace?.url ?? 'http://127.0.0.1:9'],
      ...['--payout', this.chain.accounts[9] ?? '', '--log-level', 'info'],
      ...(options.extra ?? []),
    ]);
    if (result.code !== 0) throw new TypeError(`init failed: ${result.stderr}`);
    const { operator } = JSON.parse(result.stdout) as { operator: string };
    if (options.funded !== false) await this.fund(operator);
    return { dataDir, operator, args: ['--data-dir', dataDir, '--password-file', this.passwordFile] };
  }

  /** Starts an initialised node; it is ended with the network at the latest. */
  run(node: InitialisedNode, extra: readonly string[] = [], nodeFlags: readonly string[] = []): NodeProcess {
    const started = new NodeProcess([...node.args, ...extra], nodeFlags);
    this.#nodes.push(started);
    return started;
  }

  /** Runs a command against a node. */
  command(node: InitialisedNode, name: string, ...args: readonly string[]): Promise<CommandResult> {
    return bcdnNode([name, '--data-dir', node.dataDir, ...args]);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.end('SIGKILL')));
    await this.#marketplace?.stop();
    this.provider.destroy();
    await this.chain.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}
