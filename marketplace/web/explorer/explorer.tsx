import './explorer.css';

import { useRoute } from 'preact-iso';

import { NotFound } from '../shell/not-found.tsx';
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

/** Everything on the chain and in the books, by kind and identifier. */
export default function Explorer() {
  const { kind, id, node, epoch } = useRoute().params;
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
