import { MAX_UINT32 } from '../../sdk/protocol/limits.ts';
import type { Sql } from '../database/database.ts';
import type { AllocationRecord } from '../database/deal-records.ts';
import { sumGrantedBytes } from '../database/grant-ledger.ts';
import type { DealEarnings } from './operator-earnings.ts';

/** What a node has still to do before it has all that its allocation can pay it. */
export const OUTSTANDING_STEPS = ['receipts', 'payment', 'claim'] as const;
export type OutstandingStep = (typeof OUTSTANDING_STEPS)[number];

/**
 * What stands between a node and the last of its pay: a claim that is not decided; a payment that the receipts known here
 * are worth; or receipts of grants for epochs that it has not handed in. Undefined when taking the allocation back would
 * cost it nothing. Whoever takes an allocation back before has the node lose what it has delivered (SPEC.md, end of a deal).
 */
export async function readOutstanding(
  sql: Sql,
  allocation: AllocationRecord,
  earnings: Pick<DealEarnings, 'meteredWei' | 'handedInThrough'>,
): Promise<OutstandingStep | undefined> {
  const { state, lockedWei, balanceWei, paidWei } = allocation;
  if (lockedWei > 0n) return 'claim';
  if (state === 'released' || balanceWei === 0n) return undefined;
  if (earnings.meteredWei > paidWei) return 'payment';
  const hasGrants = earnings.handedInThrough < MAX_UINT32;
  const grantedBytes = hasGrants ? await sumGrantedBytes(sql, allocation, earnings.handedInThrough) : 0n;
  return grantedBytes > 0n ? 'receipts' : undefined;
}
