import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { mixedReceipts } from '../world/mixed-receipts.ts';
import { Purse } from '../world/party.ts';
import { PlayedClaim } from '../world/played-claim.ts';

const CLAIMS = 8;
const SESSIONS = 100;
const FORGED = 2;
/** Large sessions, so that the bond is a share of what is claimed and not the floor. */
const SESSION_BYTES = 4n << 30n;

/** A claim pays all or nothing, so made-up receipts put the honest ones at risk (SPEC.md, why it holds). */
export const invalidShare: Attack = {
  name: 'invalid-share',
  description: 'A node mixes two made-up receipts into each hundred, claim after claim.',
  refusals: ['InvalidGrantSignature'],

  async run(world) {
    const { operator, refusals } = world;
    const claimedWei = BigInt(CLAIMS * SESSIONS) * 4n * TOKEN_WEI;
    const deal = await world.openDeal({ word: 'share', amounts: [[operator, claimedWei]] });
    const purse = await Purse.open(operator);
    for (let number = 0; number < CLAIMS; number++) {
      const mix = { valid: SESSIONS - FORGED, forged: FORGED, bytes: SESSION_BYTES };
      const receipts = mixedReceipts(deal, operator, world.epoch, mix);
      const claim = new PlayedClaim(world, { node: operator, deal, receipts });
      await claim.commit(await world.endEpochs());
      await claim.untilSeed();
      if (await refusals.attempt(claim.open())) continue;
      await claim.untilOver();
      await claim.void(operator);
    }
    return purse.close(world.netWei(BigInt(CLAIMS * (SESSIONS - FORGED)) * SESSION_BYTES));
  },
};
