/**
 * Runs the contracts' behaviour tests over instrumented contracts and fails unless every statement of the money paths
 * ran, that of each refusal included. It rebuilds the contracts, so nothing else may build in this tree meanwhile.
 *
 * node scripts/deploy/check-coverage.ts
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { DeployError } from './deploy-error.ts';
import { REPOSITORY_ROOT } from './hardhat-environment.ts';

/** Sources through which money moves; the registry holds stakes. */
const MONEY_PATHS = /^contracts\/(?!interfaces\/).+\.sol$/;
const REPORT = join(REPOSITORY_ROOT, 'coverage', 'lcov.info');

async function runTests(): Promise<void> {
  const program = join(REPOSITORY_ROOT, 'node_modules', 'hardhat', 'dist', 'src', 'cli.js');
  const child = spawn(process.execPath, [program, 'test', 'mocha', '--coverage'], {
    cwd: REPOSITORY_ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, BCDN_COVERAGE: '1' },
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) {
    throw new DeployError('COVERAGE_INCOMPLETE', 'The tests failed, so their coverage says nothing.');
  }
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

await rm(REPORT, { force: true });
await runTests();
const uncovered = uncoveredLines(await readFile(REPORT, 'utf8'));
const incomplete = [...uncovered].filter(([, lines]) => lines.length > 0);
for (const [source, lines] of incomplete) process.stderr.write(`${source}: ${lines.join(', ')} never ran\n`);
if (uncovered.size === 0) process.stderr.write('the report names no contract\n');
if (uncovered.size === 0 || incomplete.length > 0) process.exitCode = 1;
