import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { DeliveryDesk } from '../world/delivery-desk.ts';
import { viewerKey } from '../world/honest-work.ts';
import { Purse } from '../world/party.ts';
import { PlayedClaim } from '../world/played-claim.ts';
import { claimReceipts } from '../world/settle-directly.ts';

const CAP_BYTES = 1n << 20n;
const BLOCK_BYTES = 1 << 16;

/** The cap is in the grant's hash, and every verifier compares. */
export const capOverrun: Attack = {
  name: 'cap-overrun',
  description: 'A node and its viewer fetch and receipt more than the grant allows.',
  refusals: ['GRANT_OVER_CAP', 'RECEIPT_OVER_CAP', 'CapExceeded', 'InvalidGrantSignature'],

  async run(world) {
    const { operator, refusals } = world;
    const deal = await world.openDeal({ word: 'cap', amounts: [[operator, 10n * TOKEN_WEI]] });
    const viewer = viewerKey(1);
    const grant = deal.grant({ node: operator.address, viewer, epoch: world.epoch }, { capBytes: CAP_BYTES });
    const signedGrant = deal.signGrant(grant);
    const over = deal.receipt(signedGrant, viewer, CAP_BYTES + 1n);
    const desk = await DeliveryDesk.open(world, deal, operator);
    desk.open(signedGrant);
    for (let served = 0n; served < CAP_BYTES;) {
      const outcome = desk.reserve(signedGrant, BLOCK_BYTES);
      if (!outcome.ok) break;
      outcome.value.commit();
      served += BigInt(BLOCK_BYTES);
      desk.receipt(deal.receipt(signedGrant, viewer, served).signedReceipt);
    }
    refusals.expectRefused(desk.reserve(signedGrant, BLOCK_BYTES));
    refusals.expectRefused(desk.receipt(over.signedReceipt));
    const ended = await world.endEpochs();
    const purse = await Purse.open(operator);
    await refusals.expect(claimReceipts(operator, deal, ended, [over]));
    const widened = { ...signedGrant, grant: { ...grant, capBytes: 2n * CAP_BYTES } };
    const wide = deal.receipt(widened, viewer, 2n * CAP_BYTES);
    await refusals.expect(claimReceipts(operator, deal, ended, [wide]));
    await new PlayedClaim(world, { node: operator, deal, receipts: [over] }).lose(ended);
    return purse.close();
  },
};
