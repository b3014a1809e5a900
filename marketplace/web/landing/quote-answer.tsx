import { Address } from '../../../sdk/ui/identifier.tsx';
import { Amount } from '../../../sdk/ui/amount.tsx';
import { Bytes } from '../../../sdk/ui/bytes.tsx';
import { FailureNotice } from '../../../sdk/ui/failure-notice.tsx';
import { amountText, byteText, countedText, durationText } from '../../../sdk/ui/figures.ts';
import { Notice } from '../../../sdk/ui/notice.tsx';
import { Skeleton } from '../../../sdk/ui/skeleton.tsx';
import { constraintText, funnelOf, lackText, missingNodesRemedy } from '../market-data/quote-words.ts';
import type { Quote, QuoteWish } from '../market-data/quotes.ts';
import { shownFailure, type MarketData } from '../market-data/use-market-data.ts';
import { paths } from '../shell/paths.ts';

interface QuoteAnswerProps {
  readonly quote: MarketData<Quote | undefined>;
  readonly wish: QuoteWish | undefined;
  /** The fields have moved on from what was asked. */
  readonly isChanging: boolean;
}

/** What the marketplace answers to the calculator: cost, nodes, and who was ruled out by what. */
export function QuoteAnswer({ quote: { value, failure, refresh }, wish, isChanging }: QuoteAnswerProps) {
  return (
    <div class="panel quote" aria-live="polite" aria-busy={isChanging}>
      {failure !== undefined && <FailureNotice failure={shownFailure(failure)} retry={refresh} />}
      {value === undefined || wish === undefined ? (
        failure === undefined && <Skeleton lines={6} what="the quote" />
      ) : (
        <QuoteFigures quote={value} wish={wish} />
      )}
    </div>
  );
}

function QuoteFigures({ quote, wish }: { readonly quote: Quote; readonly wish: QuoteWish }) {
  const { nodes, expectedCostWei, depositWei, runwaySeconds, expectedFetchSeconds, figures } = quote;
  return (
    <>
      {nodes.length === 0 ? (
        <Notice
          tone="warning"
          title="No node can take this now."
          remedy={missingNodesRemedy(quote.removed)}
        />
      ) : (
        <div>
          <p class="soft">Expected cost</p>
          <p class="quote-cost figure">{amountText(expectedCostWei)}</p>
          <p class="soft small">
            for {byteText(wish.expectedDeliveryBytes)} delivered by {countedText(nodes.length, 'node')}, at
            what they ask now
          </p>
        </div>
      )}
      {nodes.length > 0 && (
        <dl class="facts quote-facts">
          <div>
            <dt>Locked as deposit</dt>
            <dd>
              <Amount wei={depositWei} />
            </dd>
            <dd class="small soft">what is not earned returns</dd>
          </div>
          <div>
            <dt>Deposit lasts</dt>
            <dd>{runwaySeconds === null ? 'not known' : durationText(runwaySeconds)}</dd>
          </div>
          <div>
            <dt>One viewer fetches all in</dt>
            <dd>
              {expectedFetchSeconds === null
                ? 'not measured yet'
                : `at most ${durationText(Math.max(1, expectedFetchSeconds))}`}
            </dd>
            <dd class="small soft">
              {figures === null || figures.samples === 0
                ? 'no delivery of the last day to measure by'
                : `from ${countedText(figures.samples, 'measured delivery', 'measured deliveries')}`}
            </dd>
          </div>
          <div>
            <dt>Stored</dt>
            <dd>
              <Bytes bytes={quote.storedBytes} />
            </dd>
          </div>
        </dl>
      )}
      {quote.missingReplicas > 0 && nodes.length > 0 && (
        <Notice
          tone="warning"
          title={`You need ${countedText(wish.replicas, 'node')} and the network has ${nodes.length} for this.`}
          remedy={missingNodesRemedy(quote.removed)}
        />
      )}
      <Funnel quote={quote} />
    </>
  );
}

/** Which constraint leaves how many nodes, and what each ruled-out node lacks. */
function Funnel({ quote }: { readonly quote: Quote }) {
  const { considered, eligible, removed, excluded } = quote;
  if (considered === 0) return <p class="soft">No edge has registered with this network yet.</p>;
  return (
    <div class="funnel">
      <p>
        <strong class="figure">
          {eligible} of {considered}
        </strong>{' '}
        registered edges can serve it
      </p>
      <ul>
        {funnelOf(considered, removed).map(({ constraint, removed: gone, left }) => (
          <li key={constraint}>
            <meter
              class="funnel-bar"
              min={0}
              max={considered}
              value={left}
              aria-label={`${left} of ${considered} left`}
            />
            <span class="figure">{left}</span>
            <span>
              {constraintText(constraint)}
              {gone > 0 && <span class="funnel-removed"> −{gone}</span>}
            </span>
          </li>
        ))}
      </ul>
      {excluded.length > 0 && (
        <details class="small">
          <summary>Why {countedText(excluded.length, 'node')} cannot</summary>
          <ul class="excluded">
            {excluded.map((one) => (
              <li key={one.node}>
                <Address value={one.node} href={paths.node(one.node)} /> in {one.region}: {lackText(one)}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
