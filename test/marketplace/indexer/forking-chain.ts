import { keccak256, toUtf8Bytes } from 'ethers';

import { claimsInterface, marketInterface, registryInterface } from '../../../sdk/chain/contracts.ts';
import type { Deployment } from '../../../sdk/chain/deployment.ts';
import type { Hex } from '../../../sdk/protocol/bytes.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { MarketplaceError } from '../../../marketplace/errors.ts';
import type {
  BlockHeader,
  ChainSource,
  LogQuery,
  RawLog,
} from '../../../marketplace/indexer/chain-source.ts';

export const DEPLOYMENT: Deployment = {
  chainId: 5n,
  token: parseAddress(`0x${'01'.repeat(20)}`),
  registry: parseAddress(`0x${'02'.repeat(20)}`),
  market: parseAddress(`0x${'03'.repeat(20)}`),
  deployedAtBlock: 1,
};

/** An event as a test states it: arguments in the order of the contract. */
export interface PlannedEvent {
  readonly contract: 'registry' | 'market';
  readonly name: string;
  readonly args: readonly unknown[];
}

interface Block extends BlockHeader {
  readonly logs: readonly RawLog[];
}

/** A chain in memory that forks at will and can be made to fall silent. */
export class ForkingChain implements ChainSource {
  #blocks: Block[] = [];
  #fork = 0;
  reachable = true;
  /** Runs between the questions of one step, e.g. to fork in the middle. */
  betweenQuestions: (() => void) | undefined;

  constructor(name = 'chain') {
    this.#add([], name);
  }

  get height(): number {
    return this.#blocks.length - 1;
  }

  add(events: readonly PlannedEvent[] = []): void {
    this.#add(events, `${this.#fork}`);
  }

  /** Adds a block that names another one as its parent, as a development chain that mines many at once does. */
  addUnchained(events: readonly PlannedEvent[] = []): void {
    this.#add(events, `${this.#fork}`, keccak256(toUtf8Bytes('nobody')) as Hex);
  }

  /** Drops blocks from the end; what is added then has other hashes. */
  forkFrom(height: number): void {
    this.#blocks = this.#blocks.slice(0, height + 1);
    this.#fork += 1;
  }

  async chainId(): Promise<bigint> {
    this.#answer();
    return DEPLOYMENT.chainId;
  }

  async header(block: number | 'latest'): Promise<BlockHeader | undefined> {
    this.#answer();
    return block === 'latest' ? this.#blocks.at(-1) : this.#blocks[block];
  }

  async logs({ addresses, fromBlock, toBlock }: LogQuery): Promise<RawLog[]> {
    this.#answer();
    const logs = this.#blocks.slice(fromBlock, toBlock + 1).flatMap((block) => block.logs);
    this.betweenQuestions?.();
    return logs.filter(({ address }) => addresses.includes(address));
  }

  async call(_to: Hex, data: Hex): Promise<Hex> {
    this.#answer();
    if (data === marketInterface.encodeFunctionData('terms')) {
      const { token, registry } = DEPLOYMENT;
      const terms = { token, registry, epochSeconds: 10, claimWindowEpochs: 1, thawEpochs: 2 };
      const claims = {
        claimSamples: 16,
        saltWindowBlocks: 1,
        openingWindowBlocks: 64,
        claimBondFloorWei: 1n,
      };
      const encoded = [{ ...terms, ...claims, protocolFeeBps: 100, feeRecipient: token }];
      return marketInterface.encodeFunctionResult('terms', encoded) as Hex;
    }
    return registryInterface.encodeFunctionResult('minimumEdgeStakeWei', [100n]) as Hex;
  }

  #answer(): void {
    if (!this.reachable)
      throw new MarketplaceError('CHAIN_UNREACHABLE', 'The chain is silent.', { url: 'memory' });
  }

  #add(events: readonly PlannedEvent[], salt: string, namedParent?: Hex): void {
    const number = this.#blocks.length;
    const parent = this.#blocks.at(-1)?.hash ?? `0x${'00'.repeat(32)}`;
    const hash = keccak256(toUtf8Bytes(`${parent} ${number} ${salt}`)) as Hex;
    const logs = events.map((event, logIndex): RawLog => {
      const market = marketInterface.hasEvent(event.name) ? marketInterface : claimsInterface;
      const face = event.contract === 'registry' ? registryInterface : market;
      const { topics, data } = face.encodeEventLog(event.name, [...event.args]);
      return {
        address: DEPLOYMENT[event.contract],
        topics: topics as Hex[],
        data: data as Hex,
        blockNumber: number,
        blockHash: hash,
        transactionHash: hash,
        logIndex,
      };
    });
    this.#blocks.push({
      number,
      hash,
      parentHash: namedParent ?? parent,
      timestampSeconds: 1_000 + number,
      logs,
    });
  }
}
