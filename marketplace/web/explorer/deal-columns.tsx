import { Amount } from '../../../sdk/ui/amount.tsx';
import { Address, Identifier } from '../../../sdk/ui/identifier.tsx';
import type { Tone } from '../../../sdk/ui/notice.tsx';
import { State } from '../../../sdk/ui/state.tsx';
import type { Column } from '../../../sdk/ui/table.tsx';
import type { Deal } from '../market-data/deals.ts';
import { paths } from '../shell/paths.ts';

const TONES: Readonly<Record<Deal['state'], Tone>> = { open: 'good', closing: 'warning', closed: 'info' };

/** A deal's state as a word with its colour. */
export function DealState({ state }: { readonly state: Deal['state'] }) {
  return <State tone={TONES[state]}>{state}</State>;
}

/** Deals as rows of a table. */
export const dealColumns: readonly Column<Deal>[] = [
  {
    id: 'deal',
    title: 'Deal',
    cell: ({ dealId }) => <Identifier value={dealId} what="deal id" href={paths.deal(dealId)} />,
  },
  {
    id: 'state',
    title: 'State',
    cell: ({ state }) => <DealState state={state} />,
    sortBy: ({ state }) => state,
  },
  {
    id: 'content',
    title: 'Content',
    cell: ({ cid }) => (cid === null ? '–' : <Identifier value={cid} what="CID" href={paths.content(cid)} />),
  },
  { id: 'publisher', title: 'Publisher', cell: ({ publisher }) => <Address value={publisher} /> },
  {
    id: 'deposited',
    title: 'Deposited',
    isFigure: true,
    cell: ({ depositedWei }) => <Amount wei={depositedWei} />,
    sortBy: ({ depositedWei }) => depositedWei,
  },
  {
    id: 'withdrawn',
    title: 'Returned',
    isFigure: true,
    cell: ({ withdrawnWei }) => <Amount wei={withdrawnWei} />,
    sortBy: ({ withdrawnWei }) => withdrawnWei,
  },
];
