import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { ClosedDoor } from '../world/closed-door.ts';
import { CoordinatorDesk } from '../world/coordinator-desk.ts';
import { Purse } from '../world/party.ts';
import { redeem } from '../world/settle-directly.ts';

const VIEWERS = 8;

/**
 * Viewer keys cost an operator nothing, but the publisher's log-in service signs for none of his: he is granted nothing that
 * he could sign receipts for. `open-deal-fake-viewers` is the same without an audience.
 */
export const fakeViewers: Attack = {
  name: 'fake-viewers',
  description:
    'An operator asks for grants as viewers of its own, with admissions that it forged, overheard or kept.',
  refusals: [
    'AUDIENCE_SIGNATURE_INVALID',
    'AUDIENCE_OUTDATED',
    'VIEWER_NOT_ADMITTED',
    'GRANT_UNKNOWN',
    'RECEIPT_SIGNATURE_INVALID',
    'NothingDue',
  ],

  async run(world) {
    const { operator, publisher, refusals } = world;
    return CoordinatorDesk.with(world, async (coordinator) => {
      const deal = await world.openDeal({
        word: 'fake viewers of an audience',
        amounts: [[operator, 10n * TOKEN_WEI]],
        keys: await coordinator.createKeys(publisher),
      });
      await coordinator.index();
      const purse = await Purse.open(operator);
      const door = await ClosedDoor.close(world, coordinator, { deal, attacker: operator });
      const overheard = await door.grantToKnownViewer(operator);
      await door.knock(operator, operator, VIEWERS);
      const madeUp = door.madeUpReceipts(operator, operator, overheard);
      const ended = await world.endEpochs();
      await coordinator.index();
      const { refused, voucher } = await coordinator.settle(deal, operator, ended, madeUp);
      for (const { code } of refused) refusals.note(code);
      if (voucher !== undefined) await refusals.expect(redeem(operator, voucher));
      return purse.close();
    });
  },
};
