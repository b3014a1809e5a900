import { MAX_SERVED_BLOCK_BYTES, MAX_UNRECEIPTED_BYTES_PER_DEAL } from '../../../../sdk/protocol/limits.ts';
import { priceWei } from '../../../../sdk/protocol/price.ts';
import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { DeliveryDesk } from '../world/delivery-desk.ts';
import { viewerKey } from '../world/honest-work.ts';
import { Purse } from '../world/party.ts';
import { RATE_WEI_PER_GIB } from '../world/played-deal.ts';

/** More viewers than the bound of a deal has room for. */
const VIEWERS = 1_100;

/** A node also bounds what all viewers of a deal owe it, and then refuses new grants of that deal. */
export const unsignedCrowd: Attack = {
  name: 'unsigned-crowd',
  description:
    'A publisher grants leave to as many viewers as it likes, who each take one block and never sign.',
  refusals: ['DEAL_AT_RISK_LIMIT'],

  async run(world) {
    const { operator, publisher, refusals } = world;
    const purse = await Purse.open(publisher);
    const deal = await world.openDeal({ word: 'crowd', amounts: [[operator, 10n * TOKEN_WEI]] });
    const desk = await DeliveryDesk.open(world, deal, operator);
    let takenBytes = 0;
    for (let viewer = 0; viewer < VIEWERS; viewer++) {
      const at = { node: operator.address, viewer: viewerKey(viewer), epoch: world.epoch };
      const signedGrant = deal.signGrant(deal.grant(at));
      const opened = desk.open(signedGrant);
      const block = opened.ok ? desk.reserve(signedGrant, MAX_SERVED_BLOCK_BYTES) : opened;
      if (!block.ok) {
        refusals.expectRefused(block);
        continue;
      }
      if ('commit' in block.value) block.value.commit();
      takenBytes += MAX_SERVED_BLOCK_BYTES;
    }
    await deal.reclaim(world.untilThawed);
    return {
      ...(await purse.close()),
      takenWei: priceWei(BigInt(takenBytes), RATE_WEI_PER_GIB),
      boundWei: priceWei(BigInt(MAX_UNRECEIPTED_BYTES_PER_DEAL), RATE_WEI_PER_GIB),
    };
  },
};
