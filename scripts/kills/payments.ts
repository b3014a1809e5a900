import type { JsonRpcProvider } from 'ethers';

import { claimsInterface, connectContracts, marketInterface } from '../../sdk/chain/contracts.ts';
import type { Deployment } from '../../sdk/chain/deployment.ts';
import { parseAddress, type Address, type DealId } from '../../sdk/protocol/identifiers.ts';
import type { Phase } from './kill-plan.ts';

/** One payment as the chain logged it. */
export interface LoggedPayment {
  readonly route: Phase;
  readonly throughEpoch: number;
  readonly paidWei: bigint;
}

/** What a node of a deal was paid, and what an open claim of it has locked. */
export interface ChainPay {
  readonly paidWei: bigint;
  readonly lockedWei: bigint;
  readonly throughEpoch: number;
}

export interface PaidNode {
  readonly dealId: DealId;
  readonly node: Address;
}

const PAYING_EVENTS: Readonly<Record<string, { readonly route: Phase; readonly epochField: string }>> = {
  VoucherRedeemed: { route: 'voucher', epochField: 'throughEpoch' },
  DirectClaimed: { route: 'direct-claim', epochField: 'toEpoch' },
  ClaimPaid: { route: 'sampled-claim', epochField: 'toEpoch' },
};

/** Reads the sums of an allocation off the chain. */
export async function readChainPay(
  provider: JsonRpcProvider,
  deployment: Deployment,
  { dealId, node }: PaidNode,
): Promise<ChainPay> {
  const { market } = connectContracts(provider, deployment);
  const { paidWei, lockedWei, throughEpoch } = await market.allocationOf(dealId, node);
  return { paidWei, lockedWei, throughEpoch: Number(throughEpoch) };
}

/** Every payment of a node by a deal, oldest first, from the logs: what the node itself noted plays no part. */
export async function readPayments(
  provider: JsonRpcProvider,
  deployment: Deployment,
  { dealId, node }: PaidNode,
): Promise<LoggedPayment[]> {
  const logs = await provider.getLogs({ address: deployment.market, fromBlock: deployment.deployedAtBlock });
  return logs.flatMap((log) => {
    const event = marketInterface.parseLog(log) ?? claimsInterface.parseLog(log);
    const paying = event === null ? undefined : PAYING_EVENTS[event.name];
    if (event === null || paying === undefined) return [];
    const fields = event.args.toObject() as Record<string, unknown>;
    if (fields['dealId'] !== dealId || parseAddress(String(fields['node'])) !== node) return [];
    return {
      route: paying.route,
      throughEpoch: Number(fields[paying.epochField]),
      paidWei: BigInt(String(fields['paidWei'])),
    };
  });
}

/**
 * Payments that paid something twice: a claim that paid more than the receipts of its epochs are worth, or a voucher
 * after which everything that was ever paid exceeds what all receipts up to its epoch are worth.
 *
 * @param worthWei what the receipts of the epochs above one and up to another are worth
 */
export function doublePayments(
  payments: readonly LoggedPayment[],
  worthWei: (afterEpoch: number, throughEpoch: number) => bigint,
): LoggedPayment[] {
  let settledThrough = -1;
  let paidWei = 0n;
  return payments.filter((payment) => {
    const afterEpoch = settledThrough;
    settledThrough = payment.throughEpoch;
    paidWei += payment.paidWei;
    if (paidWei > worthWei(-1, payment.throughEpoch)) return true;
    return payment.route !== 'voucher' && payment.paidWei > worthWei(afterEpoch, payment.throughEpoch);
  });
}
