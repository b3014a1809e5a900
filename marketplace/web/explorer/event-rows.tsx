import { useState } from 'preact/hooks';

import { EmptyState } from '../../../sdk/ui/empty-state.tsx';
import { Identifier } from '../../../sdk/ui/identifier.tsx';
import { Instant } from '../../../sdk/ui/instant.tsx';
import { Table, type Column } from '../../../sdk/ui/table.tsx';
import { fetchEvents, type ChainEvent, type EventWish } from '../market-data/chain-events.ts';
import { Loaded } from '../market-data/loaded.tsx';
import { useMarketData } from '../market-data/use-market-data.ts';
import { paths } from '../shell/paths.ts';
import { EventArguments } from './event-arguments.tsx';
import { Pager } from './pager.tsx';
import { eventText } from './sentences.ts';

const LIMIT = 25;
const EVERY_MS = 10_000;

const columnsFor = (omitted: string | undefined): readonly Column<ChainEvent>[] => [
  { id: 'what', title: 'What', cell: ({ name }) => eventText(name) },
  { id: 'details', title: 'Details', cell: (event) => <EventArguments event={event} omitted={omitted} /> },
  {
    id: 'when',
    title: 'When',
    cell: ({ at, blockNumber }) => (at === null ? `block ${blockNumber}` : <Instant at={at} isPast />),
  },
  {
    id: 'transaction',
    title: 'Transaction',
    cell: ({ transactionHash }) => (
      <Identifier value={transactionHash} what="transaction hash" href={paths.transaction(transactionHash)} />
    ),
  },
];

/** Events of the contracts that concern a deal or a node, newest first. */
export function EventRows({ wish }: { readonly wish: EventWish }) {
  const [offset, setOffset] = useState(0);
  const events = useMarketData((signal) => fetchEvents({ ...wish, offset, limit: LIMIT }, signal), {
    key: `${JSON.stringify(wish)}-${offset}`,
    everyMs: EVERY_MS,
  });
  return (
    <Loaded data={events} what="events">
      {(page) =>
        page.total === 0 ? (
          <EmptyState title="Nothing was announced yet" />
        ) : (
          <>
            <Table
              caption="Events of the contracts"
              columns={columnsFor(wish.deal ?? wish.node)}
              rows={page.events}
              rowKey={({ transactionHash, logIndex }) => `${transactionHash}-${logIndex}`}
            />
            <Pager total={page.total} offset={offset} limit={LIMIT} onMove={setOffset} />
          </>
        )
      }
    </Loaded>
  );
}
