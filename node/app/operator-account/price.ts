import { updateAsk } from '../../../sdk/chain/nodes.ts';
import { writeSetting, type NodeConfig } from '../config/config-file.ts';
import type { PriceDocument } from '../control/account-documents.ts';
import { reportOf } from '../node-error.ts';
import type { ChainAccount } from './chain-account.ts';
import { marketAsks } from './market-asks.ts';

/** The price that the node asks, on chain and in its configuration, beside what others ask. @throws ChainError */
export async function priceStanding(
  { reader, node }: Pick<ChainAccount, 'reader' | 'node'>,
  config: NodeConfig,
  transactions: readonly string[] = [],
): Promise<PriceDocument> {
  const record = await reader.node(node);
  const market = await readMarket(config.settings.marketplaceUrl);
  return {
    operator: node,
    registered: record !== undefined,
    askWeiPerGib: record?.askWeiPerGiB.toString() ?? null,
    market: market.asks,
    marketReason: market.reason,
    transactions: [...transactions],
  };
}

/**
 * Asks another price from now on: on chain if the node is registered, and in the configuration file, so that the next start
 * does not undo it. Deals that are open keep their rates.
 *
 * @throws ChainError
 */
export async function changePrice(
  account: ChainAccount,
  config: NodeConfig,
  change: { readonly askWeiPerGib: bigint; readonly signal?: AbortSignal | undefined },
): Promise<PriceDocument> {
  const { askWeiPerGib, signal } = change;
  const record = await account.reader.node(account.node);
  const transactions: string[] = [];
  if (record !== undefined && record.askWeiPerGiB !== askWeiPerGib) {
    transactions.push((await updateAsk(account.sender, askWeiPerGib, signal)).hash);
  }
  await writeSetting(config.dataDir, 'askWeiPerGib', askWeiPerGib.toString());
  return priceStanding(account, config, transactions);
}

/** What others ask; without a marketplace the reason why it is not known. */
async function readMarket(
  marketplaceUrl: string,
): Promise<{ asks: PriceDocument['market']; reason: string | null }> {
  try {
    return { asks: await marketAsks(marketplaceUrl), reason: null };
  } catch (error) {
    return { asks: null, reason: reportOf(error).message };
  }
}
