import { EmptyState } from '../../../sdk/ui/empty-state.tsx';
import { Table } from '../../../sdk/ui/table.tsx';
import { MarketNow } from '../landing/market-figures.tsx';
import { fetchDeals } from '../market-data/deals.ts';
import { Loaded } from '../market-data/loaded.tsx';
import { fetchNodes } from '../market-data/nodes.ts';
import { fetchStatistics } from '../market-data/statistics.ts';
import { useMarketData } from '../market-data/use-market-data.ts';
import { Page } from '../shell/page.tsx';
import { paths } from '../shell/paths.ts';
import { dealColumns } from './deal-columns.tsx';
import { NodeTable } from './node-table.tsx';
import { SearchBox } from './search-box.tsx';

const ROWS = 6;
const EVERY_MS = 10_000;

/** The explorer's first page: search, the market now, newest deals, nodes. */
export function Overview() {
  const statistics = useMarketData((signal) => fetchStatistics({ hours: 1, points: 2 }, signal), {
    key: 'now',
    everyMs: EVERY_MS,
  });
  const deals = useMarketData((signal) => fetchDeals({ limit: ROWS }, signal), {
    key: 'deals',
    everyMs: EVERY_MS,
  });
  const nodes = useMarketData((signal) => fetchNodes({ limit: ROWS }, signal), {
    key: 'nodes',
    everyMs: EVERY_MS,
  });
  return (
    <Page
      title="Explore"
      lead="Every node, deal, batch of receipts and transaction of this network, in sentences, with the figures behind them."
    >
      <SearchBox />
      <Loaded data={statistics} what="the market's figures" lines={2}>
        {({ now }) => <MarketNow now={now} />}
      </Loaded>
      <section class="stack" aria-labelledby="newest-deals">
        <div class="spread">
          <h2 id="newest-deals">Newest deals</h2>
          <a href={paths.deals}>All deals</a>
        </div>
        <Loaded data={deals} what="deals">
          {(page) =>
            page.total === 0 ? (
              <EmptyState title="No deal was opened yet">
                <p>
                  The first one appears here as soon as it is mined.{' '}
                  <a href={paths.newDistribution}>Open it</a>.
                </p>
              </EmptyState>
            ) : (
              <Table
                caption="Newest deals"
                columns={dealColumns}
                rows={page.deals}
                rowKey={({ dealId }) => dealId}
              />
            )
          }
        </Loaded>
      </section>
      <section class="stack" aria-labelledby="some-nodes">
        <div class="spread">
          <h2 id="some-nodes">Nodes</h2>
          <a href={paths.nodes}>All nodes</a>
        </div>
        <Loaded data={nodes} what="nodes">
          {(page) => <NodeTable nodes={page.nodes} />}
        </Loaded>
      </section>
      <p>
        Also: <a href={paths.transactions}>everything that the contracts announced</a>.
      </p>
    </Page>
  );
}
