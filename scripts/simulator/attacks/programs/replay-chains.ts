import { domainOf } from '../../../../sdk/chain/deployment.ts';
import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { DeliveryDesk } from '../world/delivery-desk.ts';
import { SESSION_BYTES, viewerKey } from '../world/honest-work.ts';
import { Purse } from '../world/party.ts';
import { claimReceipts, redeem } from '../world/settle-directly.ts';

/** The same contracts at the same address of another chain, where the same parties deal. */
const OTHER_CHAIN_ID = 1n;

/** The chain id is in the domain of every signature. */
export const replayChains: Attack = {
  name: 'replay-chains',
  description: 'A node presents grants, receipts and a voucher that were signed for another chain.',
  refusals: [
    'GRANT_BAD_SIGNATURE',
    'InvalidGrantSignature',
    'InvalidReceiptSignature',
    'InvalidVoucherSignature',
  ],

  async run(world) {
    const { operator, refusals } = world;
    const deal = await world.openDeal({ word: 'chains', amounts: [[operator, 10n * TOKEN_WEI]] });
    const foreign = { ...domainOf(operator.deployment), chainId: OTHER_CHAIN_ID };
    const viewer = viewerKey(1);
    const grant = deal.grant({ node: operator.address, viewer, epoch: world.epoch });
    const foreignGrant = deal.signGrant(grant, deal.grantKey, foreign);
    const desk = await DeliveryDesk.open(world, deal, operator);
    refusals.expectRefused(desk.open(foreignGrant));
    const ended = await world.endEpochs();
    const purse = await Purse.open(operator);
    const all = deal.receipt(foreignGrant, viewer, SESSION_BYTES, foreign);
    await refusals.expect(claimReceipts(operator, deal, ended, [all]));
    const receiptOnly = deal.receipt(deal.signGrant(grant), viewer, SESSION_BYTES, foreign);
    await refusals.expect(claimReceipts(operator, deal, ended, [receiptOnly]));
    const owed = { node: operator.address, throughEpoch: ended, cumulative: TOKEN_WEI };
    await refusals.expect(redeem(operator, deal.voucher(owed, deal.collectorKey, foreign)));
    return purse.close();
  },
};
