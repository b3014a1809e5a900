import type { Domain } from '../../sdk/protocol/eip712.ts';
import { grantDigest, type SignedGrant } from '../../sdk/protocol/grant.ts';
import { receiptDigest, type SignedReceipt } from '../../sdk/protocol/receipt.ts';
import { signerOf, type Secp256k1 } from '../../sdk/protocol/signature.ts';
import type { DealRecord } from '../database/deal-records.ts';
import type { MarketplaceErrorCode } from '../errors.ts';

interface CheckComponents {
  readonly domain: Domain;
  readonly secp256k1: Secp256k1;
}

/** Why a receipt is not paid for, or undefined if it is good. */
export function receiptFault(
  { domain, secp256k1 }: CheckComponents,
  signedGrant: SignedGrant,
  signedReceipt: SignedReceipt,
): MarketplaceErrorCode | undefined {
  const { receipt, signature } = signedReceipt;
  if (receipt.bytesCumulative > signedGrant.grant.capBytes) return 'RECEIPT_OVER_CAP';
  const signer = signerOf(secp256k1, receiptDigest(domain, receipt), signature);
  return signer === signedGrant.grant.viewerKey ? undefined : 'RECEIPT_SIGNATURE_INVALID';
}

/** Why a grant is not of this deal's keys, or undefined if it is (PAYMENT.md, rotation). */
export function grantFault(
  { domain, secp256k1 }: CheckComponents,
  signedGrant: SignedGrant,
  deal: DealRecord,
): MarketplaceErrorCode | undefined {
  const signer = signerOf(secp256k1, grantDigest(domain, signedGrant.grant), signedGrant.signature);
  const isPrevious = signer === deal.previousGrantKey && signedGrant.grant.epoch <= deal.keyLastEpoch;
  return signer !== undefined && (signer === deal.grantKey || isPrevious)
    ? undefined
    : 'GRANT_SIGNATURE_INVALID';
}
