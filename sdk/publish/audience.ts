import type { GivenAdmission } from '../client/given-admission.ts';
import type { AudienceMessage } from '../client/marketplace-api.ts';
import { admissionDigest, audienceDigest, OPEN_AUDIENCE } from '../protocol/authorisation.ts';
import { base64UrlEncode } from '../protocol/bytes.ts';
import type { Domain } from '../protocol/eip712.ts';
import type { Address, DealId } from '../protocol/identifiers.ts';
import type { Secp256k1 } from '../protocol/signature.ts';
import { nativeSecp256k1 } from '../signing/native-secp256k1.ts';

/** Who signs, for which deployment. */
export interface AudienceSigner {
  readonly domain: Domain;
  /** 32 bytes. */
  readonly privateKey: Uint8Array;
  /** @default the native implementation */
  readonly secp256k1?: Secp256k1;
}

/**
 * The publisher's word whom its deal is for, to be given to `MarketplaceApi.declareAudience`. Say it after opening the deal
 * and before allocating to nodes: what is granted before stays granted.
 * @param publisher the key that opened the deal
 * @param audience.audienceKey signs admissions @default nobody's: the deal is open to everybody
 * @param audience.issuedAt Unix seconds of now, later than of any message before
 */
export function signAudience(
  { domain, privateKey, secp256k1 = nativeSecp256k1 }: AudienceSigner,
  audience: { readonly dealId: DealId; readonly audienceKey?: Address; readonly issuedAt: number },
): AudienceMessage {
  const { dealId, audienceKey = OPEN_AUDIENCE, issuedAt } = audience;
  const digest = audienceDigest(domain, { dealId, audienceKey, issuedAt: BigInt(issuedAt) });
  return { dealId, audienceKey, issuedAt, signature: base64UrlEncode(secp256k1.sign(digest, privateKey)) };
}

/**
 * What a publisher's log-in service gives to a viewer that it knows: leave to be granted something of the deal. How many
 * viewer keys it admits for one person is what bounds what that person can have granted.
 * @param door the audience key
 * @param viewer.expiresAt Unix seconds, at most `MAX_ADMISSION_SECONDS` ahead
 */
export function signAdmission(
  { domain, privateKey, secp256k1 = nativeSecp256k1 }: AudienceSigner,
  viewer: { readonly dealId: DealId; readonly viewerKey: Address; readonly expiresAt: number },
): GivenAdmission {
  const { dealId, viewerKey, expiresAt } = viewer;
  const digest = admissionDigest(domain, { dealId, viewerKey, expiresAt: BigInt(expiresAt) });
  return { dealId, expiresAt, signature: base64UrlEncode(secp256k1.sign(digest, privateKey)) };
}
