import { useLocation } from 'preact-iso';
import { useState } from 'preact/hooks';

import { Amount } from '../../../sdk/ui/amount.tsx';
import { Bytes } from '../../../sdk/ui/bytes.tsx';
import { EmptyState } from '../../../sdk/ui/empty-state.tsx';
import { countText, shortIdentifier } from '../../../sdk/ui/figures.ts';
import { Address, Identifier } from '../../../sdk/ui/identifier.tsx';
import { Table, type Column } from '../../../sdk/ui/table.tsx';
import { fetchBatches, type Batch, type BatchWish } from '../market-data/batches.ts';
import { Loaded } from '../market-data/loaded.tsx';
import { useMarketData } from '../market-data/use-market-data.ts';
import { Page } from '../shell/page.tsx';
import { paths } from '../shell/paths.ts';
import { Pager } from './pager.tsx';
import { Trail } from './trail.tsx';

const LIMIT = 50;
const EVERY_MS = 10_000;

const columns: readonly Column<Batch>[] = [
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
  {
    id: 'wei',
    title: 'Worth',
    isFigure: true,
    cell: ({ wei }) => <Amount wei={wei} />,
    sortBy: ({ wei }) => wei,
  },
];

/** Receipts of viewers, put together by node, deal and epoch; `?deal=` and `?node=` narrow them. */
export function BatchList() {
  const { deal, node } = useLocation().query;
  const [offset, setOffset] = useState(0);
  const wish: BatchWish = { ...(deal !== undefined && { deal }), ...(node !== undefined && { node }) };
  const batches = useMarketData((signal) => fetchBatches({ ...wish, offset, limit: LIMIT }, signal), {
    key: `${JSON.stringify(wish)}-${offset}`,
    everyMs: EVERY_MS,
  });
  const of = [
    deal === undefined ? '' : ` of deal ${shortIdentifier(deal)}`,
    node === undefined ? '' : ` for node ${shortIdentifier(node)}`,
  ].join('');
  return (
    <Page
      title="Batches of receipts"
      lead={`What viewers signed for${of}, put together by node, deal and epoch: a bill is recomputed from these.`}
    >
      <Trail />
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
    </Page>
  );
}
