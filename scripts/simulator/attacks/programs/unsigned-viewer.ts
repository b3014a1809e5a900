import { MAX_CREDIT_BYTES, MAX_SERVED_BLOCK_BYTES } from '../../../../sdk/protocol/limits.ts';
import { priceWei } from '../../../../sdk/protocol/price.ts';
import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { DeliveryDesk } from '../world/delivery-desk.ts';
import { viewerKey } from '../world/honest-work.ts';
import { Purse } from '../world/party.ts';
import { RATE_WEI_PER_GIB } from '../world/played-deal.ts';

const BLOCK_BYTES = 1 << 16;
/** Good receipts after which the window has its full size: 64 KiB × 1.5^7 is above 1 MiB. */
const GOOD_RECEIPTS = 7;

/** A node stops at the credit window of a grant, whatever the viewer did before. */
export const unsignedViewer: Attack = {
  name: 'unsigned-viewer',
  description:
    'A publisher sends viewers who fetch without signing: one from its first block on, one once its window is full grown.',
  refusals: ['CREDIT_EXHAUSTED'],

  async run(world) {
    const { operator, publisher, refusals } = world;
    const purse = await Purse.open(publisher);
    const deal = await world.openDeal({ word: 'unsigned', amounts: [[operator, 10n * TOKEN_WEI]] });
    const desk = await DeliveryDesk.open(world, deal, operator);
    const grantOf = (number: number) => {
      const at = { node: operator.address, viewer: viewerKey(number), epoch: world.epoch };
      const signedGrant = deal.signGrant(deal.grant(at));
      desk.open(signedGrant);
      return signedGrant;
    };
    const never = desk.serveUntilRefused(grantOf(1), MAX_SERVED_BLOCK_BYTES, (code) => refusals.note(code));

    const patient = grantOf(2);
    for (let receipts = 1; receipts <= GOOD_RECEIPTS; receipts++) {
      const block = desk.reserve(patient, BLOCK_BYTES);
      if (block.ok) block.value.commit();
      desk.receipt(deal.receipt(patient, viewerKey(2), BigInt(receipts * BLOCK_BYTES)).signedReceipt);
    }
    const later = desk.serveUntilRefused(patient, BLOCK_BYTES, (code) => refusals.note(code));
    await deal.reclaim(world.untilThawed);
    return {
      ...(await purse.close()),
      takenWei: priceWei(BigInt(never + later), RATE_WEI_PER_GIB),
      boundWei: priceWei(BigInt(MAX_SERVED_BLOCK_BYTES + MAX_CREDIT_BYTES), RATE_WEI_PER_GIB),
    };
  },
};
