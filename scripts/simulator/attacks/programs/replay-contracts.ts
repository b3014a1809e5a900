import type { Attack } from '../attack.ts';
import { AttackWorld, TOKEN_WEI } from '../world/attack-world.ts';
import { receiptsOf } from '../world/honest-work.ts';
import { Purse } from '../world/party.ts';
import { claimReceipts, redeem } from '../world/settle-directly.ts';

/** The address of the market is in the domain of every signature, and in the identifier of every deal. */
export const replayContracts: Attack = {
  name: 'replay-contracts',
  description: 'A node that was paid by one market presents the same receipts and voucher to another one.',
  refusals: ['InvalidGrantSignature', 'InvalidVoucherSignature'],

  async run(world) {
    const { operator, refusals } = world;
    const elsewhere = await AttackWorld.build(world.chain, world.streams, await world.chain.deploy());
    const word = 'contracts';
    const there = await elsewhere.openDeal({ word, amounts: [[elsewhere.operator, 10n * TOKEN_WEI]] });
    const here = await world.openDeal({ word, amounts: [[operator, 10n * TOKEN_WEI]] });
    const receipts = receiptsOf(there, operator, world.epoch, { count: 3 });
    const ended = await world.endEpochs();
    await claimReceipts(elsewhere.operator, there, ended, receipts);
    const purse = await Purse.open(operator);
    await refusals.expect(claimReceipts(operator, here, ended, receipts));
    const renamed = receipts.map((pair) => {
      const { grant, signature } = pair.signedGrant;
      return { ...pair, signedGrant: { grant: { ...grant, dealId: here.dealId }, signature } };
    });
    await refusals.expect(claimReceipts(operator, here, ended, renamed));
    const owed = { node: operator.address, throughEpoch: ended, cumulative: TOKEN_WEI };
    const { voucher, signature } = there.voucher(owed);
    await refusals.expect(redeem(operator, { voucher: { ...voucher, dealId: here.dealId }, signature }));
    return purse.close();
  },
};
