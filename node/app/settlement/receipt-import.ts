import type { Domain } from '../../../sdk/protocol/eip712.ts';
import { grantDigest, grantHashOf } from '../../../sdk/protocol/grant.ts';
import type { Address, Epoch } from '../../../sdk/protocol/identifiers.ts';
import { receiptDigest, type ReceiptWithGrant } from '../../../sdk/protocol/receipt.ts';
import type { Secp256k1 } from '../../../sdk/protocol/signature.ts';
import type { DealView } from '../../core/delivery/deal-directory.ts';
import { NodeError } from '../node-error.ts';

/** What imported receipts must belong to. */
export interface ImportRules {
  readonly domain: Domain;
  readonly node: Address;
  readonly deal: DealView;
  readonly throughEpoch: Epoch;
  /** Spans that a direct claim has settled, above the first epoch up to the second: nothing more is paid for them. */
  readonly claimed: readonly { readonly afterEpoch: Epoch; readonly toEpoch: Epoch }[];
  readonly secp256k1: Secp256k1;
}

/**
 * Checks a receipt that the coordinator handed over as strictly as one from a viewer: it will be claimed on chain if
 * the coordinator fails, and one bad receipt would void the claim. An epoch pays by one route (PAYMENT.md, invariant 3):
 * bytes beyond a direct claim would be metered and never paid.
 *
 * @throws NodeError COORDINATOR_MALFORMED naming the first rule that is broken; ProtocolError SIGNATURE_INVALID
 */
export function requireImportable(
  { signedGrant, signedReceipt }: ReceiptWithGrant,
  rules: ImportRules,
): void {
  const { grant } = signedGrant;
  const { receipt } = signedReceipt;
  const grantSigner = rules.secp256k1.recover(grantDigest(rules.domain, grant), signedGrant.signature);
  const viewer = rules.secp256k1.recover(receiptDigest(rules.domain, receipt), signedReceipt.signature);
  const previous = rules.deal.previousGrantKey;
  const grantKeyFits =
    grantSigner === rules.deal.grantKey ||
    (previous !== undefined && grantSigner === previous.address && grant.epoch <= previous.lastEpoch);
  const rulesBroken: readonly (readonly [boolean, string])[] = [
    [grant.dealId !== rules.deal.dealId, 'another deal'],
    [grant.node !== rules.node, 'another node'],
    [grant.contentRoot !== rules.deal.contentRoot, 'another content'],
    [grant.epoch > rules.throughEpoch, 'a later epoch'],
    [isClaimed(grant.epoch, rules), 'an epoch that was claimed on chain'],
    [!grantKeyFits, 'a grant of another key'],
    [viewer !== grant.viewerKey, 'a receipt of another viewer'],
    [receipt.grantHash !== grantHashOf(rules.domain, grant), 'a receipt of another grant'],
    [receipt.bytesCumulative > grant.capBytes, 'more bytes than the cap'],
  ];
  const broken = rulesBroken.find(([isBroken]) => isBroken)?.[1];
  if (broken === undefined) return;
  throw new NodeError('COORDINATOR_MALFORMED', {
    message: `A receipt from the coordinator is about ${broken}.`,
    remedy: 'It is ignored. Tell the operator of the marketplace.',
    values: { grantHash: receipt.grantHash, broken },
  });
}

function isClaimed(epoch: Epoch, { claimed }: ImportRules): boolean {
  return claimed.some(({ afterEpoch, toEpoch }) => epoch > afterEpoch && epoch <= toEpoch);
}
