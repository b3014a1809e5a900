import { writeFileSync } from 'node:fs';

import type { Distribution, ScenarioReport } from '../scenarios/scenario.ts';
import { SimulatorError } from '../simulator-error.ts';
import { panelSvg, type Curve } from './svg-panel.ts';
import type { SecondOfRun } from './time-series.ts';

const WIDTH = 860;
const PANEL = { left: 80, width: 560, height: 220 };
const PANEL_STRIDE = 310;
const MAX_POINTS = 400;

/** Readable on white and on black: the viewer's preference decides. */
const STYLE = `
:root { --ink: #1f2328; --faint: #d0d7de; --paper: #ffffff; --c0: #0969da; --c1: #cf222e; --c2: #1a7f37; --c3: #8250df; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --faint: #30363d; --paper: #0d1117; --c0: #58a6ff; --c1: #ff7b72; --c2: #3fb950; --c3: #bc8cff; }
}
.paper { fill: var(--paper); } text { fill: var(--ink); font: 12px sans-serif; }
.title { font-size: 15px; font-weight: 600; } .head { font-size: 17px; font-weight: 600; }
.grid { stroke: var(--faint); stroke-width: 1; } .axis { stroke: var(--ink); fill: none; }
.curve { fill: none; stroke-width: 2; } .c0 { stroke: var(--c0); } .c1 { stroke: var(--c1); } .c2 { stroke: var(--c2); } .c3 { stroke: var(--c3); }`;

/**
 * Writes a plot: each distribution as a cumulative curve, bandwidth over time, tables over time.
 * @throws SimulatorError OUTPUT_UNWRITABLE
 */
export function writeSvg(path: string, heading: string, report: ScenarioReport): void {
  try {
    writeFileSync(path, plotSvg(heading, report));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SimulatorError(
      'OUTPUT_UNWRITABLE',
      `The plot cannot be written to ${path}: ${reason}`,
      { path },
      cause,
    );
  }
}

export function plotSvg(heading: string, report: ScenarioReport): string {
  const panels: string[] = [];
  const topOf = (): number => 90 + panels.length * PANEL_STRIDE;
  const byUnit = Map.groupBy(report.distributions ?? [], (each) => each.unit);
  for (const [unit, distributions] of byUnit) panels.push(distributionPanel(topOf(), unit, distributions));
  const seconds = report.series?.seconds ?? [];
  if (seconds.length > 1) {
    panels.push(bandwidthPanel(topOf(), seconds));
    panels.push(tablesPanel(topOf(), seconds));
  }
  const height = 90 + panels.length * PANEL_STRIDE;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${heading}</title>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="paper" width="${WIDTH}" height="${height}"/>`,
    `<text class="head" x="24" y="34">${heading}</text>`,
    ...panels,
    '</svg>\n',
  ].join('\n');
}

function distributionPanel(top: number, unit: string, distributions: readonly Distribution[]): string {
  const xMax = Math.max(...distributions.map((each) => each.values.at(-1) ?? 0), 1e-3) * 1.05;
  const curves = distributions.map((each) => ({ name: each.title, points: cumulative(each, xMax) }));
  return panelSvg(
    {
      ...PANEL,
      top,
      title: `Dissemination: share of cases within a time (${unit})`,
      xLabel: unit,
      yLabel: 'share',
      xMax,
      yMax: 1,
    },
    curves,
  );
}

function cumulative({ values, missing }: Distribution, xMax: number): [number, number][] {
  const total = Math.max(1, values.length + missing);
  const points: [number, number][] = [[0, 0]];
  const step = Math.max(1, Math.floor(values.length / MAX_POINTS));
  for (let i = 0; i < values.length; i += step) {
    const value = values[i] ?? 0;
    points.push([value, i / total], [value, (i + 1) / total]);
  }
  const last = values.length / total;
  points.push([values.at(-1) ?? 0, last], [xMax, last]);
  return points;
}

function bandwidthPanel(top: number, seconds: readonly SecondOfRun[]): string {
  const curves: Curve[] = [
    { name: 'the ring itself', points: seconds.map((each) => [each.second, each.ringBytesPerNode]) },
    { name: 'with the index', points: seconds.map((each) => [each.second, each.allBytesPerNode]) },
    {
      name: 'joining, spread',
      points: seconds.map((each) => [each.second, each.joiningBytes / Math.max(1, each.members)]),
    },
  ];
  return panelSvg(
    {
      ...PANEL,
      top,
      title: 'Bandwidth: received by a member, in each second',
      xLabel: 'virtual time (s)',
      yLabel: 'bytes/s',
      xMax: lastSecond(seconds),
      yMax: greatest(curves) * 1.05,
    },
    curves,
  );
}

function tablesPanel(top: number, seconds: readonly SecondOfRun[]): string {
  const points = seconds.map((each): [number, number] => [each.second, each.tablesRight]);
  return panelSvg(
    {
      ...PANEL,
      top,
      title: 'Tables: share of members whose table is the truth at that instant',
      xLabel: 'virtual time (s)',
      yLabel: 'share',
      xMax: lastSecond(seconds),
      yMax: 1,
    },
    [{ name: 'tables right', points }],
  );
}

function lastSecond(seconds: readonly SecondOfRun[]): number {
  return Math.max(1, seconds.at(-1)?.second ?? 1);
}

function greatest(curves: readonly Curve[]): number {
  let most = 1;
  for (const { points } of curves) for (const [, y] of points) most = Math.max(most, y);
  return most;
}
