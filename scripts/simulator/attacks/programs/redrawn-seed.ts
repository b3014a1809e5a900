import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { SESSION_BYTES } from '../world/honest-work.ts';
import { mixedReceipts } from '../world/mixed-receipts.ts';
import { Purse } from '../world/party.ts';
import { PlayedClaim, callClaims } from '../world/played-claim.ts';

const HALF = 20;

/** The seed is drawn once, from a block after the commitment; a claim that misses its windows is void. */
export const redrawnSeed: Attack = {
  name: 'redrawn-seed',
  description: 'A node that made up half of its receipts waits for samples that miss them.',
  refusals: [
    'SeedTooEarly',
    'ClaimOpen',
    'InvalidGrantSignature',
    'WrongClaimState',
    'ClaimWindowRunning',
    'ClaimWindowOver',
    'EpochSettled',
  ],

  async run(world) {
    const { operator, refusals } = world;
    const deal = await world.openDeal({ word: 'redrawn', amounts: [[operator, 10n * TOKEN_WEI]] });
    const place = [deal.dealId, operator.address] as const;
    const pin = () => callClaims(operator, 'pinSeed', ...place);
    const purse = await Purse.open(operator);
    const falseClaim = async () => {
      const epoch = world.epoch;
      const receipts = mixedReceipts(deal, operator, epoch, {
        valid: HALF,
        forged: HALF,
        bytes: SESSION_BYTES,
      });
      const claim = new PlayedClaim(world, { node: operator, deal, receipts });
      await claim.commit(await world.endEpochs());
      return { claim, epoch };
    };

    const pinned = await falseClaim();
    await refusals.expect(pin());
    await refusals.expect(pinned.claim.commit(pinned.epoch));
    await pinned.claim.untilSeed();
    await refusals.expect(pinned.claim.open());
    await pin();
    await refusals.expect(pin());
    await refusals.expect(pinned.claim.void(operator));
    await pinned.claim.untilOver();
    await refusals.expect(pinned.claim.open());
    await pinned.claim.void(operator);
    await refusals.expect(pinned.claim.commit(pinned.epoch));

    const forgotten = await falseClaim();
    await forgotten.claim.untilOver();
    await refusals.expect(pin());
    await forgotten.claim.void(operator);
    await refusals.expect(forgotten.claim.commit(forgotten.epoch));
    return purse.close();
  },
};
