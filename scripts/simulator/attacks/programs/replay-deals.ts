import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { receiptsOf } from '../world/honest-work.ts';
import { Purse } from '../world/party.ts';
import { PlayedClaim } from '../world/played-claim.ts';
import { claimReceipts, redeem } from '../world/settle-directly.ts';

/** The deal is in every grant and voucher, and a receipt names its grant by hash. */
export const replayDeals: Attack = {
  name: 'replay-deals',
  description: 'A node presents receipts and a voucher of one deal to another deal of the same keys.',
  refusals: ['InvalidGrantSignature', 'InvalidVoucherSignature'],

  async run(world) {
    const { operator, refusals } = world;
    const amounts = [[operator, 10n * TOKEN_WEI]] as const;
    const paid = await world.openDeal({ word: 'deals, the first', keyWord: 'deals', amounts });
    const other = await world.openDeal({ word: 'deals, the second', keyWord: 'deals', amounts });
    const receipts = receiptsOf(paid, operator, world.epoch, { count: 3 });
    const ended = await world.endEpochs();
    await claimReceipts(operator, paid, ended, receipts);
    const purse = await Purse.open(operator);
    await refusals.expect(claimReceipts(operator, other, ended, receipts));
    const owed = { node: operator.address, throughEpoch: ended, cumulative: TOKEN_WEI };
    const { voucher, signature } = paid.voucher(owed);
    await refusals.expect(redeem(operator, { voucher: { ...voucher, dealId: other.dealId }, signature }));
    await new PlayedClaim(world, { node: operator, deal: other, receipts }).lose(ended);
    return purse.close();
  },
};
