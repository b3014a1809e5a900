import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { DeliveryDesk } from '../world/delivery-desk.ts';
import { SESSION_BYTES, viewerKey } from '../world/honest-work.ts';
import { Purse } from '../world/party.ts';
import { claimReceipts, redeem } from '../world/settle-directly.ts';
import { twinsOf } from '../world/signature-twins.ts';

/** Only the low s counts, and nothing is told apart by its signature: a grant by its hash, a voucher by its sum. */
export const malleableSignatures: Attack = {
  name: 'malleable-signatures',
  description: 'A node makes second signatures out of good ones: high s, the other parity, other forms of v.',
  refusals: [
    'GRANT_BAD_SIGNATURE',
    'RECEIPT_BAD_SIGNATURE',
    'InvalidGrantSignature',
    'InvalidReceiptSignature',
    'InvalidVoucherSignature',
  ],

  async run(world) {
    const { operator, refusals } = world;
    const deal = await world.openDeal({ word: 'twins', amounts: [[operator, 10n * TOKEN_WEI]] });
    const viewer = viewerKey(1);
    const signedGrant = deal.signGrant(deal.grant({ node: operator.address, viewer, epoch: world.epoch }));
    const pair = deal.receipt(signedGrant, viewer, SESSION_BYTES);
    const grantTwins = twinsOf(signedGrant.signature);
    const receiptTwins = twinsOf(pair.signedReceipt.signature);
    const twinGrants = [grantTwins.flipped, grantTwins.highS].map((signature) => ({
      ...signedGrant,
      signature,
    }));
    const twinReceipts = [receiptTwins.flipped, receiptTwins.highS].map((signature) => ({
      ...pair.signedReceipt,
      signature,
    }));
    const desk = await DeliveryDesk.open(world, deal, operator);
    for (const twin of twinGrants) refusals.expectRefused(desk.open(twin));
    desk.open(signedGrant);
    for (const twin of twinReceipts) refusals.expectRefused(desk.receipt(twin));
    const ended = await world.endEpochs();
    const purse = await Purse.open(operator);
    for (const twin of twinGrants)
      await refusals.expect(claimReceipts(operator, deal, ended, [{ ...pair, signedGrant: twin }]));
    for (const twin of twinReceipts)
      await refusals.expect(claimReceipts(operator, deal, ended, [{ ...pair, signedReceipt: twin }]));
    const { voucher, signature } = deal.voucher({
      node: operator.address,
      throughEpoch: ended,
      cumulative: TOKEN_WEI,
    });
    const { flipped, highS, highSWithV, lowV } = twinsOf(signature);
    for (const twin of [flipped, highS, highSWithV, lowV])
      await refusals.expect(redeem(operator, { voucher, signature: twin }));
    return purse.close();
  },
};
