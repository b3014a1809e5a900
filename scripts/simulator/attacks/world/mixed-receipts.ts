import type { Epoch } from '../../../../sdk/protocol/identifiers.ts';
import type { ReceiptWithGrant } from '../../../../sdk/protocol/receipt.ts';
import { receiptsOf, viewerKey } from './honest-work.ts';
import type { Party } from './party.ts';
import type { PlayedDeal } from './played-deal.ts';

/** Viewers whose grants a node forges, counted from here. */
const FIRST_FORGED_VIEWER = 1_000_000;

/** Receipts of real viewers, and some that the node made up: it signed their grants itself. */
export function mixedReceipts(
  deal: PlayedDeal,
  node: Party,
  epoch: Epoch,
  mix: { readonly valid: number; readonly forged: number; readonly bytes: bigint },
): ReceiptWithGrant[] {
  const capBytes = mix.bytes;
  const valid = receiptsOf(deal, node, epoch, { count: mix.valid, bytes: mix.bytes, change: { capBytes } });
  const forged = Array.from({ length: mix.forged }, (_, number) => {
    const viewer = viewerKey(FIRST_FORGED_VIEWER + number);
    const grant = deal.grant({ node: node.address, viewer, epoch }, { capBytes });
    return deal.receipt(deal.signGrant(grant, node.privateKey), viewer, mix.bytes);
  });
  return [...valid, ...forged];
}
