import type { Hex } from '../protocol/bytes.ts';
import {
  CONTENT_ORIGIN_TYPE,
  contentOriginDigest,
  requireOriginForm,
  type ContentOrigin,
  type SignedContentOrigin,
} from '../protocol/content-origin.ts';
import type { Domain } from '../protocol/eip712.ts';
import type { Address } from '../protocol/identifiers.ts';
import type { Secp256k1 } from '../protocol/signature.ts';
import { messageToSign, signedByPublisher } from './wallet-words.ts';

/**
 * A ContentOrigin as a wallet is asked to sign it (EIP-712): where another program holds the publisher's key.
 * @throws ProtocolError ORIGIN_INVALID
 */
export function originToSign(domain: Domain, origin: ContentOrigin) {
  requireOriginForm(origin);
  return messageToSign(domain, CONTENT_ORIGIN_TYPE, origin);
}

/**
 * The origin with what the wallet signed, r ‖ s ‖ v or compact.
 * @throws PublishError SIGNER_UNEXPECTED if that is not the publisher's signature; ProtocolError LENGTH_INVALID, HEX_INVALID
 */
export function originSignedBy(
  { domain, publisher, secp256k1 }: { domain: Domain; publisher: Address; secp256k1: Secp256k1 },
  origin: ContentOrigin,
  walletSignature: Hex,
): SignedContentOrigin {
  const digest = contentOriginDigest(domain, origin);
  return { origin, signature: signedByPublisher({ publisher, digest, secp256k1 }, walletSignature) };
}
