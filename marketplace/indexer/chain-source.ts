import type { Hex } from '../../sdk/protocol/bytes.ts';

export interface BlockHeader {
  readonly number: number;
  readonly hash: Hex;
  readonly parentHash: Hex;
  /** Unix seconds. */
  readonly timestampSeconds: number;
}

/** A log as the chain returns it, checked for shape and not yet decoded. */
export interface RawLog {
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly blockNumber: number;
  readonly blockHash: Hex;
  readonly transactionHash: Hex;
  readonly logIndex: number;
}

/**
 * The chain as the indexer needs it. Every call fails with MarketplaceError CHAIN_UNREACHABLE or
 * CHAIN_RESPONSE_INVALID.
 */
export interface ChainSource {
  chainId(signal: AbortSignal): Promise<bigint>;
  /** @returns undefined if the chain has no such block */
  header(block: number | 'latest', signal: AbortSignal): Promise<BlockHeader | undefined>;
  /** Logs of the given contracts in the blocks `fromBlock` to `toBlock`, both included, in the order of the chain. */
  logs(query: LogQuery, signal: AbortSignal): Promise<RawLog[]>;
  /** Result of a read-only call at the latest block. */
  call(to: Hex, data: Hex, signal: AbortSignal): Promise<Hex>;
}

export interface LogQuery {
  readonly addresses: readonly Hex[];
  readonly fromBlock: number;
  readonly toBlock: number;
}
