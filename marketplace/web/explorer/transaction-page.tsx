import { countedText, shortIdentifier } from '../../../sdk/ui/figures.ts';
import { Identifier } from '../../../sdk/ui/identifier.tsx';
import { Instant } from '../../../sdk/ui/instant.tsx';
import { fetchTransaction, type Transaction } from '../market-data/chain-events.ts';
import { Loaded } from '../market-data/loaded.tsx';
import { useMarketData } from '../market-data/use-market-data.ts';
import { Page } from '../shell/page.tsx';
import { paths } from '../shell/paths.ts';
import { EventArguments } from './event-arguments.tsx';
import { eventText } from './sentences.ts';
import { Trail } from './trail.tsx';

/** One transaction: what the contracts of this network announced in it. */
export function TransactionPage({ hash }: { readonly hash: string }) {
  const transaction = useMarketData((signal) => fetchTransaction(hash, signal), { key: hash });
  return (
    <Page
      title={`Transaction ${shortIdentifier(hash)}`}
      above={<Trail steps={[{ href: paths.transactions, text: 'Transactions' }]} />}
    >
      <p>
        <Identifier value={hash} what="transaction hash" full />
      </p>
      <Loaded data={transaction} what="the transaction">
        {(value) => <Events transaction={value} />}
      </Loaded>
    </Page>
  );
}

function Events({ transaction }: { readonly transaction: Transaction }) {
  const { events, blockNumber, at } = transaction;
  return (
    <>
      <p class="story">
        It was mined in block {blockNumber}
        {at !== null && (
          <>
            , <Instant at={at} isPast />
          </>
        )}
        , and the contracts announced {countedText(events.length, 'thing')} in it.
      </p>
      <ol class="events">
        {events.map((event) => (
          <li key={event.logIndex} class="panel">
            <h2>{eventText(event.name)}</h2>
            <p class="soft small">
              {event.name} of the {event.contract}
            </p>
            <EventArguments event={event} />
          </li>
        ))}
      </ol>
    </>
  );
}
