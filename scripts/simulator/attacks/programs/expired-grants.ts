import { rotateKeys } from '../../../../sdk/chain/deals.ts';
import { parseEpoch } from '../../../../sdk/protocol/identifiers.ts';
import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { DeliveryDesk } from '../world/delivery-desk.ts';
import { receiptsOf, viewerKey } from '../world/honest-work.ts';
import { Purse } from '../world/party.ts';
import { claimReceipts, redeem } from '../world/settle-directly.ts';

/** Grants are good for one epoch, keys up to one epoch after their rotation. */
export const expiredGrants: Attack = {
  name: 'expired-grants',
  description: 'A node uses grants of epochs that are over or to come, and keys that were rotated out.',
  refusals: [
    'GRANT_NOT_YET_VALID',
    'EpochNotEnded',
    'EpochOutsideClaim',
    'GRANT_EXPIRED',
    'GRANT_BAD_SIGNATURE',
    'InvalidGrantSignature',
    'InvalidVoucherSignature',
  ],

  async run(world) {
    const { operator, publisher, stranger, refusals } = world;
    const deal = await world.openDeal({ word: 'expired', amounts: [[operator, 10n * TOKEN_WEI]] });
    const at = { node: operator.address, viewer: viewerKey(1) };
    const desk = await DeliveryDesk.open(world, deal, operator);
    const next = deal.grant({ ...at, epoch: parseEpoch(world.epoch + 1) });
    refusals.expectRefused(desk.open(deal.signGrant(next)));
    const purse = await Purse.open(operator);
    const early = receiptsOf(deal, operator, world.epoch, { count: 1 });
    await refusals.expect(claimReceipts(operator, deal, world.epoch, early));
    const ended = await world.endEpochs();
    const future = receiptsOf(deal, operator, world.epoch, { count: 1 });
    await refusals.expect(claimReceipts(operator, deal, ended, future));
    refusals.expectRefused(desk.open(deal.signGrant(deal.grant({ ...at, epoch: ended }))));

    await rotateKeys(publisher, deal.dealId, { grantKey: stranger.address, collector: stranger.address });
    const last = await world.endEpochs(3);
    const rotated = await DeliveryDesk.open(world, deal, operator);
    refusals.expectRefused(rotated.open(deal.signGrant(deal.grant({ ...at, epoch: world.epoch }))));
    await refusals.expect(
      claimReceipts(operator, deal, last, receiptsOf(deal, operator, last, { count: 1 })),
    );
    const old = { node: operator.address, throughEpoch: last, cumulative: TOKEN_WEI };
    await refusals.expect(redeem(operator, deal.voucher(old)));
    return purse.close();
  },
};
