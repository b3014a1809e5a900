import { priceWei } from '../../../../sdk/protocol/price.ts';
import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { SESSION_BYTES, receiptsOf } from '../world/honest-work.ts';
import { Purse } from '../world/party.ts';
import { PlayedClaim, callClaims } from '../world/played-claim.ts';
import { RATE_WEI_PER_GIB } from '../world/played-deal.ts';
import { claimReceipts, redeem } from '../world/settle-directly.ts';

const SESSIONS = 20;
const EARNED_BYTES = BigInt(SESSIONS) * SESSION_BYTES;

/** All routes count in one `paid` and one `throughEpoch`; an open claim closes the other two. */
export const doubleClaimTwoRoutes: Attack = {
  name: 'double-claim-two-routes',
  description:
    'A node that holds both a voucher and the receipts for the same bytes uses each pair of routes.',
  refusals: ['ClaimOpen', 'VoucherBelowClaim', 'NothingDue', 'EpochSettled'],

  async run(world) {
    const { operator, refusals } = world;
    const deal = await world.openDeal({ word: 'two routes', amounts: [[operator, 20n * TOKEN_WEI]] });
    const node = operator.address;
    const purse = await Purse.open(operator);

    const first = receiptsOf(deal, operator, world.epoch, { count: SESSIONS });
    const firstEnd = await world.endEpochs();
    const owed = priceWei(EARNED_BYTES, RATE_WEI_PER_GIB);
    const firstVoucher = deal.voucher({ node, throughEpoch: firstEnd, cumulative: owed });
    const claim = new PlayedClaim(world, { node: operator, deal, receipts: first });
    await claim.commit(firstEnd);
    await refusals.expect(redeem(operator, firstVoucher));
    await refusals.expect(claimReceipts(operator, deal, firstEnd, first));
    const small = deal.voucher({ node, throughEpoch: firstEnd, cumulative: owed / 2n });
    const { voucher, signature } = small;
    await refusals.expect(callClaims(operator, 'supersedeClaim', voucher, signature, node));
    await claim.untilSeed();
    await claim.open();
    await refusals.expect(redeem(operator, firstVoucher));
    await refusals.expect(claimReceipts(operator, deal, firstEnd, first));

    const second = receiptsOf(deal, operator, world.epoch, { count: SESSIONS });
    const secondEnd = await world.endEpochs();
    await redeem(operator, deal.voucher({ node, throughEpoch: secondEnd, cumulative: 2n * owed }));
    await refusals.expect(claimReceipts(operator, deal, secondEnd, second));
    const again = new PlayedClaim(world, { node: operator, deal, receipts: second });
    await refusals.expect(again.commit(secondEnd));
    return purse.close(world.netWei(2n * EARNED_BYTES));
  },
};
