import { MAX_GRANT_CAP_BYTES } from '../../../../marketplace/limits.ts';
import type { SignedGrant } from '../../../../sdk/protocol/grant.ts';
import type { ReceiptWithGrant } from '../../../../sdk/protocol/receipt.ts';
import type { AttackWorld } from './attack-world.ts';
import type { CoordinatorDesk } from './coordinator-desk.ts';
import { viewerKey } from './honest-work.ts';
import type { Party } from './party.ts';
import type { PlayedDeal } from './played-deal.ts';

/** A grant with the key of the viewer that it is for. */
export interface OwnGrant {
  readonly viewer: Uint8Array;
  readonly signedGrant: SignedGrant;
}

/**
 * A node asks the coordinator as viewers of its own for as much as a grant can have, each viewer again and again.
 * Refusals are noted.
 */
export async function askAsViewers(
  { refusals }: AttackWorld,
  coordinator: CoordinatorDesk,
  ask: {
    readonly deal: PlayedDeal;
    readonly node: Party;
    readonly viewers: number;
    /** Of each viewer. */
    readonly requests: number;
  },
): Promise<OwnGrant[]> {
  const { deal, node, viewers, requests } = ask;
  const granted: OwnGrant[] = [];
  for (let request = 0; request < viewers * requests; request++) {
    const viewer = viewerKey(Math.floor(request / requests));
    const asked = coordinator.requestGrants(viewer, { deal, node, capBytes: BigInt(MAX_GRANT_CAP_BYTES) });
    if (!(await refusals.attempt(asked))) continue;
    for (const { issued } of (await asked).grants) granted.push({ viewer, signedGrant: issued });
  }
  return granted;
}

/** Receipts for the whole cap of each grant. */
export const receiptsForCaps = (deal: PlayedDeal, granted: readonly OwnGrant[]): ReceiptWithGrant[] =>
  granted.map(({ viewer, signedGrant }) => deal.receipt(signedGrant, viewer, signedGrant.grant.capBytes));

/** Bytes that receipts name. */
export const bytesOf = (receipts: readonly ReceiptWithGrant[]): bigint =>
  receipts.reduce((sum, { signedReceipt }) => sum + signedReceipt.receipt.bytesCumulative, 0n);
