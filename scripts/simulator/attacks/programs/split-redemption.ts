import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { Purse } from '../world/party.ts';
import { redeem } from '../world/settle-directly.ts';

/** One per cent of 99 wei is nothing, rounded down. */
const STEP_WEI = 99n;
const STEPS = 40n;

/** The fee is one per cent of the sum of all payments, however they are cut. */
export const splitRedemption: Attack = {
  name: 'split-redemption',
  description: 'A node redeems in payments so small that the fee of each rounds to nothing.',
  refusals: ['NothingDue'],

  async run(world) {
    const { operator, refusals } = world;
    const deal = await world.openDeal({ word: 'split', amounts: [[operator, TOKEN_WEI]] });
    const throughEpoch = await world.endEpochs();
    const purse = await Purse.open(operator);
    const voucherOf = (step: bigint) =>
      deal.voucher({ node: operator.address, throughEpoch, cumulative: step * STEP_WEI });
    for (let step = 1n; step <= STEPS; step++) await redeem(operator, voucherOf(step));
    await refusals.expect(redeem(operator, voucherOf(STEPS), voucherOf(1n)));
    const paidWei = STEPS * STEP_WEI;
    return purse.close(paidWei - world.feeWei(paidWei));
  },
};
