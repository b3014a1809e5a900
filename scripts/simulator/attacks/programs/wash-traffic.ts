import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { CoordinatorDesk } from '../world/coordinator-desk.ts';
import { askAsViewers, receiptsForCaps } from '../world/own-viewers.ts';
import { Purse } from '../world/party.ts';
import { redeem } from '../world/settle-directly.ts';

const EPOCHS = 3;
const GRANTS = 4;

/** Nothing is minted for bytes, so paying oneself costs the protocol fee and gas. */
export const washTraffic: Attack = {
  name: 'wash-traffic',
  description:
    'One person is publisher, operator and all viewers, and pays himself for traffic that never was.',
  refusals: ['PROTOCOL_FEE'],

  async run(world) {
    const { operator, publisher, refusals } = world;
    return CoordinatorDesk.with(world, async (coordinator) => {
      const purse = await Purse.open(publisher, operator);
      const deal = await world.openDeal({
        word: 'wash',
        amounts: [[operator, 50n * TOKEN_WEI]],
        keys: await coordinator.createKeys(publisher),
      });
      for (let epoch = 0; epoch < EPOCHS; epoch++) {
        await coordinator.index();
        const ask = { deal, node: operator, viewers: GRANTS, requests: 1 };
        const receipts = receiptsForCaps(deal, await askAsViewers(world, coordinator, ask));
        const ended = await world.endEpochs();
        const { voucher } = await coordinator.settle(deal, operator, ended, receipts);
        if (voucher !== undefined) await redeem(operator, voucher);
      }
      await deal.reclaim(world.untilThawed);
      const { paidWei } = await deal.allocationOf(operator);
      const result = await purse.close();
      if (result.grossWei === -world.feeWei(paidWei)) refusals.note('PROTOCOL_FEE');
      return result;
    });
  },
};
