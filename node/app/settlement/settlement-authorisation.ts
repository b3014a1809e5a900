import { settlementRequestDigest } from '../../../sdk/protocol/authorisation.ts';
import { base64UrlEncode } from '../../../sdk/protocol/bytes.ts';
import type { Domain } from '../../../sdk/protocol/eip712.ts';
import type { Address, DealId } from '../../../sdk/protocol/identifiers.ts';
import type { Secp256k1 } from '../../../sdk/protocol/signature.ts';

/** A signed request to settle is good for so long: a page is answered within half a minute, and clocks differ. */
const AUTHORISATION_SECONDS = 300;

/** With what a node signs that it asks for itself. */
export interface SettlementSigning {
  readonly secp256k1: Secp256k1;
  readonly domain: Domain;
  /** Of the wall, as the coordinator's. */
  readonly clock: { nowMs(): number };
  /** 32 bytes: of the node's operator key. */
  readonly privateKey: Uint8Array;
}

/** What a node adds to a page that it settles (marketplace/coordinator/SPEC.md, settlement). */
export function settlementAuthorisation(
  { secp256k1, domain, clock, privateKey }: SettlementSigning,
  request: { readonly dealId: DealId; readonly node: Address },
): { readonly expiresAt: number; readonly signature: string } {
  const expiresAt = Math.floor(clock.nowMs() / 1000) + AUTHORISATION_SECONDS;
  const digest = settlementRequestDigest(domain, { ...request, expiresAt: BigInt(expiresAt) });
  return { expiresAt, signature: base64UrlEncode(secp256k1.sign(digest, privateKey)) };
}
