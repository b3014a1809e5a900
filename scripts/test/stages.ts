import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

import { findProgram } from './installed-programs.ts';

/** One step of `npm test`: a command whose exit code decides, and how its tests are counted. */
export interface Stage {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  /**
   * Patterns of the test files that mocha is given; its report says how each fared, so that one can be run again by itself.
   * @default the command is no mocha
   */
  readonly files?: readonly string[];
  /**
   * `reporter`: the command prints how many tests passed and failed; `check`: it counts as one test;
   * `preparation`: it counts only when it fails.
   */
  readonly counts: 'reporter' | 'check' | 'preparation';
  /**
   * Stages of one lane run in order, the two lanes beside each other and about as long: checks and tests of one part each,
   * and tests of the whole (browsers, networks of processes). A third lane made everything slower on two cores.
   */
  readonly lane: 'parts' | 'whole';
  /** Without it the stage is skipped, and the summary says so. @default nothing beside what npm installs */
  readonly needs?: Need;
}

/** A program that `npm install` does not bring. */
export interface Need {
  /** Names that it goes by; one of them is enough. */
  readonly programs: readonly [string, ...string[]];
  /** What the stage does with it. */
  readonly why: string;
  /** Command that installs it. */
  readonly remedy: string;
}

/** @returns why a stage cannot run on this machine, in a sentence; undefined if it can */
export function reasonToSkip({ needs }: Stage): string | undefined {
  if (needs === undefined || findProgram(needs.programs) !== undefined) return undefined;
  return `${needs.programs.join(' or ')} is not installed, which ${needs.why}; run: ${needs.remedy}`;
}

/** @param reportPath where mocha writes how each file fared */
export function commandOf({ command, files }: Stage, reportPath: string): Stage['command'] {
  if (files === undefined) return command;
  const reporter = join(import.meta.dirname, 'file-reporter.ts');
  return [...command, '--reporter', reporter, '--reporter-option', `report=${reportPath}`, ...files];
}

const mocha = (name: string, ...files: string[]): Stage => ({
  name,
  command: ['mocha'],
  files,
  counts: 'reporter',
  lane: 'parts',
});

const check = (name: string, ...command: [string, ...string[]]): Stage => ({
  name,
  command,
  counts: 'check',
  lane: 'parts',
});

/** Everything that must hold before a change lands, cheapest first within its lane. */
export const STAGES: readonly Stage[] = [
  check('types', 'tsc', '-p', '.'),
  check('types of the pages', 'tsc', '-p', 'marketplace/web', '--noEmit'),
  check("types of the operator's desk", 'tsc', '-p', 'node/dashboard', '--noEmit'),
  check('types of the player', 'tsc', '-p', 'sdk/player', '--noEmit'),
  check('types of the browser tests', 'tsc', '-p', 'test/browser', '--noEmit'),
  check('purity of sdk/protocol', 'tsc', '-p', 'sdk/protocol', '--noEmit'),
  check('purity of node/core', 'tsc', '-p', 'node/core', '--noEmit'),
  check(
    'dependency rules',
    'depcruise',
    '--config',
    '.dependency-cruiser.js',
    'sdk',
    'node',
    'marketplace',
    'scripts',
    'test',
  ),
  check('lint', 'eslint', '.', '--max-warnings', '0'),
  check('format', 'prettier', '--check', '--log-level', 'warn', '.'),
  mocha('architecture', 'test/architecture/**/*.test.ts'),
  mocha('sdk', 'test/sdk/**/*.test.ts'),
  mocha('node', 'test/node/**/*.test.ts'),
  mocha('scripts', 'test/scripts/**/*.test.ts'),
  mocha('simulation', 'test/simulation/**/*.test.ts'),
  mocha('marketplace', 'test/marketplace/**/*.test.ts'),
  {
    name: 'marketplace on PostgreSQL',
    // The pages know no database.
    command: ['env', 'BCDN_TEST_DATABASE=postgres', 'mocha', '--ignore', 'test/marketplace/web/**'],
    files: ['test/marketplace/**/*.test.ts'],
    counts: 'reporter',
    lane: 'parts',
    needs: {
      programs: ['initdb'],
      why: 'makes the database that the tests of the marketplace run on once more',
      remedy: 'apt-get install -y postgresql',
    },
  },
  { name: 'contracts, fuzzed', command: ['hardhat', 'test', 'solidity'], counts: 'reporter', lane: 'parts' },
  {
    name: 'contracts and their coverage',
    command: ['node', 'scripts/contract-coverage/main.ts'],
    counts: 'reporter',
    lane: 'parts',
  },
  check('gas table', 'node', 'scripts/gas/gas.ts', '--check'),
  {
    ...mocha('browser', 'test/browser/**/*.test.ts'),
    lane: 'whole',
    needs: {
      programs: ['chromium'],
      why: 'shows the pages to the tests',
      remedy: 'apt-get install -y chromium',
    },
  },
  { ...mocha('end to end', 'test/end-to-end/**/*.test.ts'), lane: 'whole' },
];

export interface Count {
  readonly passed: number;
  readonly failed: number;
}

const TOTALS = /^\s*(?:✔\s+)?(\d+) (passing|failing|pending)\b/gm;

/**
 * Adds up what test runners print (`12 passing`, `1 failing`). A run that failed without naming a failure,
 * or that executed nothing, counts as one failure: silence must not look like success.
 */
export function countTests(stage: Stage, exitCode: number, output: string): Count {
  if (stage.counts === 'preparation') return { passed: 0, failed: exitCode === 0 ? 0 : 1 };
  if (stage.counts === 'check') return exitCode === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  const sums = { passing: 0, failing: 0, pending: 0 };
  for (const [, count, kind] of stripVTControlCharacters(output).matchAll(TOTALS)) {
    if (kind === 'passing' || kind === 'failing' || kind === 'pending') sums[kind] += Number(count);
  }
  const unexplained = (exitCode !== 0 && sums.failing === 0) || sums.passing + sums.failing === 0;
  return { passed: sums.passing, failed: sums.failing + sums.pending + (unexplained ? 1 : 0) };
}
