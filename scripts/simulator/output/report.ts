import type { ReportRow, ScenarioReport, Violation } from '../scenarios/scenario.ts';

/** Violations printed one by one; the rest is counted. */
const MAX_LISTED = 20;

interface Run {
  readonly scenario: string;
  readonly nodes: number;
  readonly seed: number;
}

/** One JSON document; the same run gives the same text. */
export function reportJson(run: Run, report: ScenarioReport): string {
  const violations = report.violations.slice(0, MAX_LISTED);
  return JSON.stringify(
    { ...run, ...report.measured, ...report.tables, violationCount: report.violations.length, violations },
    null,
    2,
  );
}

/** The same for people. */
export function reportText(run: Run, report: ScenarioReport): string {
  const rows: [string, string][] = [];
  for (const [name, value] of Object.entries(report.measured)) {
    if (typeof value === 'object') {
      rows.push([name, '']);
      for (const [key, part] of Object.entries(value)) rows.push([`  ${key}`, grouped(part)]);
    } else rows.push([name, typeof value === 'number' ? grouped(value) : value]);
  }
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`.trimEnd());
  return [
    `${run.scenario}: ${grouped(run.nodes)} nodes, seed ${run.seed}`,
    ...lines,
    ...Object.values(report.tables ?? {}).flatMap(tableLines),
    ...violationLines(run, report.violations),
  ].join('\n');
}

/** One line for each row: its name, then its other fields. */
function tableLines(rows: readonly ReportRow[]): string[] {
  const width = Math.max(...rows.map(({ name }) => name.length));
  return rows.map(({ name, ...fields }) => {
    const parts = Object.entries(fields).map(([field, value]) => `${field} ${cell(value)}`);
    return `${name.padEnd(width)}  ${parts.join('; ')}`;
  });
}

const cell = (value: ReportRow[string]): string =>
  typeof value === 'object' ? value.join(', ') : value.toString();

function violationLines(run: Run, violations: readonly Violation[]): string[] {
  if (violations.length === 0) return ['every invariant held'];
  const lines = violations.slice(0, MAX_LISTED).map(({ invariant, atMs, node, detail }) => {
    const where = node < 0 ? '' : `, node ${node}`;
    return `violated: ${invariant} (seed ${run.seed}, ${atMs} ms${where}): ${detail}`;
  });
  if (violations.length > MAX_LISTED) lines.push(`and ${violations.length - MAX_LISTED} more violations`);
  return lines;
}

function grouped(value: number): string {
  return Number.isNaN(value) ? 'not measured' : value.toLocaleString('en', { maximumFractionDigits: 6 });
}
