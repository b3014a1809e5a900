import type { JsonRpcProvider } from 'ethers';

import type { Hex } from '../protocol/bytes.ts';
import type { Address, DealId } from '../protocol/identifiers.ts';
import { marketInterface } from './contracts.ts';
import type { Deployment } from './deployment.ts';
import { fromChain } from './reverts.ts';

/** Blocks that nodes of the chain let one question for logs span. */
const BLOCKS_PER_QUESTION = 10_000;

/** Which top-up is looked for. */
export interface TopUpSought {
  readonly dealId: DealId;
  readonly amountWei: bigint;
  /** Whose tokens it took. */
  readonly from: Address;
  /** It is in a later block than this. */
  readonly afterBlock: number;
}

/** The transaction that made a top-up, undefined if the chain has none. @throws ChainError CHAIN_UNREACHABLE */
export async function findTopUp(
  provider: JsonRpcProvider,
  { market }: Deployment,
  { dealId, amountWei, from, afterBlock }: TopUpSought,
): Promise<Hex | undefined> {
  const topics = marketInterface.encodeFilterTopics('ToppedUp', [dealId, from]);
  const head = await fromChain(provider.getBlockNumber());
  for (let fromBlock = afterBlock + 1; fromBlock <= head; fromBlock += BLOCKS_PER_QUESTION) {
    const toBlock = Math.min(head, fromBlock + BLOCKS_PER_QUESTION - 1);
    const logs = await fromChain(provider.getLogs({ address: market, topics, fromBlock, toBlock }));
    const found = logs.find((log) => marketInterface.parseLog(log)?.args['amountWei'] === amountWei);
    if (found !== undefined) return found.transactionHash as Hex;
  }
  return undefined;
}
