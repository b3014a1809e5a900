import { Page } from '../shell/page.tsx';
import { EventRows } from './event-rows.tsx';
import { Trail } from './trail.tsx';

/** Everything that the contracts announced. */
export function TransactionList() {
  return (
    <Page
      above={<Trail />}
      title="Transactions"
      lead="What the contracts of this network announced, newest first, each with the transaction that did it."
    >
      <EventRows wish={{}} />
    </Page>
  );
}
