import { parseEpoch } from '../../../../sdk/protocol/identifiers.ts';
import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { DeliveryDesk } from '../world/delivery-desk.ts';
import { SESSION_BYTES, receiptsOf, viewerKey } from '../world/honest-work.ts';
import { Purse } from '../world/party.ts';
import { claimReceipts, redeem } from '../world/settle-directly.ts';

/** A grant is good for its epoch, an epoch pays once. */
export const replayEpochs: Attack = {
  name: 'replay-epochs',
  description: 'A node claims receipts of a paid epoch again in later ones, and redeems its voucher again.',
  refusals: ['EpochSettled', 'EpochOutsideClaim', 'InvalidGrantSignature', 'NothingDue', 'GRANT_EXPIRED'],

  async run(world) {
    const { operator, refusals } = world;
    const deal = await world.openDeal({ word: 'epochs', amounts: [[operator, 10n * TOKEN_WEI]] });
    const receipts = receiptsOf(deal, operator, world.epoch, { count: 3 });
    const ended = await world.endEpochs();
    await claimReceipts(operator, deal, ended, receipts);
    const purse = await Purse.open(operator);
    await refusals.expect(claimReceipts(operator, deal, ended, receipts));
    const later = await world.endEpochs();
    await refusals.expect(claimReceipts(operator, deal, later, receipts));
    const viewer = viewerKey(0);
    const { grant, signature } = deal.signGrant(deal.grant({ node: operator.address, viewer, epoch: ended }));
    const moved = { grant: { ...grant, epoch: later }, signature };
    await refusals.expect(claimReceipts(operator, deal, later, [deal.receipt(moved, viewer, SESSION_BYTES)]));
    const { paidWei } = await deal.allocationOf(operator);
    const spent = deal.voucher({ node: operator.address, throughEpoch: later, cumulative: paidWei });
    await refusals.expect(redeem(operator, spent));
    const desk = await DeliveryDesk.open(world, deal, operator);
    const old = deal.grant({ node: operator.address, viewer, epoch: parseEpoch(world.epoch - 1) });
    refusals.expectRefused(desk.open(deal.signGrant(old)));
    return purse.close();
  },
};
