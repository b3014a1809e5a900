import { withdraw } from '../../../../sdk/chain/deals.ts';
import type { Attack } from '../attack.ts';
import { claimReceipts } from '../world/settle-directly.ts';
import { playSilentPublisher } from '../world/silent-publisher.ts';

/** Few receipts go on chain one by one. */
export const silentPublisherDirect: Attack = {
  name: 'silent-publisher-direct',
  description: 'A publisher never pays: twenty receipts are claimed directly.',
  refusals: ['InsufficientFree'],

  async run(world) {
    const { operator, publisher, refusals } = world;
    return playSilentPublisher(world, {
      word: 'silent, few',
      sessions: 20,
      claim: async (deal, toEpoch, receipts) => {
        const all = { amountWei: 1n, to: publisher.address };
        await refusals.expect(withdraw(publisher, deal.dealId, all));
        await claimReceipts(operator, deal, toEpoch, receipts);
      },
    });
  },
};
