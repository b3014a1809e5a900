import { Amount } from '../../../sdk/ui/amount.tsx';
import { Command } from '../../../sdk/ui/command.tsx';
import { shortIdentifier } from '../../../sdk/ui/figures.ts';
import { Address, Identifier } from '../../../sdk/ui/identifier.tsx';
import { fetchBatch, type Batch } from '../market-data/batches.ts';
import { useCommandNames } from '../market-data/command-names.ts';
import { Loaded } from '../market-data/loaded.tsx';
import { useMarketData } from '../market-data/use-market-data.ts';
import { Page } from '../shell/page.tsx';
import { paths } from '../shell/paths.ts';
import { batchStory, paymentText } from './sentences.ts';
import { Trail } from './trail.tsx';

interface BatchPageProps {
  readonly dealId: string;
  readonly node: string;
  readonly epoch: number;
}

/** The receipts of one node, deal and epoch, and whether they are paid. */
export function BatchPage({ dealId, node, epoch }: BatchPageProps) {
  const batch = useMarketData((signal) => fetchBatch({ dealId, node, epoch }, signal), {
    key: `${dealId}-${node}-${epoch}`,
  });
  return (
    <Page
      title={`Receipts of epoch ${epoch}`}
      above={<Trail steps={[{ href: paths.batches, text: 'Batches of receipts' }]} />}
    >
      <Loaded data={batch} what="the batch">
        {(value) => <Particulars batch={value} />}
      </Loaded>
    </Page>
  );
}

function Particulars({ batch }: { readonly batch: Batch }) {
  const { dealId, node, wei, voucher, payingTransaction } = batch;
  const { bcdn } = useCommandNames();
  return (
    <>
      <p class="story">{batchStory(batch)}</p>
      <p class="story">{paymentStory(batch)}</p>
      <dl class="facts exact-facts panel">
        <div>
          <dt>Node</dt>
          <dd>
            <Address value={node} href={paths.node(node)} />
          </dd>
        </div>
        <div>
          <dt>Deal</dt>
          <dd>
            <Identifier value={dealId} what="deal id" href={paths.deal(dealId)} />
          </dd>
        </div>
        <div>
          <dt>Worth</dt>
          <dd>
            <Amount wei={wei} exact />
          </dd>
        </div>
        {voucher !== null && (
          <div>
            <dt>Voucher, all epochs up to {voucher.throughEpoch}</dt>
            <dd>
              <Amount wei={voucher.cumulativeWei} exact />
            </dd>
          </div>
        )}
        {payingTransaction !== null && (
          <div>
            <dt>Paid by</dt>
            <dd>
              <Identifier
                value={payingTransaction.hash}
                what="transaction hash"
                href={paths.transaction(payingTransaction.hash)}
              />
            </dd>
          </div>
        )}
      </dl>
      <section class="stack" aria-labelledby="check">
        <h2 id="check">Check it yourself</h2>
        <p>
          Every receipt carries the viewer's signature. This downloads those of deal {shortIdentifier(dealId)}{' '}
          and adds them up again on your machine:
        </p>
        <Command
          text={`${bcdn} audit download --deal ${dealId} \\\n    --marketplace ${location.origin} --keystore publisher.json --out deal.audit\n${bcdn} audit deal.audit`}
        />
      </section>
    </>
  );
}

function paymentStory({ voucher, payingTransaction }: Batch): string {
  if (payingTransaction !== null) return `It was paid on the chain ${paymentText(payingTransaction.route)}.`;
  return voucher === null
    ? 'No voucher covers it yet: one is signed after the epoch has ended and its receipts were handed in.'
    : 'A voucher covers it; the node has not redeemed that one yet.';
}
