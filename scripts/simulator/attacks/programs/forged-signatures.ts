import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { DeliveryDesk } from '../world/delivery-desk.ts';
import { SESSION_BYTES, viewerKey } from '../world/honest-work.ts';
import { Purse } from '../world/party.ts';
import { PlayedClaim } from '../world/played-claim.ts';
import { claimReceipts, redeem } from '../world/settle-directly.ts';

/** Grants are the publisher's word, receipts the viewer's, vouchers the collector's. */
export const forgedSignatures: Attack = {
  name: 'forged-signatures',
  description: 'A node signs grants, receipts and vouchers itself.',
  refusals: [
    'GRANT_BAD_SIGNATURE',
    'RECEIPT_BAD_SIGNATURE',
    'InvalidGrantSignature',
    'InvalidReceiptSignature',
    'InvalidVoucherSignature',
  ],

  async run(world) {
    const { operator, refusals } = world;
    const deal = await world.openDeal({ word: 'forged', amounts: [[operator, 10n * TOKEN_WEI]] });
    const viewer = viewerKey(1);
    const own = operator.privateKey;
    const grant = deal.grant({ node: operator.address, viewer, epoch: world.epoch });
    const [ownGrant, realGrant] = [deal.signGrant(grant, own), deal.signGrant(grant)];
    const ownReceipt = deal.receipt(realGrant, own, SESSION_BYTES);
    const desk = await DeliveryDesk.open(world, deal, operator);
    refusals.expectRefused(desk.open(ownGrant));
    desk.open(realGrant);
    refusals.expectRefused(desk.receipt(ownReceipt.signedReceipt));
    const ended = await world.endEpochs();
    const purse = await Purse.open(operator);
    const forgedGrant = deal.receipt(ownGrant, viewer, SESSION_BYTES);
    await refusals.expect(claimReceipts(operator, deal, ended, [forgedGrant]));
    await refusals.expect(claimReceipts(operator, deal, ended, [ownReceipt]));
    const owed = { node: operator.address, throughEpoch: ended, cumulative: TOKEN_WEI };
    await refusals.expect(redeem(operator, deal.voucher(owed, own)));
    await new PlayedClaim(world, { node: operator, deal, receipts: [ownReceipt] }).lose(ended);
    return purse.close();
  },
};
