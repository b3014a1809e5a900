import type { Address, GrantHash } from '../../../sdk/protocol/identifiers.ts';
import type { DealMeters } from './deal-meter.ts';
import { refused } from './delivery-error.ts';
import type { GrantSession } from './grant-session.ts';

/** A receipt that a client presents, its signer recovered. */
export interface PresentedReceipt {
  readonly grantHash: GrantHash;
  readonly bytesCumulative: bigint;
  readonly signer: Address;
}

/** Whether a receipt is by the viewer of the grant, does not fall, and names only what was served. */
export function refuseReceipt(
  session: GrantSession,
  meters: DealMeters,
  presented: PresentedReceipt,
): ReturnType<typeof refused> | undefined {
  const { bytesCumulative, signer } = presented;
  const { viewerKey, capBytes, epoch } = session.grant;
  if (signer !== viewerKey) {
    return refused('RECEIPT_BAD_SIGNATURE', 'The receipt is not signed by the viewer key of its grant.', {
      values: { expected: viewerKey, actual: signer },
      remedy: 'Sign the receipt with the key that the grant names.',
    });
  }
  if (meters.isClosed(epoch)) {
    return refused('RECEIPT_EPOCH_CLOSED', 'The epoch of the grant is settled; it takes no more receipts.', {
      values: { epoch, closedThrough: meters.closedThrough ?? 0 },
      remedy: 'Hand the receipt to the coordinator.',
    });
  }
  if (bytesCumulative > capBytes) {
    return refused('RECEIPT_OVER_CAP', 'The receipt names more bytes than the grant allows.', {
      values: { bytesCumulative, capBytes },
      remedy: 'Sign the sum of the verified bytes under this grant only.',
    });
  }
  if (bytesCumulative > BigInt(session.receiptableBytes)) {
    return refused('RECEIPT_BEYOND_SERVED', 'The receipt names more bytes than were served.', {
      values: { bytesCumulative, servedBytes: session.servedBytes + session.reservedBytes },
      remedy: 'Sign only bytes that arrived from this node under this grant.',
    });
  }
  if (bytesCumulative < BigInt(session.receiptedBytes)) {
    return refused('RECEIPT_BACKWARDS', 'The receipt names fewer bytes than an earlier one.', {
      values: { bytesCumulative, receiptedBytes: session.receiptedBytes },
      remedy: 'Receipts count all verified bytes from the start of the grant: send the newest one.',
    });
  }
  return undefined;
}
