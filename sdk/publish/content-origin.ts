import type { TransactionSender } from '../chain/transactions.ts';
import { domainOf } from '../chain/deployment.ts';
import { hexToBytes } from '../protocol/bytes.ts';
import {
  contentOriginDigest,
  requireOriginForm,
  type ContentOrigin,
  type SignedContentOrigin,
} from '../protocol/content-origin.ts';

/**
 * Signs where nodes can have the content of a deal, to be given to `MarketplaceApi.declareOrigin`.
 * @param sender the account that opened the deal
 * @throws ProtocolError ORIGIN_INVALID
 */
export function signContentOrigin(sender: TransactionSender, origin: ContentOrigin): SignedContentOrigin {
  requireOriginForm(origin);
  const digest = contentOriginDigest(domainOf(sender.deployment), origin);
  return { origin, signature: hexToBytes(sender.wallet.signingKey.sign(digest).compactSerialized, 64) };
}
