import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';

import type { ChartMeasure } from './chart-measure.ts';
import { Table, type Column } from './table.tsx';

/** Height of the drawing, pixels. */
const DEFAULT_HEIGHT = 180;
/** Rows of the table that says the same; longer series are thinned for it. */
const MAX_TABLE_ROWS = 48;
/** Seconds around the only moment of a series that has one. */
const ALONE_SECONDS = 60;
const MINUTE_SECONDS = 60;
const DAY_SECONDS = 86_400;
/** Of the axis on the left: room for `1,000 MiB/s`. */
const AXIS_WIDTH = 78;

export interface ChartSeries {
  readonly label: string;
  /** One for each moment; null where nothing was measured. */
  readonly values: readonly (number | null)[];
  /** Token of its colour without the dashes, e.g. `accent`. @default accent */
  readonly color?: string;
}

interface ChartProps {
  /** What the chart shows, in words. */
  readonly label: string;
  /** Unix seconds, rising. */
  readonly at: readonly number[];
  readonly series: readonly ChartSeries[];
  /** What the values are. */
  readonly measure: ChartMeasure;
  /** Pixels. @default 180 */
  readonly height?: number;
  /** The axis reaches at least this high, so that nothing at all does not look like much. @default 1 */
  readonly least?: number;
}

/** Figures over time, drawn by uPlot, which is loaded only here, and the same figures as a table. */
export function Chart({ label, at, series, measure, height = DEFAULT_HEIGHT, least = 1 }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    return draw(element, { label, at, series, measure, height, least });
  }, [label, at, series, measure, height, least]);
  return (
    <figure class="chart">
      <figcaption class="chart-caption">{label}</figcaption>
      <div ref={place} class="chart-drawing" aria-hidden="true" />
      <details class="chart-table">
        <summary>Figures as a table</summary>
        <ChartTable label={label} at={at} series={series} measure={measure} />
      </details>
    </figure>
  );
}

function ChartTable({ label, at, series, measure }: Omit<ChartProps, 'height' | 'least'>) {
  const step = Math.max(1, Math.ceil(at.length / MAX_TABLE_ROWS));
  const rows = at.map((_, index) => index).filter((index) => (at.length - 1 - index) % step === 0);
  const columns: Column<number>[] = [
    { id: 'at', title: 'Time', cell: (index) => new Date((at[index] ?? 0) * 1_000).toLocaleString() },
    ...series.map((one, position) => ({
      id: `series-${position}`,
      title: one.label,
      isFigure: true,
      cell: (index: number) => {
        const value = one.values[index];
        return value === null || value === undefined ? '–' : measure.text(value);
      },
    })),
  ];
  return <Table caption={label} columns={columns} rows={rows} rowKey={String} />;
}

/** Draws, follows the width of its place and the theme, and ends when called. */
function draw(element: HTMLElement, props: Required<ChartProps>): () => void {
  const ended = new AbortController();
  let plot: uPlot | undefined;
  void Promise.all([import('uplot'), import('uplot/dist/uPlot.min.css')]).then(([{ default: Plot }]) => {
    if (ended.signal.aborted) return;
    const show = (): void => {
      plot?.destroy();
      plot = new Plot(optionsOf(element, props), dataOf(props), element);
    };
    show();
    const resized = new ResizeObserver(() => {
      if (plot !== undefined && plot.width !== element.clientWidth) {
        plot.setSize({ width: element.clientWidth, height: props.height });
      }
    });
    resized.observe(element);
    const themed = new MutationObserver(show);
    themed.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    const system = matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', show, { signal: ended.signal });
    ended.signal.addEventListener('abort', () => {
      resized.disconnect();
      themed.disconnect();
    });
  });
  return () => {
    ended.abort();
    plot?.destroy();
  };
}

function dataOf({ at, series }: Required<ChartProps>): uPlot.AlignedData {
  return [[...at], ...series.map(({ values }) => [...values])];
}

function optionsOf(
  element: HTMLElement,
  { at, series, measure, height, least }: Required<ChartProps>,
): uPlot.Options {
  const { steps, markText = measure.text } = measure;
  const soft = colorOf(element, 'text-soft');
  const line = colorOf(element, 'line');
  const font = `12px ${getComputedStyle(element).fontFamily}`;
  const axis = { stroke: soft, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  return {
    width: element.clientWidth,
    height,
    legend: { show: series.length > 1 },
    cursor: { points: { size: 6 } },
    scales: {
      x: {
        range: (_plot, low, high) =>
          low === high ? [low - ALONE_SECONDS, high + ALONE_SECONDS] : [low, high],
      },
      y: { range: (_plot, _low, high) => [0, Math.max(high * 1.1, least)] },
    },
    axes: [
      { ...axis, grid: { show: false }, values: (_plot, splits) => momentTexts(splits) },
      {
        ...{ ...axis, size: AXIS_WIDTH },
        ...(steps !== undefined && { incrs: [...steps] }),
        values: (_plot, splits) => distinct(splits.map(markText)),
      },
    ],
    series: [
      {},
      ...series.map(({ label, color = 'accent' }) => ({
        label,
        stroke: colorOf(element, color),
        fill: colorOf(element, `${color}-wash`),
        width: 1.5,
        // A line needs two ends.
        points: { show: at.length === 1, size: 6 },
        value: (_plot: uPlot, value: number | null) => (value === null ? '–' : measure.text(value)),
      })),
    ],
  };
}

/** Moments on an axis as the browser's owner writes them, as fine as their distance asks for. */
function momentTexts(splits: readonly number[]): string[] {
  const [first = 0, second = first + MINUTE_SECONDS] = splits;
  const stepSeconds = second - first;
  const format = new Intl.DateTimeFormat(
    undefined,
    stepSeconds >= DAY_SECONDS
      ? { day: 'numeric', month: 'short' }
      : {
          ...{ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
          ...(stepSeconds < MINUTE_SECONDS && { second: '2-digit' }),
        },
  );
  return splits.map((at) => format.format(at * 1_000));
}

/** Labels of an axis, each once: rounding can make neighbours equal. */
function distinct(labels: readonly string[]): string[] {
  return labels.map((label, index) => (label === labels[index - 1] ? '' : label));
}

/** A token's colour as the canvas can use it, which knows no light-dark(). */
function colorOf(element: HTMLElement, token: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(--${token}, transparent)`;
  element.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}
