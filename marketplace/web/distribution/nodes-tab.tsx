import { Amount } from '../../../sdk/ui/amount.tsx';
import { Bytes } from '../../../sdk/ui/bytes.tsx';
import { Identifier } from '../../../sdk/ui/identifier.tsx';
import { Instant } from '../../../sdk/ui/instant.tsx';
import { State } from '../../../sdk/ui/state.tsx';
import { Table } from '../../../sdk/ui/table.tsx';
import { paths } from '../shell/paths.ts';
import type { DealNodes } from './deal-figures.ts';

const TONES = { ready: 'good', down: 'bad', unknown: 'info', leaving: 'warning' } as const;

/** Who delivers it, and whether they can. */
export function NodesTab({ nodes }: { readonly nodes: DealNodes['nodes'] }) {
  return (
    <Table
      caption="Nodes of the distribution"
      columns={[
        {
          id: 'node',
          title: 'Node',
          cell: ({ node }) => <Identifier value={node} href={paths.node(node)} what="address of the node" />,
        },
        { id: 'region', title: 'Region', cell: ({ region }) => region ?? '–' },
        { id: 'state', title: 'State', cell: ({ state }) => <State tone={TONES[state]}>{state}</State> },
        { id: 'money', title: 'Its money', cell: ({ allocationState }) => allocationState },
        { id: 'holds', title: 'Has the content', cell: ({ holdsContent }) => holdsContent },
        { id: 'rate', title: 'For a GiB', isFigure: true, cell: (row) => <Amount wei={row.ratePerGiB} /> },
        { id: 'bytes', title: 'Receipted', isFigure: true, cell: (row) => <Bytes bytes={row.bytes} /> },
        {
          id: 'last',
          title: 'Last receipt',
          cell: ({ lastReceiptAt }) => (lastReceiptAt === null ? 'none' : <Instant at={lastReceiptAt} />),
        },
      ]}
      rows={nodes}
      rowKey={({ node }) => node}
    />
  );
}
