import { utf8ToBytes } from '../../../../sdk/protocol/bytes.ts';
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { Grant } from '../../../../sdk/protocol/grant.ts';
import type { Epoch } from '../../../../sdk/protocol/identifiers.ts';
import type { ReceiptWithGrant } from '../../../../sdk/protocol/receipt.ts';
import type { Party } from './party.ts';
import type { PlayedDeal } from './played-deal.ts';

const MIB = 1n << 20n;
/** What a viewer fetches in an attack unless it says otherwise. */
export const SESSION_BYTES = 64n * MIB;

/** A viewer's key, one for each number. */
export const viewerKey = (number: number): Uint8Array =>
  keccak_256(utf8ToBytes(`bcdn attack viewer ${number}`));

/** Receipts of viewers that each fetched as many bytes from a node in an epoch, as they would sign them. */
export function receiptsOf(
  deal: PlayedDeal,
  node: Party,
  epoch: Epoch,
  sessions: { readonly count: number; readonly bytes?: bigint; readonly change?: Partial<Grant> },
): ReceiptWithGrant[] {
  const { count, bytes = SESSION_BYTES, change = {} } = sessions;
  return Array.from({ length: count }, (_, number) => {
    const viewer = viewerKey(number);
    const grant = deal.grant({ node: node.address, viewer, epoch }, change);
    return deal.receipt(deal.signGrant(grant), viewer, bytes);
  });
}
