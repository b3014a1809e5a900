import { thaw } from '../../../../sdk/chain/deals.ts';
import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { Purse } from '../world/party.ts';
import { PlayedClaim, callClaims } from '../world/played-claim.ts';
import { receiptsOf } from '../world/honest-work.ts';

const ROUNDS = 3;
const HUGE_BYTES = 1n << 40n;
/** A root that nothing leads to. */
const NOWHERE = `0x${'5a'.repeat(24)}`;

/** Every claim that fails costs its bond, and none can begin after the thaw. */
export const emptyClaims: Attack = {
  name: 'empty-claims',
  description:
    'A node locks all that it is allocated by claims of nothing, so that the publisher cannot have it back.',
  refusals: ['ClaimTooSmall', 'SampleNotOpened', 'ThawEnded'],

  async run(world) {
    const { operator, publisher, refusals } = world;
    const publisherPurse = await Purse.open(publisher);
    const deal = await world.openDeal({ word: 'empty', amounts: [[operator, 10n * TOKEN_WEI]] });
    const purse = await Purse.open(operator);
    const grief = (toEpoch: number, bytes = HUGE_BYTES) =>
      callClaims(operator, 'commitClaim', deal.dealId, toEpoch, NOWHERE, bytes);
    await thaw(publisher, deal.dealId, [operator.address]);
    const window = new PlayedClaim(world, {
      ...{ node: operator, deal },
      receipts: receiptsOf(deal, operator, world.epoch, { count: 1 }),
    });
    for (let round = 0; round < ROUNDS; round++) {
      const ended = await world.endEpochs();
      await refusals.expect(grief(ended, 1n));
      await grief(ended);
      await window.untilSeed();
      const nothing = [deal.dealId, 1, '0x00', operator.address] as const;
      await refusals.expect(callClaims(operator, 'openClaim', ...nothing));
      await window.untilOver();
      await window.void(operator);
    }
    await world.untilThawed();
    await refusals.expect(grief(world.epoch - 1));
    await deal.reclaim(world.untilThawed);
    const lost = await publisherPurse.close();
    return { ...(await purse.close()), takenWei: -lost.grossWei };
  },
};
