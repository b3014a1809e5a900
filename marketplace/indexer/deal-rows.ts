import type { Row } from '../database/database.ts';
import type { ProjectionRows } from '../database/projection-rows.ts';
import { bigintOf } from '../database/rows.ts';
import { MarketplaceError } from '../errors.ts';
import { argument, type ChainEvent } from './chain-event.ts';

/** Changes columns of a deal. @throws MarketplaceError CHAIN_RESPONSE_INVALID if it was never opened */
export async function changeDeal(
  rows: ProjectionRows,
  dealId: string,
  change: (deal: Row) => Row,
): Promise<void> {
  const deal = await rows.read('deals', [dealId]);
  if (deal === undefined) {
    throw new MarketplaceError('CHAIN_RESPONSE_INVALID', 'An event names a deal that was never opened.', {
      dealId,
    });
  }
  await rows.put('deals', { ...deal, ...change(deal) });
}

/** Changes columns of the allocation that an event names. @throws MarketplaceError CHAIN_RESPONSE_INVALID */
export async function changeAllocation(
  rows: ProjectionRows,
  event: ChainEvent,
  change: (allocation: Row) => Row,
): Promise<void> {
  const allocation = await requireAllocation(rows, event);
  await rows.put('allocations', { ...allocation, ...change(allocation) });
}

/** The allocation that an event names. @throws MarketplaceError CHAIN_RESPONSE_INVALID if there is none */
export async function requireAllocation(rows: ProjectionRows, event: ChainEvent): Promise<Row> {
  const dealId = argument(event, 'dealId');
  const node = argument(event, 'node');
  const allocation = await rows.read('allocations', [dealId, node]);
  if (allocation === undefined) {
    throw new MarketplaceError(
      'CHAIN_RESPONSE_INVALID',
      'An event names an allocation that was never made.',
      {
        dealId,
        node,
      },
    );
  }
  return allocation;
}

/** A sum as decimal text; a balance that would fall below zero means that events are missing. */
export function plus(row: Row, column: string, amountWei: bigint): string {
  const sum = bigintOf(row, column) + amountWei;
  if (sum < 0n) {
    throw new MarketplaceError('CHAIN_RESPONSE_INVALID', `Events make ${column} negative.`, { column });
  }
  return sum.toString();
}
