import { release, thaw, withdraw } from '../../../../sdk/chain/deals.ts';
import { priceWei } from '../../../../sdk/protocol/price.ts';
import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { SESSION_BYTES, receiptsOf } from '../world/honest-work.ts';
import { Purse } from '../world/party.ts';
import { RATE_WEI_PER_GIB } from '../world/played-deal.ts';
import { claimReceipts, redeem } from '../world/settle-directly.ts';

const SESSIONS = 20;

/** Money is allocated to each node by itself: a node empties its own allocation and no other. */
export const drainByOwnNode: Attack = {
  name: 'drain-by-own-node',
  description:
    'A publisher signs everything over to a node of its own before the node that served can claim.',
  refusals: ['NothingDue', 'WrongNode', 'InsufficientFree', 'ThawNotEnded'],

  async run(world) {
    const { publisher, rival: ownNode, operator: victim, refusals } = world;
    const purse = await Purse.open(publisher, ownNode);
    const deal = await world.openDeal({
      word: 'drain',
      amounts: [
        [victim, 10n * TOKEN_WEI],
        [ownNode, 5n * TOKEN_WEI],
      ],
    });
    const receipts = receiptsOf(deal, victim, world.epoch, { count: SESSIONS });
    const owedWei = priceWei(BigInt(SESSIONS) * SESSION_BYTES, RATE_WEI_PER_GIB);
    const ended = await world.endEpochs();
    const everything = { throughEpoch: ended, cumulative: 15n * TOKEN_WEI };
    await redeem(ownNode, deal.voucher({ node: ownNode.address, ...everything }));
    const more = { node: ownNode.address, throughEpoch: ended, cumulative: 30n * TOKEN_WEI };
    await refusals.expect(redeem(ownNode, deal.voucher(more)));
    await refusals.expect(redeem(ownNode, deal.voucher({ node: victim.address, ...everything })));
    await refusals.expect(withdraw(publisher, deal.dealId, { amountWei: 1n, to: publisher.address }));
    await thaw(publisher, deal.dealId, [victim.address]);
    await refusals.expect(release(publisher, deal.dealId, [victim.address]));
    await claimReceipts(victim, deal, ended, receipts);
    await deal.reclaim(world.untilThawed);
    const { paidWei } = await deal.allocationOf(victim);
    return { ...(await purse.close(-paidWei)), takenWei: owedWei - paidWei };
  },
};
