import { Amount } from '../../../sdk/ui/amount.tsx';
import { Address } from '../../../sdk/ui/identifier.tsx';
import { State } from '../../../sdk/ui/state.tsx';
import type { Column } from '../../../sdk/ui/table.tsx';
import type { MarketNode } from '../market-data/nodes.ts';
import { paths } from '../shell/paths.ts';

/** A node's standing as a word with its colour. */
export function NodeState({ node }: { readonly node: MarketNode }) {
  if (!node.active) return <State tone="warning">takes no deals</State>;
  if (node.health === 'up') return <State tone="good">ready</State>;
  return node.health === 'down' ? (
    <State tone="bad">does not answer</State>
  ) : (
    <State tone="info">not asked yet</State>
  );
}

/** Nodes as rows of a table. */
export const nodeColumns: readonly Column<MarketNode>[] = [
  {
    id: 'address',
    title: 'Node',
    cell: ({ address }) => <Address value={address} href={paths.node(address)} />,
  },
  { id: 'state', title: 'State', cell: (node) => <NodeState node={node} />, sortBy: ({ health }) => health },
  { id: 'role', title: 'Role', cell: ({ role }) => role, sortBy: ({ role }) => role },
  { id: 'region', title: 'Region', cell: ({ region }) => region, sortBy: ({ region }) => region },
  {
    id: 'ask',
    title: 'Asks per GiB',
    isFigure: true,
    cell: ({ askWeiPerGiB }) => <Amount wei={askWeiPerGiB} />,
    sortBy: ({ askWeiPerGiB }) => askWeiPerGiB,
  },
  {
    id: 'stake',
    title: 'Stake',
    isFigure: true,
    cell: ({ stakeWei }) => <Amount wei={stakeWei} />,
    sortBy: ({ stakeWei }) => stakeWei,
  },
];
