import type { Row } from '../database/database.ts';
import type { ProjectionRows } from '../database/projection-rows.ts';
import { bigintOf, optionalTextOf, textOf } from '../database/rows.ts';
import { argument, bigintArgument, integerArgument, type ChainEvent } from './chain-event.ts';
import { changeDeal, plus } from './deal-rows.ts';

/** What an event of a peer pool changes in pools, their payments and deals (contracts/interfaces/IPeerPools.sol). */
export async function applyPeerPoolEvent(rows: ProjectionRows, event: ChainEvent): Promise<void> {
  switch (event.name) {
    case 'PeerPoolFunded':
      return fund(rows, event);
    case 'PeerRootPosted':
      return changePool(rows, event, (pool) => ({
        previous_root: optionalTextOf(pool, 'root') ?? null,
        root: argument(event, 'root'),
        posted_wei: argument(event, 'totalWei'),
        sequence: integerArgument(event, 'sequence'),
        posted_at_seconds: event.blockTimestampSeconds,
      }));
    case 'PeerPaid':
      return pay(rows, event);
    case 'PeerPoolThawing':
      return changePool(rows, event, () => ({ thaw_end: integerArgument(event, 'thawEndEpoch') }));
    case 'PeerPoolReleased':
      return release(rows, event);
    default:
      return;
  }
}

async function fund(rows: ProjectionRows, event: ChainEvent): Promise<void> {
  const amountWei = bigintArgument(event, 'amountWei');
  await changePool(rows, event, (pool) => ({ funded_wei: plus(pool, 'funded_wei', amountWei), thaw_end: 0 }));
  await changeDeal(rows, argument(event, 'dealId'), (deal) => ({
    free_wei: plus(deal, 'free_wei', -amountWei),
  }));
}

async function pay(rows: ProjectionRows, event: ChainEvent): Promise<void> {
  await changePool(rows, event, (pool) => ({
    claimed_wei: plus(pool, 'claimed_wei', bigintArgument(event, 'amountWei')),
  }));
  await rows.put('peer_payments', {
    deal_id: argument(event, 'dealId'),
    peer: argument(event, 'peer'),
    paid_wei: argument(event, 'cumulativeWei'),
  });
}

async function release(rows: ProjectionRows, event: ChainEvent): Promise<void> {
  await changePool(rows, event, (pool) => ({ funded_wei: textOf(pool, 'claimed_wei'), thaw_end: 0 }));
  await changeDeal(rows, argument(event, 'dealId'), (deal) => ({
    free_wei: (bigintOf(deal, 'free_wei') + bigintArgument(event, 'amountWei')).toString(),
  }));
}

/** A pool comes into being with its first event. */
async function changePool(
  rows: ProjectionRows,
  event: ChainEvent,
  change: (pool: Row) => Row,
): Promise<void> {
  const dealId = argument(event, 'dealId');
  const pool: Row = (await rows.read('peer_pools', [dealId])) ?? {
    deal_id: dealId,
    funded_wei: '0',
    claimed_wei: '0',
    posted_wei: '0',
    root: null,
    previous_root: null,
    sequence: 0,
    posted_at_seconds: 0,
    thaw_end: 0,
  };
  await rows.put('peer_pools', { ...pool, ...change(pool) });
}
