import { openProvider } from '../../../sdk/chain/provider.ts';
import { parseAddress, type DealId } from '../../../sdk/protocol/identifiers.ts';
import { ChainReader } from '../../adapters/chain/chain-reader.ts';
import { ReceiptJournal } from '../../adapters/disk/receipt-journal.ts';
import { readKeystoreAddress } from '../../adapters/keystore/operator-keystore.ts';
import { lastRipeEpoch } from '../../core/settlement/settlement-plan.ts';
import type { NodeConfig } from '../config/config-file.ts';
import { DataDirLock } from '../config/data-dir-lock.ts';
import type { EarningsDocument } from '../control/documents.ts';
import { PeerStore } from '../peers/peer-store.ts';
import { SettlementStore } from '../settlement/settlement-store.ts';
import { openClaims } from './claim-deadline.ts';
import type { AllocationFigures } from './deal-money.ts';
import type { EarningsGrouping } from './earnings-table.ts';
import { encodeEarnings } from './encode-earnings.ts';
import { nodeEarnings } from './node-earnings.ts';
import { blockPace } from './running-earnings.ts';

/** Earnings of a node that is stopped: from its journal and store, what was paid from the chain if it answers. */
export async function offlineEarnings(config: NodeConfig, by: EarningsGrouping): Promise<EarningsDocument> {
  const { dataDir, deployment, settings } = config;
  const lock = DataDirLock.acquire(dataDir);
  const store = SettlementStore.open(dataDir.settlements);
  const journal = new ReceiptJournal({ path: dataDir.journal });
  const peerStore = settings.role === 'peer' ? PeerStore.open(dataDir.peerAccounts) : undefined;
  const provider = openProvider({ url: settings.rpcUrl, chainId: deployment.chainId });
  try {
    await journal.open();
    const node = parseAddress(await readKeystoreAddress(dataDir.keystore));
    const reader = new ChainReader({ provider, deployment });
    const chain = await readChain(reader, node, store).catch(() => undefined);
    const epochSeconds = chain?.epochSeconds ?? store.terms()?.epochSeconds;
    const earnings = nodeEarnings({
      journal,
      store,
      peerStore,
      allocation: (dealId) => chain?.allocations.get(dealId),
      ripeEpoch:
        epochSeconds === undefined ? undefined : lastRipeEpoch(chain?.nowMs ?? Date.now(), epochSeconds),
    });
    return encodeEarnings(earnings, {
      by,
      paidFrom: chain === undefined ? 'last-known' : 'chain',
      epochSeconds: epochSeconds ?? 1,
      gasTokenWei: settings.gasTokenWei,
      openClaims: openClaims(
        earnings.claims,
        chain === undefined ? undefined : await blockPace(reader, earnings.claims),
      ),
    });
  } finally {
    provider.destroy();
    await journal.close();
    peerStore?.close();
    store.close();
    lock.release();
  }
}

/** What the chain says now. */
interface ChainFigures {
  readonly allocations: ReadonlyMap<DealId, AllocationFigures>;
  readonly epochSeconds: number;
  /** Time of the newest block: epochs are counted by it. */
  readonly nowMs: number | undefined;
}

async function readChain(
  reader: ChainReader,
  node: ReturnType<typeof parseAddress>,
  store: SettlementStore,
): Promise<ChainFigures> {
  const { epochSeconds } = await reader.terms();
  const head = await reader.head();
  const allocations = new Map<DealId, AllocationFigures>();
  for (const { dealId } of store.deals()) {
    const allocation = await reader.allocation(dealId, node);
    if (allocation !== undefined) allocations.set(dealId, allocation);
  }
  return { allocations, epochSeconds, nowMs: head === undefined ? undefined : head.timestampSeconds * 1000 };
}
