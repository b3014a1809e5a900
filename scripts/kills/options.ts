import { Command } from 'commander';

import { wholeNumber } from '../command-line/whole-number.ts';

/** What the run was asked to do. */
export interface KillOptions {
  readonly count: number;
  /** Decides moments and phases; what the machine does in between is its own. */
  readonly seed: number;
  /** Print one JSON document on standard output and nothing else there. */
  readonly json: boolean;
}

const DEFAULT_COUNT = 100;
const MAX_COUNT = 10_000;
const SEED_RANGE = 2 ** 31;

/** Reads the command line; `--help` and mistakes end the process with a message on standard error. */
export function parseKillOptions(argv: readonly string[], randomSeed: () => number): KillOptions {
  const command = new Command('scripts/kills/main.ts')
    .description(
      'Kills a serving node with SIGKILL at random moments, restarts it, and checks that no acknowledged receipt is ' +
        'lost and none is paid twice.',
    )
    .option('--count <kills>', 'how often', wholeNumber(1, MAX_COUNT), DEFAULT_COUNT)
    .option('--seed <number>', 'repeats the moments of a run', wholeNumber(0, SEED_RANGE))
    .option('--json', 'print one JSON document on standard output', false)
    .addHelpText(
      'after',
      `
Exit code: 0 when nothing was lost or paid twice and the pay is exact, else 1.

Examples:
  $ node --import ./scripts/setup/require-node.mjs scripts/kills/main.ts --count 100
  $ node --import ./scripts/setup/require-node.mjs scripts/kills/main.ts --count 5 --seed 7 --json`,
    )
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .configureOutput({ writeOut: (text) => process.stderr.write(text) });
  const values = command
    .parse(argv, { from: 'user' })
    .opts<{ count: number; seed?: number; json: boolean }>();
  return { ...values, seed: values.seed ?? Math.floor(randomSeed() * SEED_RANGE) };
}
