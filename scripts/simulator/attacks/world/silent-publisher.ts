import { priceWei } from '../../../../sdk/protocol/price.ts';
import type { Epoch } from '../../../../sdk/protocol/identifiers.ts';
import type { ReceiptWithGrant } from '../../../../sdk/protocol/receipt.ts';
import type { AttackResult } from '../attack.ts';
import { TOKEN_WEI, type AttackWorld } from './attack-world.ts';
import { SESSION_BYTES, receiptsOf } from './honest-work.ts';
import { Purse } from './party.ts';
import { RATE_WEI_PER_GIB, type PlayedDeal } from './played-deal.ts';

/** How the operator of a deal whose publisher is silent gets its money. */
export type Claiming = (
  deal: PlayedDeal,
  toEpoch: Epoch,
  receipts: readonly ReceiptWithGrant[],
) => Promise<unknown>;

/**
 * A publisher that lets a node serve, never signs a voucher, and takes back what is left as soon as it can. It won what
 * the node did not get; the operator's own loss is gas.
 */
export async function playSilentPublisher(
  world: AttackWorld,
  { word, sessions, claim }: { word: string; sessions: number; claim: Claiming },
): Promise<AttackResult> {
  const { operator, publisher } = world;
  const purse = await Purse.open(publisher);
  const deal = await world.openDeal({ word, amounts: [[operator, 20n * TOKEN_WEI]] });
  const receipts = receiptsOf(deal, operator, world.epoch, { count: sessions });
  const owedWei = priceWei(BigInt(sessions) * SESSION_BYTES, RATE_WEI_PER_GIB);
  const operatorPurse = await Purse.open(operator);
  await claim(deal, await world.endEpochs(), receipts);
  const got = await operatorPurse.close();
  await deal.reclaim(world.untilThawed);
  const { paidWei } = await deal.allocationOf(operator);
  const shortfallWei = owedWei - world.feeWei(owedWei) - got.grossWei;
  return { ...(await purse.close(-paidWei)), takenWei: shortfallWei };
}
