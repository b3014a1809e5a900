import { EmptyState } from '../../../sdk/ui/empty-state.tsx';
import { Table } from '../../../sdk/ui/table.tsx';
import { ownDealColumns } from '../explorer/deal-columns.tsx';
import { fetchDeals } from '../market-data/deals.ts';
import { Loaded } from '../market-data/loaded.tsx';
import { useMarketData } from '../market-data/use-market-data.ts';
import { Page } from '../shell/page.tsx';
import { paths } from '../shell/paths.ts';
import { WalletGate } from '../wallet/wallet-gate.tsx';

const EVERY_MS = 10_000;
/** Distributions of one account that are listed; the explorer has all. */
const LISTED = 100;

const columns = ownDealColumns({
  ...{ deal: 'Distribution', what: 'deal', href: paths.distribution, withdrawn: 'Taken back' },
});

/** Distributions of the connected wallet. */
export default function Distributions() {
  return (
    <Page title="Distributions" lead="What this account pays to have delivered.">
      <WalletGate purpose="to see your distributions">
        {(wallet) => <OwnDistributions key={wallet.address} publisher={wallet.address} />}
      </WalletGate>
    </Page>
  );
}

function OwnDistributions({ publisher }: { readonly publisher: string }) {
  const deals = useMarketData((signal) => fetchDeals({ publisher, limit: LISTED }, signal), {
    key: publisher,
    everyMs: EVERY_MS,
  });
  return (
    <>
      <div class="row">
        <a class="button button-primary" href={paths.newDistribution}>
          New distribution
        </a>
      </div>
      <Loaded data={deals} what="your distributions" lines={6}>
        {({ deals: rows }) =>
          rows.length === 0 ? (
            <EmptyState title="You distribute nothing yet.">
              <p>A first one takes a file, one signature and one transaction.</p>
            </EmptyState>
          ) : (
            <Table
              caption="Your distributions"
              columns={columns}
              rows={rows}
              rowKey={({ dealId }) => dealId}
            />
          )
        }
      </Loaded>
    </>
  );
}
