import { allocate } from '../../../../sdk/chain/deals.ts';
import { redeemVouchers } from '../../../../sdk/chain/payments.ts';
import { priceWei } from '../../../../sdk/protocol/price.ts';
import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { Purse } from '../world/party.ts';
import { RATE_WEI_PER_GIB } from '../world/played-deal.ts';
import { redeem } from '../world/settle-directly.ts';

const OWED_BYTES = 3n << 30n;

/** Only the node redeems, so nobody closes its epochs with dust; and what a balance cannot cover stays owed. */
export const dustRedemption: Attack = {
  name: 'dust-redemption',
  description:
    'A publisher redeems a voucher of one wei in the place of the node, or lets it redeem against too little.',
  refusals: ['WrongNode', 'NothingDue'],

  async run(world) {
    const { operator, publisher, stranger, refusals } = world;
    const purse = await Purse.open(publisher);
    const deal = await world.openDeal({
      word: 'dust',
      amounts: [[operator, TOKEN_WEI]],
      freeWei: 9n * TOKEN_WEI,
    });
    const owedWei = priceWei(OWED_BYTES, RATE_WEI_PER_GIB);
    const ended = await world.endEpochs();
    const at = { node: operator.address, throughEpoch: ended };
    const dust = deal.voucher({ ...at, cumulative: 1n });
    for (const somebody of [publisher, stranger])
      await refusals.expect(redeemVouchers(somebody, [dust], operator.address));
    const whole = deal.voucher({ ...at, cumulative: owedWei });
    await redeem(operator, whole);
    await refusals.expect(redeem(operator, whole));
    const topUp = { node: operator.address, amountWei: 9n * TOKEN_WEI, ratePerGiB: RATE_WEI_PER_GIB };
    await allocate(publisher, deal.dealId, [topUp]);
    await redeem(operator, whole);
    await deal.reclaim(world.untilThawed);
    const { paidWei } = await deal.allocationOf(operator);
    return { ...(await purse.close(-paidWei)), takenWei: owedWei - paidWei };
  },
};
