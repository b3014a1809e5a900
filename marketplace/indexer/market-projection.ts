import { epochAt } from '../../sdk/protocol/epoch.ts';
import type { Row } from '../database/database.ts';
import type { ProjectionRows } from '../database/projection-rows.ts';
import { integerOf } from '../database/rows.ts';
import { argument, bigintArgument, integerArgument, type ChainEvent } from './chain-event.ts';
import { applyClaimEvent } from './claim-projection.ts';
import { changeAllocation, changeDeal, plus, requireAllocation } from './deal-rows.ts';
import { applyPeerPoolEvent } from './peer-pool-projection.ts';

/** What an event of the deal market changes in deals, allocations, claims and peer pools. */
export async function applyMarketEvent(
  rows: ProjectionRows,
  event: ChainEvent,
  epochSeconds: number,
): Promise<void> {
  const dealId = argument(event, 'dealId');
  switch (event.name) {
    case 'DealOpened':
      return rows.put('deals', openedDeal(event, dealId));
    case 'ToppedUp':
      return changeDeal(rows, dealId, (deal) => ({
        free_wei: plus(deal, 'free_wei', bigintArgument(event, 'amountWei')),
        deposited_wei: plus(deal, 'deposited_wei', bigintArgument(event, 'amountWei')),
      }));
    case 'Withdrawn':
      return changeDeal(rows, dealId, (deal) => ({
        free_wei: plus(deal, 'free_wei', -bigintArgument(event, 'amountWei')),
        withdrawn_wei: plus(deal, 'withdrawn_wei', bigintArgument(event, 'amountWei')),
      }));
    case 'DealClosing':
      return changeDeal(rows, dealId, () => ({ state: 'closing' }));
    case 'DealClosed':
      return changeDeal(rows, dealId, () => ({ state: 'closed' }));
    case 'KeysRotated':
      return changeDeal(rows, dealId, (deal) => ({
        previous_grant_key: deal['grant_key'] ?? null,
        previous_collector: deal['collector'] ?? null,
        grant_key: argument(event, 'grantKey'),
        collector: argument(event, 'collector'),
        key_last_epoch: integerArgument(event, 'keyLastEpoch'),
      }));
    case 'Allocated':
      return allocate(rows, event, epochSeconds);
    case 'ThawStarted':
      return changeAllocation(rows, event, () => ({
        state: 'thawing',
        thaw_end: integerArgument(event, 'thawEndEpoch'),
      }));
    case 'Released':
      return release(rows, event);
    case 'VoucherRedeemed':
      return pay(rows, event, integerArgument(event, 'throughEpoch'));
    case 'DirectClaimed':
      return claimDirect(rows, event);
    default:
      // FeesCollected and events of later versions change nothing that is shown.
      await applyClaimEvent(rows, event);
      await applyPeerPoolEvent(rows, event);
  }
}

function openedDeal(event: ChainEvent, dealId: string): Row {
  return {
    deal_id: dealId,
    publisher: argument(event, 'publisher'),
    state: 'open',
    content_root: argument(event, 'contentRoot'),
    content_codec: integerArgument(event, 'contentCodec'),
    service_level: integerArgument(event, 'serviceLevel'),
    grant_key: argument(event, 'grantKey'),
    collector: argument(event, 'collector'),
    previous_grant_key: null,
    previous_collector: null,
    key_last_epoch: 0,
    free_wei: argument(event, 'depositWei'),
    deposited_wei: argument(event, 'depositWei'),
    withdrawn_wei: '0',
    opened_block: event.blockNumber,
  };
}

async function allocate(rows: ProjectionRows, event: ChainEvent, epochSeconds: number): Promise<void> {
  const dealId = argument(event, 'dealId');
  const node = argument(event, 'node');
  const amountWei = bigintArgument(event, 'amountWei');
  const existing = await rows.read('allocations', [dealId, node]);
  const allocation: Row = existing ?? {
    deal_id: dealId,
    node,
    rate_per_gib: argument(event, 'ratePerGiB'),
    allocated_wei: '0',
    balance_wei: '0',
    locked_wei: '0',
    paid_wei: '0',
    fee_wei: '0',
    released_wei: '0',
    // The contract settles the epochs before an allocation by creating it.
    through_epoch: epochAt(event.blockTimestampSeconds, epochSeconds) - 1,
  };
  await rows.put('allocations', {
    ...allocation,
    state: 'active',
    thaw_end: 0,
    allocated_wei: plus(allocation, 'allocated_wei', amountWei),
    balance_wei: plus(allocation, 'balance_wei', amountWei),
  });
  await changeDeal(rows, dealId, (deal) => ({ free_wei: plus(deal, 'free_wei', -amountWei) }));
}

async function release(rows: ProjectionRows, event: ChainEvent): Promise<void> {
  const amountWei = bigintArgument(event, 'amountWei');
  await changeAllocation(rows, event, (allocation) => ({
    state: 'released',
    thaw_end: 0,
    balance_wei: plus(allocation, 'balance_wei', -amountWei),
    released_wei: plus(allocation, 'released_wei', amountWei),
  }));
  await changeDeal(rows, argument(event, 'dealId'), (deal) => ({
    free_wei: plus(deal, 'free_wei', amountWei),
  }));
}

async function pay(rows: ProjectionRows, event: ChainEvent, throughEpoch: number): Promise<void> {
  const paidWei = bigintArgument(event, 'paidWei');
  await changeAllocation(rows, event, (allocation) => ({
    balance_wei: plus(allocation, 'balance_wei', -paidWei),
    paid_wei: plus(allocation, 'paid_wei', paidWei),
    fee_wei: plus(allocation, 'fee_wei', bigintArgument(event, 'feeWei')),
    through_epoch: throughEpoch,
  }));
}

async function claimDirect(rows: ProjectionRows, event: ChainEvent): Promise<void> {
  const toEpoch = integerArgument(event, 'toEpoch');
  const allocation = await requireAllocation(rows, event);
  await rows.put('direct_claims', {
    deal_id: argument(event, 'dealId'),
    node: argument(event, 'node'),
    to_epoch: toEpoch,
    after_epoch: integerOf(allocation, 'through_epoch'),
    bytes_total: argument(event, 'bytesTotal'),
    paid_wei: argument(event, 'paidWei'),
  });
  await pay(rows, event, toEpoch);
}
