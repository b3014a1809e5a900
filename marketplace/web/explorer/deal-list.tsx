import { useState } from 'preact/hooks';

import { EmptyState } from '../../../sdk/ui/empty-state.tsx';
import { Field } from '../../../sdk/ui/field.tsx';
import { Table } from '../../../sdk/ui/table.tsx';
import { fetchDeals, type Deal, type DealWish } from '../market-data/deals.ts';
import { Loaded } from '../market-data/loaded.tsx';
import { useMarketData } from '../market-data/use-market-data.ts';
import { Page } from '../shell/page.tsx';
import { paths } from '../shell/paths.ts';
import { dealColumns } from './deal-columns.tsx';
import { Pager } from './pager.tsx';
import { Trail } from './trail.tsx';

const LIMIT = 50;
const EVERY_MS = 10_000;
const STATES: readonly Deal['state'][] = ['open', 'closing', 'closed'];

/** All deals, and with them all contents that somebody pays for. */
export function DealList() {
  const [state, setState] = useState<Deal['state']>();
  return (
    <Page
      above={<Trail />}
      title="Deals and contents"
      lead="A deal is what a publisher escrows for the delivery of one content: who may earn it, at what price, until when."
    >
      <Field label="State">
        {(control) => (
          <select
            {...control}
            class="narrow"
            value={state ?? ''}
            onChange={(event) => setState(STATES.find((one) => one === event.currentTarget.value))}
          >
            <option value="">all</option>
            {STATES.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        )}
      </Field>
      <DealRows key={state} wish={state === undefined ? {} : { state }} />
    </Page>
  );
}

/** Deals that answer to a wish, page by page. */
export function DealRows({ wish }: { readonly wish: DealWish }) {
  const [offset, setOffset] = useState(0);
  const deals = useMarketData((signal) => fetchDeals({ ...wish, offset, limit: LIMIT }, signal), {
    key: `deals-${JSON.stringify(wish)}-${offset}`,
    everyMs: EVERY_MS,
  });
  return (
    <Loaded data={deals} what="deals" lines={6}>
      {(page) =>
        page.total === 0 ? (
          <EmptyState title="There is no such deal">
            <p>
              Deals appear here as soon as they are mined. <a href={paths.newDistribution}>Open one</a>.
            </p>
          </EmptyState>
        ) : (
          <>
            <Table caption="Deals" columns={dealColumns} rows={page.deals} rowKey={({ dealId }) => dealId} />
            <Pager total={page.total} offset={offset} limit={LIMIT} onMove={setOffset} />
          </>
        )
      }
    </Loaded>
  );
}
