import { Amount } from '../../../sdk/ui/amount.tsx';
import { Address, Identifier } from '../../../sdk/ui/identifier.tsx';
import type { Tone } from '../../../sdk/ui/notice.tsx';
import { State } from '../../../sdk/ui/state.tsx';
import type { Column } from '../../../sdk/ui/table.tsx';
import type { Deal } from '../market-data/deals.ts';
import { paths } from '../shell/paths.ts';

/** Closing asks for attention: receipts are still paid, and what thaws has to be taken back. */
const TONES: Readonly<Record<Deal['state'], Tone>> = { open: 'good', closing: 'warning', closed: 'info' };

interface DealStateProps {
  readonly state: Deal['state'];
  /** @default the state's own word */
  readonly text?: string;
}

/** A deal's state as a word with its colour, the same on every page. */
export function DealState({ state, text = state }: DealStateProps) {
  return <State tone={TONES[state]}>{text}</State>;
}

/** In what tables of deals differ. */
interface DealTableWords {
  /** Title of the first column. */
  readonly deal: string;
  /** What the identifier is, for those who do not see it. */
  readonly what: string;
  readonly href: (dealId: string) => string;
  /** Title of what went back to the publisher. */
  readonly withdrawn: string;
}

/** Deals of one publisher as rows of a table. */
export function ownDealColumns(words: DealTableWords): readonly Column<Deal>[] {
  return [
    {
      id: 'deal',
      title: words.deal,
      cell: ({ dealId }) => <Identifier value={dealId} what={words.what} href={words.href(dealId)} />,
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
      cell: ({ cid }) =>
        cid === null ? '–' : <Identifier value={cid} what="CID" href={paths.content(cid)} />,
    },
    {
      id: 'deposited',
      title: 'Deposited',
      isFigure: true,
      cell: ({ depositedWei }) => <Amount wei={depositedWei} />,
      sortBy: ({ depositedWei }) => depositedWei,
    },
    {
      id: 'withdrawn',
      title: words.withdrawn,
      isFigure: true,
      cell: ({ withdrawnWei }) => <Amount wei={withdrawnWei} />,
      sortBy: ({ withdrawnWei }) => withdrawnWei,
    },
  ];
}

const publisherColumn: Column<Deal> = {
  id: 'publisher',
  title: 'Publisher',
  cell: ({ publisher }) => <Address value={publisher} />,
};

/** Deals of everybody as rows of a table. */
export const dealColumns: readonly Column<Deal>[] = ownDealColumns({
  ...{ deal: 'Deal', what: 'deal id', href: paths.deal, withdrawn: 'Returned' },
}).toSpliced(3, 0, publisherColumn);
