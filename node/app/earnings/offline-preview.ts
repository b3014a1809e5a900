import { readClaimTerms } from '../../../sdk/chain/claims.ts';
import { openProvider } from '../../../sdk/chain/provider.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { CachedDealDirectory } from '../../adapters/chain/cached-deal-directory.ts';
import { ChainReader } from '../../adapters/chain/chain-reader.ts';
import { ReceiptJournal } from '../../adapters/disk/receipt-journal.ts';
import { readKeystoreAddress } from '../../adapters/keystore/operator-keystore.ts';
import { planSettlement } from '../../core/settlement/settlement-plan.ts';
import type { NodeConfig } from '../config/config-file.ts';
import { DataDirLock } from '../config/data-dir-lock.ts';
import type { SettlePreviewDocument } from '../control/documents.ts';
import { dealAccounts } from '../settlement/deal-accounts.ts';
import { SettlementStore } from '../settlement/settlement-store.ts';
import { settlePreview } from './settle-preview.ts';

const NATIVE_WEI = 10n ** 18n;

/**
 * What a node that is stopped would settle: from its journal and store, with the chain's figures of now. The coordinator is
 * not asked, so what viewers left there is not in it.
 *
 * @throws ChainError CHAIN_UNREACHABLE: a plan without balances would be a guess
 */
export async function offlinePreview(config: NodeConfig): Promise<SettlePreviewDocument> {
  const { dataDir, deployment, settings } = config;
  const lock = DataDirLock.acquire(dataDir);
  const store = SettlementStore.open(dataDir.settlements);
  const journal = new ReceiptJournal({ path: dataDir.journal });
  const provider = openProvider({ url: settings.rpcUrl, chainId: deployment.chainId });
  try {
    await journal.open();
    const node = parseAddress(await readKeystoreAddress(dataDir.keystore));
    const reader = new ChainReader({ provider, deployment });
    const directory = new CachedDealDirectory({ reader }, { node });
    for (const { dealId } of store.deals()) await directory.refresh(dealId);
    const { epochSeconds } = await reader.terms();
    const head = await reader.head();
    const gasPriceWei = await reader.gasPriceWei();
    const figures = {
      epochSeconds,
      nowMs: Math.max(Date.now(), (head?.timestampSeconds ?? 0) * 1000),
      gasPriceWei,
      bondableWei: await reader.tokenBalanceWei(node),
      claimTerms: await readClaimTerms(provider, deployment),
      policy: {
        minimumDueWei: settings.settleMinimumWei,
        directClaimAfterEpochs: settings.directClaimAfterEpochs,
        maxGasPriceWei: settings.maxGasPriceWei,
        sampledClaimFromReceipts: settings.sampledClaimFromReceipts,
        tokenWeiPerGas: (gasPriceWei * settings.gasTokenWei) / NATIVE_WEI,
      },
    };
    const plan = (requested: boolean) => {
      const mayKnowMore = () => requested;
      const deals = dealAccounts({ journal, directory, store, node }, { epochSeconds, mayKnowMore });
      return planSettlement({ ...figures, requested, deals });
    };
    const { gasTokenWei } = settings;
    return settlePreview({ requested: plan(true), automatic: plan(false), gasPriceWei, gasTokenWei });
  } finally {
    provider.destroy();
    await journal.close();
    store.close();
    lock.release();
  }
}
