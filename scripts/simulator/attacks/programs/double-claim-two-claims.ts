import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { SESSION_BYTES, receiptsOf } from '../world/honest-work.ts';
import { Purse } from '../world/party.ts';
import { PlayedClaim } from '../world/played-claim.ts';

const SESSIONS = 20;

/** A claim settles its epochs, so the next one is for later ones. */
export const doubleClaimTwoClaims: Attack = {
  name: 'double-claim-two-claims',
  description: 'A node puts receipts that a sampled claim has paid into the next claim.',
  refusals: ['EpochSettled', 'EpochOutsideClaim'],

  async run(world) {
    const { operator, refusals } = world;
    const deal = await world.openDeal({ word: 'two claims', amounts: [[operator, 10n * TOKEN_WEI]] });
    const receipts = receiptsOf(deal, operator, world.epoch, { count: SESSIONS });
    const ended = await world.endEpochs();
    const purse = await Purse.open(operator);
    const claim = new PlayedClaim(world, { node: operator, deal, receipts });
    await claim.pay(ended);
    await refusals.expect(claim.commit(ended));
    const later = await world.endEpochs();
    await claim.commit(later);
    await claim.untilSeed();
    await refusals.expect(claim.open());
    await claim.untilOver();
    await claim.void(operator);
    return purse.close(world.netWei(BigInt(SESSIONS) * SESSION_BYTES));
  },
};
