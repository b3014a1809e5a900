import type { ReceiptWithGrant } from '../../../../sdk/protocol/receipt.ts';
import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { CoordinatorDesk } from '../world/coordinator-desk.ts';
import { askAsViewers, bytesOf, receiptsForCaps } from '../world/own-viewers.ts';
import { Purse } from '../world/party.ts';
import { PlayedClaim } from '../world/played-claim.ts';
import { redeem } from '../world/settle-directly.ts';

const GRANTS = 4;

/** The coordinator reads from the chain which epochs a claim has settled, and bills its bytes in the place of receipts. */
export const doubleClaimByCoordinator: Attack = {
  name: 'double-claim-by-coordinator',
  description:
    'A node is paid by a sampled claim and hands the same receipts to the coordinator, while it is open, then, and an epoch later.',
  refusals: ['ClaimOpen', 'NothingDue'],

  async run(world) {
    const { operator, publisher, refusals } = world;
    return CoordinatorDesk.with(world, async (coordinator) => {
      const deal = await world.openDeal({
        word: 'claim and voucher',
        amounts: [[operator, 50n * TOKEN_WEI]],
        keys: await coordinator.createKeys(publisher),
      });
      const purse = await Purse.open(operator);
      const serve = async () => {
        await coordinator.index();
        const ask = { deal, node: operator, viewers: GRANTS, requests: 1 };
        return receiptsForCaps(deal, await askAsViewers(world, coordinator, ask));
      };
      const settle = async (toEpoch: typeof world.epoch, receipts: readonly ReceiptWithGrant[]) => {
        await coordinator.index();
        const { voucher } = await coordinator.settle(deal, operator, toEpoch, receipts);
        if (voucher !== undefined) await redeem(operator, voucher);
      };

      const first = await serve();
      const firstEnd = await world.endEpochs();
      const claim = new PlayedClaim(world, { node: operator, deal, receipts: first });
      await claim.commit(firstEnd);
      await refusals.expect(settle(firstEnd, first));
      await claim.untilSeed();
      await claim.open();
      await refusals.expect(settle(firstEnd, first));

      const second = await serve();
      const secondEnd = await world.endEpochs();
      await settle(secondEnd, [...first, ...second]);
      await refusals.expect(settle(secondEnd, [...first, ...second]));
      return purse.close(world.netWei(bytesOf([...first, ...second])));
    });
  },
};
