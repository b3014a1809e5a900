import type { Row } from '../database/database.ts';
import type { ProjectionRows } from '../database/projection-rows.ts';
import { bigintOf } from '../database/rows.ts';
import { MarketplaceError } from '../errors.ts';
import { argument, bigintArgument, integerArgument, type ChainEvent } from './chain-event.ts';
import { changeAllocation, plus, requireAllocation } from './deal-rows.ts';

/** What an event of a sampled claim changes in claims and allocations (contracts/interfaces/ISampledClaims.sol). */
export async function applyClaimEvent(rows: ProjectionRows, event: ChainEvent): Promise<void> {
  switch (event.name) {
    case 'ClaimCommitted':
      return commit(rows, event);
    case 'SeedPinned':
      return changeClaim(rows, event, await openClaimEpoch(rows, event), { state: 'seeded' });
    case 'StrataOpened':
      return changeClaim(rows, event, await openClaimEpoch(rows, event), {
        opened_strata: integerArgument(event, 'openedStrata'),
      });
    case 'ClaimPaid':
      await unlock(rows, event, (allocation) => ({
        paid_wei: plus(allocation, 'paid_wei', bigintArgument(event, 'paidWei')),
        fee_wei: plus(allocation, 'fee_wei', bigintArgument(event, 'feeWei')),
      }));
      return changeClaim(rows, event, integerArgument(event, 'toEpoch'), { state: 'paid' });
    case 'ClaimVoided':
      await unlock(rows, event, returned);
      return changeClaim(rows, event, integerArgument(event, 'toEpoch'), { state: 'void' });
    case 'ClaimSuperseded':
      // The payment by the voucher is an event of its own.
      await unlock(rows, event, returned);
      return changeClaim(rows, event, integerArgument(event, 'toEpoch'), { state: 'superseded' });
    default:
      // ClaimSalted changes nothing that is shown.
      return;
  }
}

async function commit(rows: ProjectionRows, event: ChainEvent): Promise<void> {
  const lockedWei = bigintArgument(event, 'lockedWei');
  const toEpoch = integerArgument(event, 'toEpoch');
  await rows.put('sampled_claims', {
    deal_id: argument(event, 'dealId'),
    node: argument(event, 'node'),
    to_epoch: toEpoch,
    after_epoch: integerArgument(event, 'fromEpoch'),
    state: 'committed',
    root: argument(event, 'root'),
    bytes_total: argument(event, 'totalBytes'),
    locked_wei: lockedWei.toString(),
    bond_wei: argument(event, 'bondWei'),
    seed_block: integerArgument(event, 'seedBlock'),
    opened_strata: 0,
  });
  await changeAllocation(rows, event, (allocation) => ({
    balance_wei: plus(allocation, 'balance_wei', -lockedWei),
    locked_wei: lockedWei.toString(),
    // However the claim ends, its epochs are settled.
    through_epoch: toEpoch,
  }));
}

/** Ends the lock of a claim that is decided. */
function unlock(rows: ProjectionRows, event: ChainEvent, change: (allocation: Row) => Row): Promise<void> {
  return changeAllocation(rows, event, (allocation) => ({ ...change(allocation), locked_wei: '0' }));
}

function returned(allocation: Row): Row {
  return { balance_wei: plus(allocation, 'balance_wei', bigintOf(allocation, 'locked_wei')) };
}

/** An open claim is for the epochs up to the allocation's `throughEpoch`. */
async function openClaimEpoch(rows: ProjectionRows, event: ChainEvent): Promise<number> {
  return Number((await requireAllocation(rows, event))['through_epoch']);
}

async function changeClaim(
  rows: ProjectionRows,
  event: ChainEvent,
  toEpoch: number,
  change: Row,
): Promise<void> {
  const dealId = argument(event, 'dealId');
  const node = argument(event, 'node');
  const claim = await rows.read('sampled_claims', [dealId, node, toEpoch]);
  if (claim === undefined) {
    throw new MarketplaceError('CHAIN_RESPONSE_INVALID', 'An event names a claim that was never committed.', {
      dealId,
      node,
      toEpoch,
    });
  }
  await rows.put('sampled_claims', { ...claim, ...change });
}
