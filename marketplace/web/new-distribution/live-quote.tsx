import { Amount } from '../../../sdk/ui/amount.tsx';
import { Duration } from '../../../sdk/ui/duration.tsx';
import { FailureNotice } from '../../../sdk/ui/failure-notice.tsx';
import { amountText, countedText, rateText } from '../../../sdk/ui/figures.ts';
import { Identifier } from '../../../sdk/ui/identifier.tsx';
import { Skeleton } from '../../../sdk/ui/skeleton.tsx';
import { Table } from '../../../sdk/ui/table.tsx';
import { shownFailure } from '../market-data/use-market-data.ts';
import { paths } from '../shell/paths.ts';
import type { Quote } from './quote.ts';
import type { LiveQuote } from './use-quote.ts';

const CONSTRAINT_WORDS: Readonly<Record<string, string>> = {
  active: 'are not active',
  healthy: 'do not answer',
  region: 'are in other regions',
  price: 'are dearer',
  stake: 'have too little stake',
  capacity: 'have too little room or uplink',
};

/** Beside the form: what it would cost, who would carry it, and which wish leaves out whom. */
export function LiveQuotePanel({ live }: { readonly live: LiveQuote | undefined }) {
  return (
    <aside class="panel quote" aria-label="Quote" aria-busy={live?.isStale === true}>
      <h2>Quote</h2>
      {live === undefined && <p class="soft">Choose what to publish to see what it costs.</p>}
      {live?.failure !== undefined && <FailureNotice failure={shownFailure(live.failure)} />}
      {live !== undefined && live.quote === undefined && live.failure === undefined && (
        <Skeleton lines={6} what="the quote" />
      )}
      {live?.quote !== undefined && <QuoteFigures quote={live.quote} />}
    </aside>
  );
}

function QuoteFigures({ quote }: { readonly quote: Quote }) {
  return (
    <>
      <dl class="facts quote-facts">
        <div>
          <dt>Locked until used</dt>
          <dd>
            <Amount wei={quote.depositWei} />
          </dd>
        </div>
        <div>
          <dt>Expected cost</dt>
          <dd>
            <Amount wei={quote.expectedCostWei} />
          </dd>
        </div>
        <div>
          <dt>Lasts</dt>
          <dd>{quote.runwaySeconds === null ? '–' : <Duration seconds={quote.runwaySeconds} />}</dd>
        </div>
        <div>
          <dt>One viewer fetches it in</dt>
          <dd>
            {quote.expectedFetchSeconds === null ? '–' : <Duration seconds={quote.expectedFetchSeconds} />}
          </dd>
        </div>
      </dl>
      <p role="status">
        <strong>
          {countedText(quote.eligible, 'node')} of {quote.considered}
        </strong>{' '}
        meet your wishes; {countedText(quote.nodes.length, 'copy', 'copies')} planned
        {quote.missingReplicas > 0 ? `, ${quote.missingReplicas} missing` : ''}.
      </p>
      <Removed quote={quote} />
      <PlannedNodes quote={quote} />
      <details>
        <summary>Where these figures come from</summary>
        <p class="small">Time of a fetch: {quote.figures.fetchFormula}.</p>
        <p class="small">Runway: {quote.figures.runwayFormula}.</p>
        <p class="small">{countedText(quote.figures.samples, 'receipted grant')} behind the rates.</p>
      </details>
    </>
  );
}

function Removed({ quote }: { readonly quote: Quote }) {
  const removed = Object.entries(quote.removed).filter(([, count]) => count > 0);
  if (removed.length === 0) return null;
  return (
    <details open={quote.missingReplicas > 0}>
      <summary>
        Left out: {removed.map(([name, count]) => `${count} ${CONSTRAINT_WORDS[name] ?? name}`).join(', ')}
      </summary>
      <Table
        caption="Nodes that were left out, and why"
        columns={[
          {
            id: 'node',
            title: 'Node',
            cell: ({ node }) => (
              <Identifier value={node} href={paths.node(node)} what="address of the node" />
            ),
          },
          { id: 'why', title: 'Because of', cell: ({ constraint }) => constraint },
          { id: 'need', title: 'You need', cell: ({ need, unit }) => quantityText(need, unit) },
          { id: 'have', title: 'It has', cell: ({ have, unit }) => quantityText(have, unit) },
        ]}
        rows={quote.excluded}
        rowKey={({ node }) => node}
      />
    </details>
  );
}

function PlannedNodes({ quote }: { readonly quote: Quote }) {
  const rates = new Map(quote.figures.nodes.map((node) => [node.node, node]));
  return (
    <Table
      caption="Nodes of the plan"
      columns={[
        {
          id: 'node',
          title: 'Node',
          cell: ({ node }) => <Identifier value={node} href={paths.node(node)} what="address of the node" />,
        },
        { id: 'region', title: 'Region', cell: ({ region }) => region },
        {
          id: 'rate',
          title: 'For a GiB',
          isFigure: true,
          cell: ({ ratePerGiB }) => <Amount wei={ratePerGiB} />,
        },
        {
          id: 'speed',
          title: 'Measured',
          isFigure: true,
          cell: ({ node }) => {
            const speed = rates.get(node)?.deliveredBytesPerSecond ?? null;
            return speed === null ? '–' : rateText(speed);
          },
        },
      ]}
      rows={quote.nodes}
      rowKey={({ node }) => node}
    />
  );
}

/** A need or a have in its unit: amounts in tokens, rates in bytes. */
function quantityText(text: string, unit: string): string {
  const isNumber = /^\d{1,39}$/.test(text);
  if (isNumber && unit === 'wei/GiB') return `${amountText(BigInt(text))} for a GiB`;
  if (isNumber && unit === 'wei') return amountText(BigInt(text));
  if (isNumber && unit === 'bytes/s') return rateText(Number(text));
  return unit === 'state' || unit === 'region' ? text : `${text} ${unit}`;
}
