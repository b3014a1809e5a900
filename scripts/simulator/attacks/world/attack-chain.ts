import { HDNodeWallet, JsonRpcProvider, Mnemonic, Wallet } from 'ethers';
import type { JsonRpcServer } from 'hardhat/types/network';

import { openProvider } from '../../../../sdk/chain/provider.ts';
import type { Deployment } from '../../../../sdk/chain/deployment.ts';
import { deployBcdn } from '../../../deploy/deploy.ts';
import { openHardhatNetwork } from '../../../deploy/hardhat-environment.ts';
import { DEPLOY_PARAMETERS, type DeployParameters } from '../../../deploy/parameters.ts';
import { SimulatorError } from '../../simulator-error.ts';

const LOOPBACK = '127.0.0.1';
const CHAIN_ID = 31_337n;
/** The chain's well-known development phrase: worthless on any other chain. */
const MNEMONIC = 'test test test test test test test test test test test junk';
/** First second of an epoch of a day. */
const START = '2030-01-01T00:00:00Z';
const POLLING_INTERVAL_MS = 20;
/** Blocks that are mined one by one. More at once only reserve their numbers, and an index cannot follow their hashes. */
const MAX_SINGLE_BLOCKS = 64;

/** Chain, contracts and time as they are at a moment. */
export interface ChainMoment {
  readonly snapshot: string;
  readonly timeSeconds: number;
}

/**
 * A real chain (Hardhat) on a free port of this process, with the contracts of production. Each transaction is a block
 * one second after the last, and time moves only so or by `travelTo`, so equal runs give equal blocks.
 */
export class AttackChain {
  readonly url: string;
  readonly provider: JsonRpcProvider;
  readonly parameters: DeployParameters;
  readonly #server: JsonRpcServer;
  #timeSeconds = Date.parse(START) / 1000;
  #deployment: Deployment | undefined;

  private constructor(server: JsonRpcServer, url: string) {
    this.#server = server;
    this.url = url;
    this.parameters = DEPLOY_PARAMETERS.production;
    this.provider = openProvider({ url, chainId: CHAIN_ID });
    this.#spaceBlocks(this.provider);
  }

  static async start(): Promise<AttackChain> {
    const hre = await openHardhatNetwork();
    const network = { network: 'default', override: { initialDate: START } };
    const server = await hre.network.createServer(network, LOOPBACK, 0);
    const { address, port } = await server.listen();
    const chain = new AttackChain(server, `http://${address}:${port}`);
    chain.#deployment = await chain.deploy();
    return chain;
  }

  get deployment(): Deployment {
    if (this.#deployment === undefined) {
      throw new SimulatorError('CHAIN_FAILED', 'The contracts are not deployed yet.');
    }
    return this.#deployment;
  }

  get timeSeconds(): number {
    return this.#timeSeconds;
  }

  /** Deploys the contracts once more beside those that are there. */
  async deploy(): Promise<Deployment> {
    const provider = new JsonRpcProvider(this.url, CHAIN_ID, { staticNetwork: true, cacheTimeout: -1 });
    provider.pollingInterval = POLLING_INTERVAL_MS;
    this.#spaceBlocks(provider);
    try {
      return await deployBcdn(new Wallet(this.privateKeyOf(0), provider), this.parameters);
    } finally {
      provider.destroy();
    }
  }

  /** Key of one of the accounts that hold ether; account 0 deploys and holds all tokens. */
  privateKeyOf(account: number): string {
    return HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(MNEMONIC), `m/44'/60'/0'/0/${account}`).privateKey;
  }

  /** Empty blocks, a second apart. */
  async mine(blocks: number): Promise<void> {
    if (blocks <= MAX_SINGLE_BLOCKS) {
      for (let block = 0; block < blocks; block++) {
        await this.#nextSecond(this.provider);
        await this.provider.send('evm_mine', []);
      }
      return;
    }
    await this.#nextSecond(this.provider);
    await this.provider.send('hardhat_mine', [`0x${blocks.toString(16)}`, '0x1']);
    this.#timeSeconds += blocks - 1;
  }

  /** An empty block at a later time, Unix seconds. */
  async travelTo(timeSeconds: number): Promise<void> {
    this.#timeSeconds = timeSeconds - 1;
    await this.mine(1);
  }

  async remember(): Promise<ChainMoment> {
    const snapshot: unknown = await this.provider.send('evm_snapshot', []);
    return { snapshot: String(snapshot), timeSeconds: this.#timeSeconds };
  }

  /** Goes back; a moment is good once. */
  async returnTo(moment: ChainMoment): Promise<void> {
    const reverted: unknown = await this.provider.send('evm_revert', [moment.snapshot]);
    if (reverted !== true) {
      throw new SimulatorError('CHAIN_FAILED', 'The chain did not go back to where the attack began.');
    }
    this.#timeSeconds = moment.timeSeconds;
  }

  async stop(): Promise<void> {
    this.provider.destroy();
    await this.#server.close();
  }

  /** Every block that a transaction makes comes one second after the one before. */
  #spaceBlocks(provider: JsonRpcProvider): void {
    const send = provider.send.bind(provider);
    provider.send = async (method, params): Promise<unknown> => {
      if (method === 'eth_sendRawTransaction') await this.#nextSecond({ send });
      return send(method, params);
    };
  }

  async #nextSecond(provider: Pick<JsonRpcProvider, 'send'>): Promise<void> {
    this.#timeSeconds += 1;
    await provider.send('evm_setNextBlockTimestamp', [`0x${this.#timeSeconds.toString(16)}`]);
  }
}
