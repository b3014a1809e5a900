import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { JsonRpcProvider, Wallet } from 'ethers';
import { pino } from 'pino';

import { deployBcdn } from '../../scripts/deploy/deploy.ts';
import { startLocalChain, type LocalChain } from '../../scripts/deploy/local-chain.ts';
import { DEPLOY_PARAMETERS, type DeployParameters } from '../../scripts/deploy/parameters.ts';
import { domainOf, type Deployment } from '../../sdk/chain/deployment.ts';
import { drawPosition, registerNode } from '../../sdk/chain/nodes.ts';
import { openProvider } from '../../sdk/chain/provider.ts';
import { transferTokens } from '../../sdk/chain/tokens.ts';
import { TransactionSender } from '../../sdk/chain/transactions.ts';
import { hexToBytes } from '../../sdk/protocol/bytes.ts';
import type { Domain } from '../../sdk/protocol/eip712.ts';

export const WEI = 10n ** 18n;
/** Rate at which a byte costs exactly one wei, so that sums are easy to read. */
export const WEI_PER_BYTE = 2n ** 30n;
export const silentLogger = pino({ level: 'silent' });

/** A chain with the contracts, in a process of its own, and accounts that hold tokens. */
export class TestMarket {
  readonly chain: LocalChain;
  readonly deployment: Deployment;
  readonly provider: JsonRpcProvider;
  readonly parameters: DeployParameters;
  readonly #senders = new Map<number, TransactionSender>();

  private constructor(chain: LocalChain, deployment: Deployment, parameters: DeployParameters) {
    this.chain = chain;
    this.deployment = deployment;
    this.parameters = parameters;
    this.provider = openProvider({ url: chain.url, chainId: chain.chainId });
  }

  static async open(parameters: Partial<DeployParameters> = {}): Promise<TestMarket> {
    const chain = await startLocalChain();
    const chosen = { ...DEPLOY_PARAMETERS.development, ...parameters };
    const provider = new JsonRpcProvider(chain.url, undefined, { staticNetwork: true });
    provider.pollingInterval = 20;
    const deployment = await deployBcdn(new Wallet(chain.privateKeys[0] ?? '', provider), chosen);
    provider.destroy();
    return new TestMarket(chain, deployment, chosen);
  }

  get domain(): Domain {
    return domainOf(this.deployment);
  }

  privateKey(account: number): Uint8Array {
    return hexToBytes(this.chain.privateKeys[account] ?? '');
  }

  /** Account 0 holds all tokens; others are given some when they first send. */
  async sender(account: number): Promise<TransactionSender> {
    const known = this.#senders.get(account);
    if (known !== undefined) return known;
    const wallet = new Wallet(this.chain.privateKeys[account] ?? '', this.provider);
    const parts = { provider: this.provider, wallet, deployment: this.deployment };
    const sender = new TransactionSender(parts, { pollIntervalMs: 10 });
    this.#senders.set(account, sender);
    if (account !== 0) await transferTokens(await this.sender(0), sender.address, 1_000_000n * WEI);
    return sender;
  }

  /** Registers an active edge. */
  async registerEdge(
    account: number,
    edge: { region: string; askWeiPerGiB?: bigint; endpoints: readonly string[] },
  ): Promise<TransactionSender> {
    const sender = await this.sender(account);
    await registerNode(sender, {
      role: 'edge',
      libp2pPublicKey: `0x${account.toString(16).padStart(64, '0')}`,
      region: edge.region,
      endpoints: edge.endpoints,
      askWeiPerGiB: edge.askWeiPerGiB ?? WEI_PER_BYTE,
      stakeWei: this.parameters.minimumEdgeStakeWei,
    });
    await this.mine(3);
    await drawPosition(sender, sender.address);
    return sender;
  }

  /** Registers an active peer. */
  async registerPeer(
    account: number,
    peer: { region: string; askWeiPerGiB?: bigint; endpoints: readonly string[] },
  ): Promise<TransactionSender> {
    const sender = await this.sender(account);
    await registerNode(sender, {
      role: 'peer',
      libp2pPublicKey: `0x${account.toString(16).padStart(64, '0')}`,
      region: peer.region,
      endpoints: peer.endpoints,
      askWeiPerGiB: peer.askWeiPerGiB ?? WEI_PER_BYTE,
      stakeWei: 0n,
    });
    return sender;
  }

  async mine(blocks: number): Promise<void> {
    await this.provider.send('hardhat_mine', [`0x${blocks.toString(16)}`]);
  }

  /** Moves the time of the chain past the end of the current epoch. */
  async endEpoch(): Promise<void> {
    await this.provider.send('evm_increaseTime', [this.parameters.epochSeconds]);
    await this.mine(1);
  }

  async epoch(): Promise<number> {
    const block = await this.provider.getBlock('latest');
    return Math.floor((block?.timestamp ?? 0) / this.parameters.epochSeconds);
  }

  async close(): Promise<void> {
    this.provider.destroy();
    await this.chain.stop();
  }
}

/** A server that answers `/readyz` as a node does. */
export class ReadinessServer {
  readonly #server: Server;
  ready = true;

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (request, response) => {
      response.writeHead(request.url === '/readyz' && this.ready ? 200 : 503).end();
    });
  }

  static async open(): Promise<ReadinessServer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ReadinessServer(server);
  }

  get endpoint(): string {
    return `/ip4/127.0.0.1/tcp/${(this.#server.address() as AddressInfo).port}/http`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

export async function temporaryDirectory(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'bcdn-marketplace-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Asks until the answer satisfies; the test's own timeout bounds it. */
export async function eventually<T>(ask: () => Promise<T>, satisfies: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (satisfies(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
