import type { Clock } from '../pacing/clock.ts';
import type { MarketplaceApi } from '../client/marketplace-api.ts';
import { domainOf } from '../chain/deployment.ts';
import type { TransactionSender } from '../chain/transactions.ts';
import { hexToBytes } from '../protocol/bytes.ts';
import type { Address, DealId } from '../protocol/identifiers.ts';
import { signAudience } from './audience.ts';
import { tellOfDeal } from './tell-of-deal.ts';

/** A deal that was just opened, and who is to sign the admissions of its viewers. */
export interface NewDeal {
  readonly dealId: DealId;
  /** The publisher's account. */
  readonly sender: TransactionSender;
  readonly audienceKey: Address;
}

/**
 * Has the coordinator take the audience of a deal that was just opened, as soon as it has heard of the deal.
 * @throws PublishError AUDIENCE_REFUSED (values: dealId, the coordinator's code); the signal's reason
 */
export async function nameAudience(
  { api, clock }: { readonly api: MarketplaceApi; readonly clock: Clock },
  { dealId, sender, audienceKey }: NewDeal,
  signal: AbortSignal | undefined,
): Promise<void> {
  const issuedAt = Math.floor(clock.nowMs() / 1000);
  const signer = {
    domain: domainOf(sender.deployment),
    privateKey: hexToBytes(sender.wallet.privateKey, 32),
  };
  const message = signAudience(signer, { dealId, audienceKey, issuedAt });
  const say = async () => api.declareAudience(message, signal);
  await tellOfDeal(clock, { dealId, what: 'audience', say }, signal);
}
