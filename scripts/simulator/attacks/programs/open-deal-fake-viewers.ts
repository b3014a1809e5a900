import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { CoordinatorDesk } from '../world/coordinator-desk.ts';
import { askAsViewers, bytesOf, receiptsForCaps } from '../world/own-viewers.ts';
import { Purse } from '../world/party.ts';
import { redeem } from '../world/settle-directly.ts';

const VIEWERS = 8;
/** Requests of each viewer: more than its rate allows. */
const REQUESTS = 70;

/**
 * What a deal without an audience can lose: receipts of viewers who are the operator himself are good receipts, so all that
 * bounds him is what the coordinator grants: the caps it signs never exceed what the publisher has allocated to this node, and each viewer has a rate.
 */
export const openDealFakeViewers: Attack = {
  name: 'open-deal-fake-viewers',
  description:
    'An operator asks an open deal for grants as viewers of its own, signs for all their caps, and serves nothing.',
  refusals: [
    'ALLOCATION_EXHAUSTED',
    'RATE_LIMITED',
    'RECEIPT_OVER_CAP',
    'GRANT_UNKNOWN',
    'RECEIPT_SIGNATURE_INVALID',
    'NothingDue',
  ],

  async run(world) {
    const { operator, publisher, refusals } = world;
    return CoordinatorDesk.with(world, async (coordinator) => {
      const deal = await world.openDeal({
        word: 'fake viewers',
        amounts: [[operator, 10n * TOKEN_WEI]],
        keys: await coordinator.createKeys(publisher),
      });
      await coordinator.index();
      const purse = await Purse.open(operator);
      const ask = { deal, node: operator, viewers: VIEWERS, requests: REQUESTS };
      const granted = await askAsViewers(world, coordinator, ask);
      const receipts = receiptsForCaps(deal, granted);
      const dishonest = granted.flatMap(({ viewer, signedGrant }) => {
        const { capBytes } = signedGrant.grant;
        const wider = deal.signGrant({ ...signedGrant.grant, capBytes: capBytes * 2n }, operator.privateKey);
        return [
          deal.receipt(signedGrant, viewer, capBytes + 1n),
          deal.receipt(wider, viewer, capBytes * 2n),
          deal.receipt(signedGrant, operator.privateKey, capBytes),
        ];
      });
      const ended = await world.endEpochs();
      await coordinator.index();
      const { refused } = await coordinator.settle(deal, operator, ended, dishonest);
      for (const { code } of refused) refusals.note(code);
      const { voucher } = await coordinator.settle(deal, operator, ended, receipts);
      if (voucher !== undefined) {
        await redeem(operator, voucher);
        await refusals.expect(redeem(operator, voucher));
      }
      return { ...(await purse.close()), boundWei: world.netWei(bytesOf(receipts)) };
    });
  },
};
