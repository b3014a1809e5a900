import type { Ed25519PrivateKey } from '@libp2p/interface';
import type { JsonRpcProvider } from 'ethers';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { openProvider } from '../../sdk/chain/provider.ts';
import type { TransactionSender } from '../../sdk/chain/transactions.ts';
import { parseAddress, type Address } from '../../sdk/protocol/identifiers.ts';
import { CachedDealDirectory } from '../adapters/chain/cached-deal-directory.ts';
import { ChainClock } from '../adapters/chain/chain-clock.ts';
import { ChainReader } from '../adapters/chain/chain-reader.ts';
import { RegistrySnapshot } from '../adapters/chain/registry-snapshot.ts';
import { systemClock, type Clock } from '../adapters/clock/system-clock.ts';
import { BoundedLog } from '../adapters/disk/bounded-log.ts';
import { BlockStore } from '../adapters/disk/block-store.ts';
import { ReceiptJournal } from '../adapters/disk/receipt-journal.ts';
import type { OperatorKey } from '../adapters/keystore/operator-keystore.ts';
import { systemRandomness, type Randomness } from '../adapters/randomness/system-randomness.ts';
import type { BlockReader } from '../core/storage/block-ports.ts';
import type { NodeConfig } from './config/config-file.ts';
import { DataDirLock } from './config/data-dir-lock.ts';
import { hotBytesOf } from './config/memory-share.ts';
import { DrainMark } from './draining/drain-mark.ts';
import { createLog } from './node-log.ts';
import { senderOf } from './operator-account/chain-account.ts';
import { TrafficMeter } from './traffic/traffic-meter.ts';
import { SettlementStore } from './settlement/settlement-store.ts';

/** The keys of a node, opened. */
export interface NodeKeys {
  readonly operator: OperatorKey;
  readonly libp2p: Ed25519PrivateKey;
}

/** Doors for tests and for the development network. */
export interface NodeOverrides {
  /** Changes what is served, for a node that is to misbehave. */
  readonly decorateBlocks?: (reader: BlockReader) => BlockReader;
  readonly clock?: Clock;
  readonly randomness?: Randomness;
  readonly log?: Logger;
}

/** What every part of a node stands on: configuration, keys, files, chain. Opened first, closed last. */
export interface Foundation {
  readonly config: NodeConfig;
  readonly keys: NodeKeys;
  readonly node: Address;
  readonly clock: Clock;
  /** Counts epochs. */
  readonly chainClock: ChainClock;
  readonly randomness: Randomness;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly provider: JsonRpcProvider;
  readonly reader: ChainReader;
  readonly registry: RegistrySnapshot;
  readonly directory: CachedDealDirectory;
  readonly sender: TransactionSender;
  readonly blocks: BlockStore;
  readonly journal: ReceiptJournal;
  readonly store: SettlementStore;
  /** Whether the operator drains the node. */
  readonly drain: DrainMark;
  /** Undefined without a monthly cap. */
  readonly traffic: TrafficMeter | undefined;
  close(): Promise<void>;
}

/**
 * Takes the data directory and opens what lies in it. The chain is not asked yet.
 *
 * @throws NodeError DATA_DIR_IN_USE; StorageError for damaged files, with what to do
 */
export async function openFoundation(
  config: NodeConfig,
  keys: NodeKeys,
  overrides: NodeOverrides,
): Promise<Foundation> {
  const { dataDir, deployment, settings } = config;
  const clock = overrides.clock ?? systemClock;
  const lock = DataDirLock.acquire(dataDir);
  const logFile = new BoundedLog({ path: dataDir.log, previous: dataDir.previousLog });
  const log = overrides.log ?? createLog(settings.logLevel, logFile);
  const blocks = new BlockStore({
    directory: dataDir.content,
    quotaBytes: settings.disk,
    hotBytes: hotBytesOf(settings),
  });
  const journal = new ReceiptJournal({ path: dataDir.journal });
  const provider = openProvider({ url: settings.rpcUrl, chainId: deployment.chainId });
  let store: SettlementStore | undefined;
  let drain: DrainMark;
  let traffic: TrafficMeter | undefined;
  const close = async (): Promise<void> => {
    provider.destroy();
    await traffic?.close();
    await journal.close();
    await blocks.close();
    store?.close();
    logFile.close();
    lock.release();
  };
  try {
    store = SettlementStore.open(dataDir.settlements);
    drain = await DrainMark.open(dataDir.drain);
    const { monthlyCap: capBytes } = settings;
    if (capBytes !== undefined) traffic = await TrafficMeter.open({ path: dataDir.traffic, capBytes, clock });
    const recovery = await journal.open();
    const stored = await blocks.open();
    log.info({ ...recovery, blocks: stored.blocks }, 'Receipts and blocks recovered');
  } catch (error) {
    await close();
    throw error;
  }
  const node = parseAddress(keys.operator.address);
  const reader = new ChainReader({ provider, deployment });
  return {
    config,
    keys,
    node,
    clock,
    chainClock: new ChainClock({ clock }, { chainId: deployment.chainId }),
    randomness: overrides.randomness ?? systemRandomness,
    log,
    metrics: new Registry(),
    provider,
    reader,
    registry: new RegistrySnapshot({ reader }),
    directory: new CachedDealDirectory({ reader }, { node }),
    sender: senderOf(config, provider, keys.operator),
    blocks,
    journal,
    store,
    drain,
    traffic,
    close,
  };
}
