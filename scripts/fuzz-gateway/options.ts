import { Command } from 'commander';

import { ending } from '../command-line/ending.ts';
import { addSeed, seedOf } from '../command-line/seed-option.ts';
import { wholeNumber } from '../command-line/whole-number.ts';

/** What the run was asked to do. */
export interface FuzzOptions {
  readonly requests: number;
  /** Decides every request; the order among connections is the machine's. */
  readonly seed: number;
  readonly connections: number;
  /** Only the connection of this number. */
  readonly connection?: number;
  /** Without a grant only the free allowance of each address. */
  readonly rationed: boolean;
  /** Against a real edge with so many worker processes instead of a gateway alone. */
  readonly workers?: number;
  /** Print one JSON document on standard output and nothing else there. */
  readonly json: boolean;
}

const DEFAULT_REQUESTS = 200_000;
const MAX_REQUESTS = 1_000_000_000;
const DEFAULT_CONNECTIONS = 24;
const MAX_CONNECTIONS = 512;
const MAX_WORKERS = 64;

/** Reads the command line; `--help` and mistakes end the process with a message on standard error. */
export function parseFuzzOptions(argv: readonly string[], randomSeed: () => number): FuzzOptions {
  const command = ending(new Command('scripts/fuzz-gateway/main.ts'))
    .description(
      'Sends hostile requests over real connections to the gateway in a process of its own: paths, CIDs, queries, ' +
        'headers, ranges, grants, bodies and bytes that are no HTTP. Every answer must be valid, none a 500.',
    )
    .option('--requests <count>', 'how many', wholeNumber(1, MAX_REQUESTS), DEFAULT_REQUESTS)
    .option('--connections <count>', 'at a time', wholeNumber(1, MAX_CONNECTIONS), DEFAULT_CONNECTIONS)
    .option('--connection <number>', 'only this one, as a finding names it', wholeNumber(0, MAX_REQUESTS))
    .option('--rationed', 'with the free allowance of a node, so that most is refused', false)
    .option(
      '--workers <count>',
      'against a real edge with so many worker processes, its chain and marketplace',
      wholeNumber(1, MAX_WORKERS),
    )
    .option('--json', 'print one JSON document on standard output', false)
    .addHelpText(
      'after',
      `
Exit code: 0 when nothing was found, nothing crashed and no handle stayed open, else 1.

Examples:
  $ npm run fuzz:gateway -- --requests 1000000 --seed 1
  $ npm run fuzz:gateway -- --seed 1 --connection 4711`,
    );
  addSeed(command, 'the requests of a run');
  const values = command.parse(argv, { from: 'user' }).opts<Omit<FuzzOptions, 'seed'> & { seed?: number }>();
  return { ...values, seed: seedOf(values, randomSeed) };
}
