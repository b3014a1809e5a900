import {
  contentOriginDigest,
  requireOriginForm,
  type ContentOrigin,
  type SignedContentOrigin,
} from '../protocol/content-origin.ts';
import { nativeSecp256k1 } from '../signing/native-secp256k1.ts';
import type { AudienceSigner } from './audience.ts';

/**
 * Signs where nodes can have the content of a deal, to be given to `MarketplaceApi.declareOrigin`.
 * @param publisher the key that opened the deal
 * @throws ProtocolError ORIGIN_INVALID
 */
export function signContentOrigin(
  { domain, privateKey, secp256k1 = nativeSecp256k1 }: AudienceSigner,
  origin: ContentOrigin,
): SignedContentOrigin {
  requireOriginForm(origin);
  return { origin, signature: secp256k1.sign(contentOriginDigest(domain, origin), privateKey) };
}
