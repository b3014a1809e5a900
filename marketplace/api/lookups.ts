import type { DealId } from '../../sdk/protocol/identifiers.ts';
import { readChainIdentity, type ChainIdentity } from '../database/chain-index.ts';
import type { Sql } from '../database/database.ts';
import { findDeal, type DealRecord } from '../database/deal-records.ts';
import { MarketplaceError } from '../errors.ts';

/** @throws MarketplaceError DEAL_NOT_FOUND */
export async function requireDeal(sql: Sql, dealId: DealId): Promise<DealRecord> {
  const deal = await findDeal(sql, dealId);
  if (deal !== undefined) return deal;
  throw new MarketplaceError('DEAL_NOT_FOUND', 'The index has no such deal.', { dealId });
}

/** Which chain the index is of. @throws MarketplaceError NOT_INDEXED_YET */
export async function requireIdentity(sql: Sql): Promise<ChainIdentity> {
  const identity = await readChainIdentity(sql);
  if (identity !== undefined) return identity;
  throw new MarketplaceError('NOT_INDEXED_YET', 'The marketplace has not heard from the chain yet.');
}
