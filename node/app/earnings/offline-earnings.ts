import { openProvider } from '../../../sdk/chain/provider.ts';
import { parseAddress, type DealId } from '../../../sdk/protocol/identifiers.ts';
import { ChainReader } from '../../adapters/chain/chain-reader.ts';
import { ReceiptJournal } from '../../adapters/disk/receipt-journal.ts';
import { readKeystoreAddress } from '../../adapters/keystore/operator-keystore.ts';
import type { NodeConfig } from '../config/config-file.ts';
import { DataDirLock } from '../config/data-dir-lock.ts';
import type { EarningsDocument } from '../control/documents.ts';
import { SettlementStore } from '../settlement/settlement-store.ts';
import { dealEarnings } from './deal-earnings.ts';
import { encodeEarnings } from './encode-earnings.ts';
import { earningsTable, type EarningsGrouping } from './earnings-table.ts';

/** Earnings of a node that is stopped: from its journal and store, the paid column from the chain if it answers. */
export async function offlineEarnings(config: NodeConfig, by: EarningsGrouping): Promise<EarningsDocument> {
  const { dataDir, deployment, settings } = config;
  const lock = DataDirLock.acquire(dataDir);
  const store = SettlementStore.open(dataDir.settlements);
  const journal = new ReceiptJournal({ path: dataDir.journal });
  const provider = openProvider({ url: settings.rpcUrl, chainId: deployment.chainId });
  try {
    await journal.open();
    const node = parseAddress(await readKeystoreAddress(dataDir.keystore));
    const chain = await readPaid(new ChainReader({ provider, deployment }), node, store).catch(
      () => undefined,
    );
    const deals = dealEarnings({ journal, store, paidWei: (dealId) => chain?.paid.get(dealId) });
    const epochSeconds = chain?.epochSeconds ?? store.terms()?.epochSeconds ?? 1;
    return encodeEarnings(
      earningsTable(deals, by, epochSeconds),
      by,
      chain === undefined ? 'last-known' : 'chain',
    );
  } finally {
    provider.destroy();
    await journal.close();
    store.close();
    lock.release();
  }
}

async function readPaid(
  reader: ChainReader,
  node: ReturnType<typeof parseAddress>,
  store: SettlementStore,
): Promise<{ paid: Map<DealId, bigint>; epochSeconds: number }> {
  const { epochSeconds } = await reader.terms();
  const paid = new Map<DealId, bigint>();
  for (const { dealId } of store.deals()) {
    const allocation = await reader.allocation(dealId, node);
    if (allocation !== undefined) paid.set(dealId, allocation.paidWei);
  }
  return { paid, epochSeconds };
}
