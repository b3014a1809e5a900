import { release, thaw } from '../../../../sdk/chain/deals.ts';
import type { Attack } from '../attack.ts';
import { PlayedClaim } from '../world/played-claim.ts';
import { playSilentPublisher } from '../world/silent-publisher.ts';

/** Many receipts are paid by samples. */
export const silentPublisherSampled: Attack = {
  name: 'silent-publisher-sampled',
  description:
    'A publisher never pays: two hundred receipts are claimed by samples while the allocation thaws.',
  refusals: ['ThawNotEnded'],

  async run(world) {
    const { operator, publisher, refusals } = world;
    return playSilentPublisher(world, {
      word: 'silent, many',
      sessions: 200,
      claim: async (deal, toEpoch, receipts) => {
        await thaw(publisher, deal.dealId, [operator.address]);
        await refusals.expect(release(publisher, deal.dealId, [operator.address]));
        await new PlayedClaim(world, { node: operator, deal, receipts }).pay(toEpoch);
      },
    });
  },
};
