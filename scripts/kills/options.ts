import { Command } from 'commander';

import { ending } from '../command-line/ending.ts';
import { addSeed, seedOf } from '../command-line/seed-option.ts';
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

/** Reads the command line; `--help` and mistakes end the process with a message on standard error. */
export function parseKillOptions(argv: readonly string[], randomSeed: () => number): KillOptions {
  const command = ending(new Command('scripts/kills/main.ts'))
    .description(
      'Kills a serving node with SIGKILL at random moments, restarts it, and checks that no acknowledged receipt is ' +
        'lost and none is paid twice.',
    )
    .option('--count <kills>', 'how often', wholeNumber(1, MAX_COUNT), DEFAULT_COUNT)
    .option('--json', 'print one JSON document on standard output', false)
    .addHelpText(
      'after',
      `
Exit code: 0 when nothing was lost or paid twice and the pay is exact, else 1.

Examples:
  $ node --import ./scripts/setup/require-node.mjs scripts/kills/main.ts --count 100
  $ node --import ./scripts/setup/require-node.mjs scripts/kills/main.ts --count 5 --seed 7 --json`,
    );
  addSeed(command, 'the moments of a run');
  const values = command
    .parse(argv, { from: 'user' })
    .opts<{ count: number; seed?: number; json: boolean }>();
  return { ...values, seed: seedOf(values, randomSeed) };
}
