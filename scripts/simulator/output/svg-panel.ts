/** Where a panel stands in the plot, and what its axes span. */
export interface PanelFrame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly xMax: number;
  readonly yMax: number;
}

export interface Curve {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

const TICKS = 5;
const COLOURS = 4;

/** One panel with axes, ticks, labels, curves and a legend; colours are classes `c0` to `c3` of the plot's style. */
export function panelSvg(frame: PanelFrame, curves: readonly Curve[]): string {
  const { left, top, width, height } = frame;
  const bottom = top + height;
  const x = (value: number): number => left + (value / frame.xMax) * width;
  const y = (value: number): number => bottom - (value / frame.yMax) * height;
  const parts = [
    `<text class="title" x="${left}" y="${top - 14}">${escaped(frame.title)}</text>`,
    ...ticks(frame.xMax).map((value) => {
      const at = fixed(x(value));
      return `<line class="grid" x1="${at}" y1="${top}" x2="${at}" y2="${bottom}"/><text class="tick" text-anchor="middle" x="${at}" y="${bottom + 16}">${short(value)}</text>`;
    }),
    ...ticks(frame.yMax).map((value) => {
      const at = fixed(y(value));
      return `<line class="grid" x1="${left}" y1="${at}" x2="${left + width}" y2="${at}"/><text class="tick" text-anchor="end" x="${left - 6}" y="${fixed(y(value) + 4)}">${short(value)}</text>`;
    }),
    `<path class="axis" d="M${left} ${top}V${bottom}H${left + width}"/>`,
    `<text class="label" text-anchor="middle" x="${left + width / 2}" y="${bottom + 36}">${escaped(frame.xLabel)}</text>`,
    `<text class="label" text-anchor="middle" transform="translate(${left - 52} ${top + height / 2}) rotate(-90)">${escaped(frame.yLabel)}</text>`,
    ...curves.map((curve, i) => {
      const points = curve.points.map(([px, py]) => `${fixed(x(px))},${fixed(y(py))}`).join(' ');
      return `<polyline class="curve c${i % COLOURS}" points="${points}"/>`;
    }),
    ...curves.map((curve, i) => legend(curve.name, i, left + width, top)),
  ];
  return `<g>\n${parts.join('\n')}\n</g>`;
}

function legend(name: string, index: number, right: number, top: number): string {
  const at = top + 14 + 18 * index;
  return (
    `<line class="curve c${index % COLOURS}" x1="${right + 12}" y1="${at - 4}" x2="${right + 32}" y2="${at - 4}"/>` +
    `<text class="label" x="${right + 38}" y="${at}">${escaped(name)}</text>`
  );
}

/** Round values from 0 to `max`. */
function ticks(max: number): number[] {
  const rough = max / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const values: number[] = [];
  for (let i = 0; i * step <= max * 1.0001; i++) values.push(i * step);
  return values;
}

function short(value: number): string {
  if (value >= 1e6) return `${fixed(value / 1e6)}M`;
  if (value >= 1e4) return `${fixed(value / 1e3)}k`;
  return fixed(value);
}

function fixed(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
