import { useState } from 'preact/hooks';

import { EmptyState } from '../../../sdk/ui/empty-state.tsx';
import { Skeleton } from '../../../sdk/ui/skeleton.tsx';
import { Tabs } from '../../../sdk/ui/tabs.tsx';
import { callNode } from '../node-data/call-node.ts';
import { Failure } from '../node-data/failure.tsx';
import {
  earningsAnswer,
  GROUPINGS,
  type EarningsAnswer,
  type Grouping,
} from '../node-data/money-documents.ts';
import { useAnswer } from '../node-data/use-answer.ts';
import { EarningsTable } from './earnings-table.tsx';
import { MoneyFlow } from './money-flow.tsx';
import { rowOfDay } from './today.ts';

const EARNINGS_EVERY_MS = 5_000;

const LABELS: Readonly<Record<Grouping, string>> = {
  day: 'By day',
  deal: 'By deal',
  publisher: 'By publisher',
  content: 'By content',
};

/** What was earned today and ever, where the money is, and what it is made of. */
export function Earnings() {
  const [by, setBy] = useState<Grouping>('day');
  const days = useEarnings('day');
  const today = new Date().toISOString().slice(0, 10);
  const { value, failure, refresh } = days;
  return (
    <section class="stack" aria-labelledby="earnings">
      <h2 id="earnings">Earnings</h2>
      <Failure failure={failure} retry={refresh} />
      {value === undefined && failure === undefined && <Skeleton what="earnings" />}
      {value !== undefined && (
        <>
          <MoneyFlow title="Today (UTC)" row={rowOfDay(value.rows, today)} />
          <MoneyFlow title="Since the node began" row={value.total} />
          <Losses earnings={value} />
        </>
      )}
      <Tabs
        label="Earnings"
        tabs={GROUPINGS.map((grouping) => ({
          id: grouping,
          label: LABELS[grouping],
          panel: () => <Grouped by={grouping} />,
        }))}
        chosen={by}
        onChoose={(id) => setBy(GROUPINGS.find((grouping) => grouping === id) ?? 'day')}
      />
    </section>
  );
}

function useEarnings(by: Grouping) {
  const load = (signal: AbortSignal) =>
    callNode({ action: '/earnings', question: { by }, answer: earningsAnswer, signal });
  return useAnswer(load, { key: `earnings by ${by}`, everyMs: EARNINGS_EVERY_MS });
}

function Grouped({ by }: { readonly by: Grouping }) {
  const { value, failure, refresh } = useEarnings(by);
  if (value === undefined) {
    return failure === undefined ? (
      <Skeleton what={`earnings by ${by}`} />
    ) : (
      <Failure failure={failure} retry={refresh} />
    );
  }
  if (value.rows.length === 0) {
    return (
      <EmptyState title="Nothing has been earned yet.">
        <p>A row appears with the first receipt that a viewer of a paying publisher signs.</p>
      </EmptyState>
    );
  }
  return <EarningsTable by={by} earnings={value} />;
}

/** What will not be paid any more, by which rule, and what would change that. */
function Losses({ earnings }: { readonly earnings: EarningsAnswer }) {
  const losses = earnings.deals.flatMap(({ dealId, lost }) => lost.map((loss) => ({ dealId, ...loss })));
  if (losses.length === 0) return null;
  return (
    <ul class="stack losses">
      {losses.map(({ dealId, reason, rule, remedy }) => (
        <li key={`${dealId} ${reason}`}>
          <code>{reason}</code> {rule} <span class="soft">{remedy}</span>
        </li>
      ))}
    </ul>
  );
}
