import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Distribution, ScenarioReport } from '../scenarios/scenario.ts';
import { SimulatorError } from '../simulator-error.ts';
import type { SecondOfRun } from './time-series.ts';

/** Points of a distribution that are written: enough to draw it. */
const MAX_POINTS = 10_000;

/**
 * Writes `seconds.csv` (the time series) and one `distribution-<n>.csv` for each distribution into a folder.
 * @throws SimulatorError OUTPUT_UNWRITABLE
 */
export function writeCsv(folder: string, report: ScenarioReport): void {
  try {
    mkdirSync(folder, { recursive: true });
    if (report.series !== undefined)
      writeFileSync(join(folder, 'seconds.csv'), secondsCsv(report.series.seconds));
    report.distributions?.forEach((each, i) => {
      writeFileSync(join(folder, `distribution-${i + 1}.csv`), distributionCsv(each));
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SimulatorError(
      'OUTPUT_UNWRITABLE',
      `Nothing can be written to ${folder}: ${reason}`,
      { folder },
      cause,
    );
  }
}

function secondsCsv(seconds: readonly SecondOfRun[]): string {
  const [first] = seconds;
  if (first === undefined) return '';
  const names = Object.keys(first) as (keyof SecondOfRun)[];
  const lines = seconds.map((second) =>
    names.map((name) => String(Math.round(second[name] * 1e6) / 1e6)).join(','),
  );
  return `${names.join(',')}\n${lines.join('\n')}\n`;
}

/** Value and share of members at or below it. */
function distributionCsv({ unit, values, missing }: Distribution): string {
  const total = values.length + missing;
  const step = Math.max(1, Math.ceil(values.length / MAX_POINTS));
  const lines: string[] = [];
  for (let i = step - 1; i < values.length; i += step) {
    lines.push(`${Math.round((values[i] ?? 0) * 1e6) / 1e6},${Math.round(((i + 1) / total) * 1e6) / 1e6}`);
  }
  return `${unit},share\n${lines.join('\n')}\n`;
}
