import { useLocation } from 'preact-iso';
import { useState } from 'preact/hooks';

import { Bytes } from '../../../sdk/ui/bytes.tsx';
import { EmptyState } from '../../../sdk/ui/empty-state.tsx';
import { countText, shortIdentifier } from '../../../sdk/ui/figures.ts';
import { Address, Identifier } from '../../../sdk/ui/identifier.tsx';
import { Instant } from '../../../sdk/ui/instant.tsx';
import { Table, type Column } from '../../../sdk/ui/table.tsx';
import { fetchBatches, type ListedBatch, type BatchWish } from '../market-data/batches.ts';
import { Loaded } from '../market-data/loaded.tsx';
import { useMarketData } from '../market-data/use-market-data.ts';
import { Page } from '../shell/page.tsx';
import { paths } from '../shell/paths.ts';
import { Pager } from './pager.tsx';
import { Trail } from './trail.tsx';

const LIMIT = 50;
const EVERY_MS = 10_000;

const columns: readonly Column<ListedBatch>[] = [
  {
    id: 'epoch',
    title: 'Epoch',
    cell: (batch) => <a href={paths.batch(batch)}>{batch.epoch}</a>,
    sortBy: ({ epoch }) => epoch,
  },
  { id: 'node', title: 'Node', cell: ({ node }) => <Address value={node} href={paths.node(node)} /> },
  {
    id: 'deal',
    title: 'Deal',
    cell: ({ dealId }) => <Identifier value={dealId} what="deal id" href={paths.deal(dealId)} />,
  },
  { id: 'receipts', title: 'Receipts', isFigure: true, cell: ({ receipts }) => countText(receipts) },
  {
    id: 'bytes',
    title: 'Delivered',
    isFigure: true,
    cell: ({ bytes }) => <Bytes bytes={bytes} />,
    sortBy: ({ bytes }) => bytes,
  },
  { id: 'ended', title: 'Epoch ends', cell: ({ endsAt }) => <Instant at={endsAt} /> },
];

/** Receipts of viewers, put together by node, deal and epoch; `?deal=` and `?node=` choose whose. */
export function BatchList() {
  const { deal, node } = useLocation().query;
  const of = [
    deal === undefined ? '' : ` of deal ${shortIdentifier(deal)}`,
    node === undefined ? '' : ` for node ${shortIdentifier(node)}`,
  ].join('');
  return (
    <Page
      above={<Trail />}
      title="Batches of receipts"
      lead={`What viewers signed for${of}, put together by node, deal and epoch: a bill is recomputed from these.`}
    >
      {deal === undefined && node === undefined ? (
        <EmptyState title="Receipts belong to a deal and a node">
          <p>
            Open a <a href={paths.deals}>deal</a> or a <a href={paths.nodes}>node</a> and follow “by epoch”
            there.
          </p>
        </EmptyState>
      ) : (
        <BatchRows wish={{ ...(deal !== undefined && { deal }), ...(node !== undefined && { node }) }} />
      )}
    </Page>
  );
}

function BatchRows({ wish }: { readonly wish: BatchWish }) {
  const [offset, setOffset] = useState(0);
  const batches = useMarketData((signal) => fetchBatches({ ...wish, offset, limit: LIMIT }, signal), {
    key: `${JSON.stringify(wish)}-${offset}`,
    everyMs: EVERY_MS,
  });
  return (
    <Loaded data={batches} what="batches" lines={6}>
      {(page) =>
        page.total === 0 ? (
          <EmptyState title="No receipts yet">
            <p>They arrive when an epoch ends, or when a viewer hands them in.</p>
          </EmptyState>
        ) : (
          <>
            <Table
              caption="Batches of receipts"
              columns={columns}
              rows={page.batches}
              rowKey={(batch) => `${batch.dealId}-${batch.node}-${batch.epoch}`}
            />
            <Pager total={page.total} offset={offset} limit={LIMIT} onMove={setOffset} />
          </>
        )
      }
    </Loaded>
  );
}
