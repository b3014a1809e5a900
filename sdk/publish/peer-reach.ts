import { base64UrlEncode } from '../protocol/bytes.ts';
import type { Domain } from '../protocol/eip712.ts';
import type { DealId } from '../protocol/identifiers.ts';
import { peerReachDigest } from '../protocol/network-domain.ts';
import type { PeerReachMessage } from '../client/marketplace-api.ts';
import { nativeSecp256k1 } from '../signing/native-secp256k1.ts';

/**
 * Signs a publisher's word whether peers of its deal serve viewers of other domains directly.
 *
 * @param signer.privateKey of the account that opened the deal, 32 bytes
 * @param reach.issuedAt Unix seconds, later than in any message before
 * @example
 * await api.declarePeerReach(signPeerReach({ domain, privateKey }, { dealId, everywhere: true, issuedAt }));
 */
export function signPeerReach(
  signer: { readonly domain: Domain; readonly privateKey: Uint8Array },
  reach: { readonly dealId: DealId; readonly everywhere: boolean; readonly issuedAt: number },
): PeerReachMessage {
  const digest = peerReachDigest(signer.domain, { ...reach, issuedAt: BigInt(reach.issuedAt) });
  return { ...reach, signature: base64UrlEncode(nativeSecp256k1.sign(digest, signer.privateKey)) };
}
