import { Bytes } from '../../../sdk/ui/bytes.tsx';
import { BYTES } from '../../../sdk/ui/chart-measure.ts';
import { Chart } from '../../../sdk/ui/chart.tsx';
import { EmptyState } from '../../../sdk/ui/empty-state.tsx';
import { countText } from '../../../sdk/ui/figures.ts';
import { Identifier } from '../../../sdk/ui/identifier.tsx';
import { Instant } from '../../../sdk/ui/instant.tsx';
import { Table } from '../../../sdk/ui/table.tsx';
import { paths } from '../shell/paths.ts';
import type { DealDelivery } from './deal-figures.ts';

const MINUTE_SECONDS = 60;
/** Minutes that "now" is the mean of: receipts come when viewers have fetched something. */
const NOW_MINUTES = 2;

/** What is delivered at this moment. */
export function LiveTab({ delivery }: { readonly delivery: DealDelivery }) {
  const since = Date.now() / 1_000 - NOW_MINUTES * MINUTE_SECONDS;
  const recent = delivery.latest.filter(({ at }) => at + MINUTE_SECONDS >= since);
  const bytes = recent.reduce((sum, row) => sum + row.bytes, 0n);
  return (
    <div class="stack">
      <dl class="facts">
        <div>
          <dt>Now (mean of two minutes)</dt>
          <dd>
            <Bytes bytes={Number(bytes) / (NOW_MINUTES * MINUTE_SECONDS)} perSecond />
          </dd>
        </div>
        <div>
          <dt>Delivered in all</dt>
          <dd>
            <Bytes bytes={delivery.totalBytes} />
          </dd>
        </div>
        <div>
          <dt>Viewers so far</dt>
          <dd>{countText(delivery.viewers)}</dd>
        </div>
      </dl>
      {delivery.nodes.length === 0 ? (
        <EmptyState title="Nothing was delivered yet.">
          <p>As soon as a viewer fetches it and signs for it, it shows here.</p>
        </EmptyState>
      ) : (
        <Table
          caption="Delivered by node"
          columns={[
            {
              id: 'node',
              title: 'Node',
              cell: ({ node }) => (
                <Identifier value={node} href={paths.node(node)} what="address of the node" />
              ),
            },
            { id: 'region', title: 'Region', cell: ({ region }) => region ?? '–' },
            {
              id: 'bytes',
              title: 'Receipted',
              isFigure: true,
              cell: (node) => <Bytes bytes={node.bytes} />,
              sortBy: (node) => node.bytes,
            },
            {
              id: 'last',
              title: 'Last receipt',
              cell: ({ lastReceiptAt }) => <Instant at={lastReceiptAt} />,
            },
          ]}
          rows={delivery.nodes}
          rowKey={({ node }) => node}
        />
      )}
    </div>
  );
}

interface DeliveryTabProps {
  readonly dealId: string;
  readonly delivery: DealDelivery;
}

/** What was delivered over time, and where to. */
export function DeliveryTab({ delivery }: DeliveryTabProps) {
  const { epochs, latest } = delivery;
  if (epochs.length === 0) {
    return (
      <EmptyState title="Nothing was delivered yet.">
        <p>Epochs with receipts show here.</p>
      </EmptyState>
    );
  }
  return (
    <div class="stack">
      <Chart
        label="Bytes by epoch"
        at={epochs.map(({ startsAt }) => startsAt)}
        series={[{ label: 'Receipted', values: epochs.map(({ bytes }) => Number(bytes)) }]}
        measure={BYTES}
      />
      <Table
        caption="The last minutes, by node and region of the viewers"
        showsCaption
        columns={[
          { id: 'at', title: 'Minute', cell: ({ at }) => <Instant at={at} /> },
          {
            id: 'node',
            title: 'Node',
            cell: ({ node }) => (
              <Identifier value={node} href={paths.node(node)} what="address of the node" />
            ),
          },
          { id: 'region', title: 'Viewers in', cell: ({ region }) => region ?? 'not said' },
          { id: 'bytes', title: 'Receipted', isFigure: true, cell: (row) => <Bytes bytes={row.bytes} /> },
        ]}
        rows={latest}
        rowKey={({ at, node, region }) => `${at} ${node} ${region ?? ''}`}
      />
    </div>
  );
}
