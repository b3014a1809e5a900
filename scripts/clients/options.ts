import { Command } from 'commander';

import { ending } from '../command-line/ending.ts';

/** What the run was asked to do. */
export interface ClientsOptions {
  /** Print one JSON document on standard output and nothing else there. */
  readonly json: boolean;
}

/** Reads the command line; `--help` and mistakes end the process with a message on standard error. */
export function parseOptions(argv: readonly string[]): ClientsOptions {
  return ending(new Command('scripts/clients/main.ts'))
    .description('Lets clients that others wrote fetch from the gateway of an edge, and says what worked.')
    .option('--json', 'print one JSON document on standard output', false)
    .addHelpText(
      'after',
      `
Exit code: 0 when all worked, 1 when something failed, 3 when nothing failed but a client is not installed.

Example:
  $ npm run clients -- --json`,
    )
    .parse(argv, { from: 'user' })
    .opts<{ json: boolean }>();
}
