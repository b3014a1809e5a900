import { priceWei } from '../../../../sdk/protocol/price.ts';
import { parseEpoch } from '../../../../sdk/protocol/identifiers.ts';
import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { SESSION_BYTES } from '../world/honest-work.ts';
import { mixedReceipts } from '../world/mixed-receipts.ts';
import { Purse } from '../world/party.ts';
import { PlayedClaim, callClaims } from '../world/played-claim.ts';
import { RATE_WEI_PER_GIB } from '../world/played-deal.ts';
import { redeem } from '../world/settle-directly.ts';

const HALF = 20;

/** A voucher gets nobody out of a claim that it is not worth as much as, and a failed claim costs its bond. */
export const heldBackVoucher: Attack = {
  name: 'held-back-voucher',
  description:
    'A node that holds a voucher claims twice as much, and turns to the voucher when the samples are unlucky.',
  refusals: ['InvalidGrantSignature', 'VoucherBelowClaim', 'ClaimOpen'],

  async run(world) {
    const { operator, refusals } = world;
    const deal = await world.openDeal({ word: 'held back', amounts: [[operator, 10n * TOKEN_WEI]] });
    const mix = { valid: HALF, forged: HALF, bytes: SESSION_BYTES };
    const receipts = mixedReceipts(deal, operator, world.epoch, mix);
    const honestBytes = BigInt(HALF) * SESSION_BYTES;
    const ended = await world.endEpochs();
    const purse = await Purse.open(operator);
    const owed = { node: operator.address, cumulative: priceWei(honestBytes, RATE_WEI_PER_GIB) };
    const voucher = deal.voucher({ ...owed, throughEpoch: ended });
    const supersede = (by: typeof voucher) =>
      callClaims(operator, 'supersedeClaim', by.voucher, by.signature, operator.address);
    const claim = new PlayedClaim(world, { node: operator, deal, receipts });
    await claim.commit(ended);
    await claim.untilSeed();
    await refusals.expect(claim.open());
    await refusals.expect(supersede(voucher));
    const later = deal.voucher({ ...owed, throughEpoch: parseEpoch(ended + 1), cumulative: TOKEN_WEI * 5n });
    await refusals.expect(supersede(later));
    await refusals.expect(redeem(operator, voucher));
    await claim.untilOver();
    await claim.void(operator);
    await redeem(operator, voucher);
    return purse.close(world.netWei(honestBytes));
  },
};
