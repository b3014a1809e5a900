import { topUpCall } from '../../../sdk/chain/market-calls.ts';
import { signPermit } from '../../../sdk/chain/permits.ts';
import type { TransactionSender } from '../../../sdk/chain/transactions.ts';
import type { DealId } from '../../../sdk/protocol/identifiers.ts';

/** Adds tokens to a deal's free part, by the call that publishers send. */
export async function topUp(sender: TransactionSender, dealId: DealId, amountWei: bigint): Promise<void> {
  const { market } = sender.deployment;
  const permit = { permit: await signPermit(sender, market, amountWei), amountWei };
  await sender.send({ to: market, data: topUpCall({ dealId, amountWei, allocations: [], permit }) });
}
