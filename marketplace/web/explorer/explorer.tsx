import './explorer.css';

import { useRoute } from 'preact-iso';

import { hasForm } from '../shell/identifier-form.ts';
import { NoIdentifier, NotFound } from '../shell/not-found.tsx';
import { BatchList } from './batch-list.tsx';
import { BatchPage } from './batch-page.tsx';
import { ContentPage } from './content-page.tsx';
import { DealList } from './deal-list.tsx';
import { DealPage } from './deal-page.tsx';
import { NodeList } from './node-list.tsx';
import { NodePage } from './node-page.tsx';
import { Overview } from './overview.tsx';
import { TransactionList } from './transaction-list.tsx';
import { TransactionPage } from './transaction-page.tsx';

const IDENTIFIERS = {
  nodes: 'node',
  deals: 'deal',
  contents: 'content',
  transactions: 'transaction',
  batches: 'deal',
} as const;

/** Everything on the chain and in the books, by kind and identifier. */
export default function Explorer() {
  const { kind, id, node, epoch } = useRoute().params;
  if (isListed(kind) && id !== undefined) {
    // Hexadecimal digits may be of either case; CIDs may not.
    const name = kind === 'contents' ? id : id.toLowerCase();
    if (!hasForm(IDENTIFIERS[kind], name)) return <NoIdentifier kind={IDENTIFIERS[kind]} text={id} />;
  }
  switch (kind) {
    case undefined:
    case '':
      return <Overview />;
    case 'nodes':
      return id === undefined ? <NodeList /> : <NodePage address={id.toLowerCase()} />;
    case 'deals':
      return id === undefined ? <DealList /> : <DealPage dealId={id.toLowerCase()} />;
    case 'contents':
      return id === undefined ? <DealList /> : <ContentPage cid={id} />;
    case 'transactions':
      return id === undefined ? <TransactionList /> : <TransactionPage hash={id.toLowerCase()} />;
    case 'batches':
      if (id === undefined) return <BatchList />;
      return node === undefined || epoch === undefined ? (
        <NotFound />
      ) : (
        <BatchPage dealId={id.toLowerCase()} node={node.toLowerCase()} epoch={Number(epoch)} />
      );
    default:
      return <NotFound />;
  }
}

function isListed(kind: string | undefined): kind is keyof typeof IDENTIFIERS {
  return kind !== undefined && Object.hasOwn(IDENTIFIERS, kind);
}
