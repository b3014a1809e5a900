import { EmptyState } from '../../../sdk/ui/empty-state.tsx';
import { Table } from '../../../sdk/ui/table.tsx';
import type { MarketNode } from '../market-data/nodes.ts';
import { paths } from '../shell/paths.ts';
import { nodeColumns } from './node-columns.tsx';

/** Nodes, or how to be the first. */
export function NodeTable({ nodes }: { readonly nodes: readonly MarketNode[] }) {
  if (nodes.length === 0) {
    return (
      <EmptyState title="No node has registered yet">
        <p>
          It takes two commands: <a href={paths.operate}>run one</a>.
        </p>
      </EmptyState>
    );
  }
  return <Table caption="Nodes" columns={nodeColumns} rows={nodes} rowKey={({ address }) => address} />;
}
