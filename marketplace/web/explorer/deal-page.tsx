import { Amount } from '../../../sdk/ui/amount.tsx';
import { shortIdentifier } from '../../../sdk/ui/figures.ts';
import { Address, Identifier } from '../../../sdk/ui/identifier.tsx';
import { State } from '../../../sdk/ui/state.tsx';
import { Table, type Column } from '../../../sdk/ui/table.tsx';
import { fetchDeal, type Allocation, type DealWithAllocations } from '../market-data/deals.ts';
import { Loaded } from '../market-data/loaded.tsx';
import { useMarketData } from '../market-data/use-market-data.ts';
import { Page } from '../shell/page.tsx';
import { paths } from '../shell/paths.ts';
import { DealState } from './deal-columns.tsx';
import { DealSumTable } from './deal-sum-table.tsx';
import { EventRows } from './event-rows.tsx';
import { dealStory } from './sentences.ts';
import { Trail } from './trail.tsx';

const EVERY_MS = 10_000;

/** One deal: what it pays for, where its money is, which nodes may earn it. */
export function DealPage({ dealId }: { readonly dealId: string }) {
  const deal = useMarketData((signal) => fetchDeal(dealId, signal), { key: dealId, everyMs: EVERY_MS });
  return (
    <Page
      title={`Deal ${shortIdentifier(dealId)}`}
      above={<Trail steps={[{ href: paths.deals, text: 'Deals' }]} />}
    >
      <Loaded data={deal} what="the deal" lines={8}>
        {(value) => (
          <>
            <div class="story">
              {dealStory(value).map((sentence) => (
                <p key={sentence}>{sentence}</p>
              ))}
            </div>
            <Particulars deal={value} />
            <Money deal={value} />
            <Allocations deal={value} />
          </>
        )}
      </Loaded>
      {deal.failure?.refusal !== 'DEAL_NOT_FOUND' && (
        <section class="stack" aria-labelledby="deal-events">
          <h2 id="deal-events">What the contracts announced of it</h2>
          <EventRows wish={{ deal: dealId }} />
        </section>
      )}
    </Page>
  );
}

function Particulars({ deal }: { readonly deal: DealWithAllocations }) {
  return (
    <dl class="facts panel">
      <div>
        <dt>State</dt>
        <dd>
          <DealState state={deal.state} />
        </dd>
      </div>
      <div>
        <dt>Content</dt>
        <dd>
          {deal.cid === null ? (
            'no CID'
          ) : (
            <Identifier value={deal.cid} what="CID" href={paths.content(deal.cid)} />
          )}
        </dd>
      </div>
      <div>
        <dt>Publisher</dt>
        <dd>
          <Address value={deal.publisher} />
        </dd>
      </div>
      <div>
        <dt>For its publisher</dt>
        <dd>
          <a href={paths.distribution(deal.dealId)}>Distribution</a>
        </dd>
      </div>
      <div class="wide-fact">
        <dt>Deal id</dt>
        <dd>
          <Identifier value={deal.dealId} what="deal id" full />
        </dd>
      </div>
    </dl>
  );
}

/** Each line is money of the chain, and the lines add up to the deposit. */
function Money({ deal }: { readonly deal: DealWithAllocations }) {
  return (
    <section class="stack" aria-labelledby="deal-money">
      <h2 id="deal-money">Where its money is</h2>
      <DealSumTable deal={deal} />
    </section>
  );
}

const TONES = { active: 'good', thawing: 'warning', released: 'info' } as const;

function Allocations({ deal }: { readonly deal: DealWithAllocations }) {
  const columns: readonly Column<Allocation>[] = [
    { id: 'node', title: 'Node', cell: ({ node }) => <Address value={node} href={paths.node(node)} /> },
    { id: 'state', title: 'State', cell: ({ state }) => <State tone={TONES[state]}>{state}</State> },
    { id: 'rate', title: 'Per GiB', isFigure: true, cell: ({ ratePerGiB }) => <Amount wei={ratePerGiB} /> },
    {
      id: 'allocated',
      title: 'Allocated',
      isFigure: true,
      cell: ({ allocatedWei }) => <Amount wei={allocatedWei} />,
      sortBy: ({ allocatedWei }) => allocatedWei,
    },
    {
      id: 'paid',
      title: 'Paid',
      isFigure: true,
      cell: ({ paidWei }) => <Amount wei={paidWei} />,
      sortBy: ({ paidWei }) => paidWei,
    },
    { id: 'left', title: 'Left', isFigure: true, cell: ({ balanceWei }) => <Amount wei={balanceWei} /> },
    {
      id: 'receipts',
      title: 'Receipts',
      cell: ({ node }) => <a href={`${paths.batches}?deal=${deal.dealId}&node=${node}`}>by epoch</a>,
    },
  ];
  if (deal.allocations.length === 0) return null;
  return (
    <section class="stack" aria-labelledby="allocations">
      <h2 id="allocations">Who may earn it</h2>
      <Table caption="Allocations" columns={columns} rows={deal.allocations} rowKey={({ node }) => node} />
    </section>
  );
}
