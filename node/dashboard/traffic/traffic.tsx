import { useMemo, useState } from 'preact/hooks';

import { Bytes } from '../../../sdk/ui/bytes.tsx';
import { BYTES_PER_SECOND, COUNT, PER_MINUTE } from '../../../sdk/ui/chart-measure.ts';
import { Chart } from '../../../sdk/ui/chart.tsx';
import { Instant } from '../../../sdk/ui/instant.tsx';
import { Skeleton } from '../../../sdk/ui/skeleton.tsx';
import { callNode } from '../node-data/call-node.ts';
import { trafficAnswer, type TrafficAnswer } from '../node-data/documents.ts';
import { Failure } from '../node-data/failure.tsx';
import { useAnswer } from '../node-data/use-answer.ts';
import { ratesOf } from './rates.ts';

/** As often as the node takes a sample. */
const TRAFFIC_EVERY_MS = 10_000;

const SPANS = [
  { name: 'Hour', seconds: 3_600 },
  { name: 'Day', seconds: 86_400 },
  { name: '30 days', seconds: 30 * 86_400 },
] as const;

/** What goes through the node over time, as far as it remembers since it started. */
export function Traffic() {
  const { value, failure, refresh } = useAnswer(
    (signal) => callNode({ action: '/traffic', answer: trafficAnswer, signal }),
    { key: 'traffic', everyMs: TRAFFIC_EVERY_MS },
  );
  return (
    <section class="stack" aria-labelledby="traffic">
      <h2 id="traffic">Traffic</h2>
      <Failure failure={failure} retry={refresh} />
      {value === undefined && failure === undefined && <Skeleton what="traffic" lines={5} />}
      {value !== undefined && <Charts traffic={value} />}
    </section>
  );
}

function Charts({ traffic }: { readonly traffic: TrafficAnswer }) {
  const [seconds, setSeconds] = useState<number>(SPANS[0].seconds);
  const { samples, startedAt } = traffic;
  const rates = useMemo(() => ratesOf(samples, seconds), [samples, seconds]);
  const series = useMemo(
    () => ({
      bytes: [
        { label: 'Sent to viewers', values: rates.sentPerSecond },
        { label: 'Received and stored', values: rates.receivedPerSecond, color: 'warning' },
      ],
      transfers: [
        { label: 'Transfers', values: rates.transfersPerMinute },
        { label: 'Misses: blocks fetched first', values: rates.missesPerMinute, color: 'warning' },
      ],
      connections: [{ label: 'Open connections', values: rates.connections }],
    }),
    [rates],
  );
  const newest = samples.at(-1);
  return (
    <>
      <div class="spread">
        <p class="soft">
          Since the node started <Instant at={startedAt} />: <Bytes bytes={newest?.sentBytes ?? 0} /> sent to
          viewers, <Bytes bytes={newest?.receivedBytes ?? 0} /> received and stored.
        </p>
        <fieldset class="choices">
          <legend class="visually-hidden">Span of the charts</legend>
          {SPANS.map((span) => (
            <label key={span.name}>
              <input
                type="radio"
                name="span"
                checked={seconds === span.seconds}
                onChange={() => setSeconds(span.seconds)}
              />
              {span.name}
            </label>
          ))}
        </fieldset>
      </div>
      {rates.at.length < 2 ? (
        <p class="soft">The first points come within half a minute.</p>
      ) : (
        <div class="charts">
          <Chart label="Bytes" at={rates.at} series={series.bytes} measure={BYTES_PER_SECOND} />
          <Chart label="Transfers and misses" at={rates.at} series={series.transfers} measure={PER_MINUTE} />
          <Chart label="Connections" at={rates.at} series={series.connections} measure={COUNT} />
        </div>
      )}
    </>
  );
}
