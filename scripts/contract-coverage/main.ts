/**
 * Runs the contracts' behaviour tests over instrumented contracts and fails unless every statement ran, that of each
 * refusal included, and every part of every condition was met true and false.
 *
 * node scripts/contract-coverage/main.ts
 */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { once } from 'node:events';

import { DeployError } from '../deploy/deploy-error.ts';
import { PROBE_BASE, type Condition } from './condition-probes.ts';
import { makeInstrumentedTree } from './instrumented-tree.ts';

/** Sources through which money moves; the registry holds stakes. */
const MONEY_PATHS = /^contracts\/(?!interfaces\/|ConditionProbe).+\.sol$/;
const PROBE = new RegExp(`^\\s*(${PROBE_BASE.toString().slice(0, 10)}\\d{6})n?\\s*$`);

/** Runs the tests, passes their output on and keeps what the probes say. */
async function runTests(root: string): Promise<ReadonlySet<number>> {
  const program = join(root, 'node_modules', 'hardhat', 'dist', 'src', 'cli.js');
  const child = spawn(process.execPath, [program, 'test', 'mocha', '--coverage'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, BCDN_COVERAGE: '1' },
  });
  const exit = once(child, 'exit');
  const outcomes = new Set<number>();
  for await (const line of createInterface({ input: child.stdout })) {
    const probe = PROBE.exec(line)?.[1];
    if (probe === undefined) process.stdout.write(`${line}\n`);
    else outcomes.add(Number(probe) - PROBE_BASE);
  }
  const [code] = (await exit) as [number | null];
  if (code !== 0) {
    throw new DeployError('COVERAGE_INCOMPLETE', 'The tests failed, so their coverage says nothing.');
  }
  return outcomes;
}

/** Lines with a statement that never ran, by source. */
function uncoveredLines(lcov: string): ReadonlyMap<string, readonly number[]> {
  const uncovered = new Map<string, readonly number[]>();
  for (const record of lcov.split('end_of_record')) {
    const source = /^SF:(.+)$/m.exec(record)?.[1];
    if (source === undefined || !MONEY_PATHS.test(source)) continue;
    const lines = [...record.matchAll(/^DA:(\d+),0$/gm)].map((match) => Number(match[1]));
    uncovered.set(source, lines);
  }
  return uncovered;
}

/** What is missing, one line each. */
function gapsOf(lcov: string, conditions: readonly Condition[], outcomes: ReadonlySet<number>): string[] {
  const lines = uncoveredLines(lcov);
  const gaps = [...lines].flatMap(([source, missing]) =>
    missing.map((line) => `${source}:${line} never ran`),
  );
  if (lines.size === 0) gaps.push('the report names no contract');
  if (outcomes.size === 0) gaps.push('no condition was met');
  conditions.forEach(({ source, line, text }, id) => {
    if (!outcomes.has(2 * id)) gaps.push(`${source}:${line} was never false: ${text}`);
    if (!outcomes.has(2 * id + 1)) gaps.push(`${source}:${line} was never true: ${text}`);
  });
  return gaps;
}

await using tree = await makeInstrumentedTree();
const outcomes = await runTests(tree.root);
const lcov = await readFile(join(tree.root, 'coverage', 'lcov.info'), 'utf8');
const gaps = gapsOf(lcov, tree.conditions, outcomes);
for (const gap of gaps) process.stderr.write(`${gap}\n`);
if (gaps.length > 0) process.exitCode = 1;
else
  process.stdout.write(
    `every statement ran; ${tree.conditions.length} parts of conditions were true and false\n`,
  );
