import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { receiptsOf } from '../world/honest-work.ts';
import { Purse } from '../world/party.ts';
import { PlayedClaim } from '../world/played-claim.ts';
import { claimReceipts, redeem } from '../world/settle-directly.ts';

/** Receipts and vouchers name one node. */
export const replayNodes: Attack = {
  name: 'replay-nodes',
  description: 'A node claims what viewers signed for another node of the deal, and redeems its voucher.',
  refusals: ['InvalidGrantSignature', 'WrongNode', 'InvalidVoucherSignature'],

  async run(world) {
    const { operator: thief, rival: victim, refusals } = world;
    const deal = await world.openDeal({
      word: 'replay nodes',
      amounts: [
        [thief, 10n * TOKEN_WEI],
        [victim, 10n * TOKEN_WEI],
      ],
    });
    const stolen = receiptsOf(deal, victim, world.epoch, { count: 3 });
    const cumulative = 3n * TOKEN_WEI;
    const ended = await world.endEpochs();
    const purse = await Purse.open(thief);
    await refusals.expect(claimReceipts(thief, deal, ended, stolen));
    const voucher = deal.voucher({ node: victim.address, throughEpoch: ended, cumulative });
    await refusals.expect(redeem(thief, voucher));
    const renamed = { ...voucher, voucher: { ...voucher.voucher, node: thief.address } };
    await refusals.expect(redeem(thief, renamed));
    await new PlayedClaim(world, { node: thief, deal, receipts: stolen }).lose(ended);
    return purse.close();
  },
};
