/**
 * Prints what operations cost and writes contracts/GAS.md.
 *
 * node scripts/gas/gas.ts [--json] [--check]
 *
 * --json prints JSON instead of the table; --check writes nothing and fails when a committed figure is off by more
 * than 2 % or a goal is missed.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { REPOSITORY_ROOT } from '../deploy/hardhat-environment.ts';
import { measureGas, type GasFigure } from './measure.ts';

/** How far a figure may be from the committed one, percent. */
const TOLERANCE_PERCENT = 2;
const TABLE = join(REPOSITORY_ROOT, 'contracts', 'GAS.md');

const number = (value: number): string => value.toLocaleString('en-GB');

function tableOf(figures: readonly GasFigure[]): string {
  const rows = figures.map(({ operation, gas, goal }) => {
    const verdict = goal === undefined ? '' : `≤ ${number(goal)}`;
    return `| ${operation} | ${number(gas)} | ${verdict} |`;
  });
  return [
    '# Gas',
    '',
    'Whole transactions with the production parameters (fee 1 %), written by `node scripts/gas/gas.ts`.',
    'Goals are those of the payment design.',
    '',
    '| operation | gas | goal |',
    '|---|---:|---:|',
    ...rows,
    '',
  ].join('\n');
}

/** The committed figures by operation. */
function parseTable(text: string): ReadonlyMap<string, number> {
  const committed = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^\| ([^|]+) \| ([0-9,]+) \|/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) {
      committed.set(match[1], Number(match[2].replaceAll(',', '')));
    }
  }
  return committed;
}

function complaints(figures: readonly GasFigure[], committed: ReadonlyMap<string, number>): string[] {
  const found: string[] = [];
  for (const { operation, gas, goal } of figures) {
    const before = committed.get(operation);
    if (goal !== undefined && gas > goal) found.push(`${operation}: ${gas} gas, above the goal of ${goal}`);
    if (before === undefined) found.push(`${operation}: not in contracts/GAS.md`);
    else if (Math.abs(gas - before) * 100 > before * TOLERANCE_PERCENT) {
      found.push(`${operation}: ${gas} gas, contracts/GAS.md says ${before}`);
    }
  }
  const measured = new Set(figures.map(({ operation }) => operation));
  for (const operation of committed.keys()) {
    if (!measured.has(operation)) found.push(`${operation}: in contracts/GAS.md, but no longer measured`);
  }
  return found;
}

const { values } = parseArgs({ options: { json: { type: 'boolean' }, check: { type: 'boolean' } } });
const figures = await measureGas();
process.stdout.write(values.json === true ? `${JSON.stringify(figures, null, 2)}\n` : tableOf(figures));
if (values.check === true) {
  const found = complaints(figures, parseTable(await readFile(TABLE, 'utf8')));
  for (const complaint of found) process.stderr.write(`${complaint}\n`);
  if (found.length > 0) process.exitCode = 1;
} else {
  await writeFile(TABLE, tableOf(figures));
}
