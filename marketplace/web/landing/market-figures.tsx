import { useMemo, useState } from 'preact/hooks';

import { Amount } from '../../../sdk/ui/amount.tsx';
import { Bytes } from '../../../sdk/ui/bytes.tsx';
import { BYTES, COUNT, TOKENS } from '../../../sdk/ui/chart-measure.ts';
import { Chart } from '../../../sdk/ui/chart.tsx';
import { FailureNotice } from '../../../sdk/ui/failure-notice.tsx';
import { countText } from '../../../sdk/ui/figures.ts';
import { Skeleton } from '../../../sdk/ui/skeleton.tsx';
import { fetchStatistics, type MarketMoment, type Statistics } from '../market-data/statistics.ts';
import { shownFailure, useMarketData } from '../market-data/use-market-data.ts';

const STATISTICS_EVERY_MS = 15_000;
const POINTS = 240;
/** Axes reach at least this high. */
const LEAST_BYTES = 1_024 * 1_024;
const LEAST_WEI = 1e15;
const SPANS = [
  { hours: 1, text: '1 hour' },
  { hours: 24, text: '1 day' },
  { hours: 168, text: '1 week' },
] as const;

/** The market now and over time, from the marketplace's own samples. */
export function MarketFigures() {
  const [hours, setHours] = useState<number>(1);
  const { value, failure, refresh } = useMarketData(
    (signal) => fetchStatistics({ hours, points: POINTS }, signal),
    { key: `statistics-${hours}`, everyMs: STATISTICS_EVERY_MS },
  );
  return (
    <section class="stack" aria-labelledby="market-title">
      <div class="spread">
        <h2 id="market-title">The market</h2>
        <div class="span-choice" role="group" aria-label="Time shown">
          {SPANS.map((span) => (
            <button
              key={span.hours}
              type="button"
              aria-pressed={span.hours === hours}
              onClick={() => setHours(span.hours)}
            >
              {span.text}
            </button>
          ))}
        </div>
      </div>
      {failure !== undefined && <FailureNotice failure={shownFailure(failure)} retry={refresh} />}
      {value === undefined ? (
        failure === undefined && <Skeleton lines={5} what="the market's figures" />
      ) : (
        <>
          <MarketNow now={value.now} />
          <MarketCharts statistics={value} />
        </>
      )}
    </section>
  );
}

/** The market at this moment. */
export function MarketNow({ now }: { readonly now: MarketMoment }) {
  const ask = now.medianAskWeiPerGiB;
  return (
    <dl class="facts market-now">
      <Fact title="Nodes ready">
        {now.readyNodes} of {now.activeNodes}
      </Fact>
      <Fact title="Open deals">{countText(now.openDeals)}</Fact>
      <Fact title="Held in escrow">
        <Amount wei={now.escrowedWei} />
      </Fact>
      <Fact title="Delivered so far">
        <Bytes bytes={now.deliveredBytes} />
      </Fact>
      <Fact title="Paid so far">
        <Amount wei={now.paidWei} />
      </Fact>
      <Fact title="Median ask per GiB">{ask === null ? 'nobody asks' : <Amount wei={ask} />}</Fact>
    </dl>
  );
}

function Fact({ title, children }: { readonly title: string; readonly children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function MarketCharts({ statistics }: { readonly statistics: Statistics }) {
  const moments = useMemo(() => [...statistics.points, statistics.now], [statistics]);
  const at = useMemo(() => moments.map((moment) => moment.at), [moments]);
  const series = useMemo(
    () => ({
      delivered: [
        { label: 'Delivered', values: moments.map(({ deliveredBytes }) => Number(deliveredBytes)) },
      ],
      paid: [{ label: 'Paid', values: moments.map(({ paidWei }) => Number(paidWei)) }],
      nodes: [{ label: 'Nodes ready', values: moments.map(({ readyNodes }) => readyNodes) }],
      ask: [
        {
          label: 'Median ask',
          values: moments.map(({ medianAskWeiPerGiB: ask }) => (ask === null ? null : Number(ask))),
        },
      ],
    }),
    [moments],
  );
  if (moments.length < 2) {
    return (
      <p class="soft">The marketplace samples these once a minute; a line appears with the second sample.</p>
    );
  }
  return (
    <div class="charts">
      <Chart
        label="Delivered since the beginning"
        at={at}
        series={series.delivered}
        measure={BYTES}
        least={LEAST_BYTES}
      />
      <Chart
        label="Paid since the beginning"
        at={at}
        series={series.paid}
        measure={TOKENS}
        least={LEAST_WEI}
      />
      <Chart label="Nodes ready" at={at} series={series.nodes} measure={COUNT} />
      <Chart label="Median ask per GiB" at={at} series={series.ask} measure={TOKENS} least={LEAST_WEI} />
    </div>
  );
}
