import { MarketplaceError } from '../errors.ts';
import type { EventArguments } from '../indexer/chain-event.ts';
import type { Row } from './database.ts';
import { textOf } from './rows.ts';

/** Arguments of an indexed event. @throws MarketplaceError DATABASE_CORRUPT */
export function argumentsOf(row: Row): EventArguments {
  const decoded: unknown = JSON.parse(textOf(row, 'arguments'));
  if (typeof decoded === 'object' && decoded !== null) return decoded as EventArguments;
  throw new MarketplaceError('DATABASE_CORRUPT', 'An event of the index has no arguments.', {
    column: 'arguments',
  });
}
