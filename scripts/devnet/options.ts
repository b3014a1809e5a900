import { Command } from 'commander';

import { ending } from '../command-line/ending.ts';
import { wholeNumber } from '../command-line/whole-number.ts';

/** What `npm start` was asked to do. */
export interface DevnetOptions {
  /** Run the job once and exit instead of staying up. */
  readonly once: boolean;
  /** Print one JSON document on standard output and nothing else there. */
  readonly json: boolean;
  /** File to publish; one is generated if absent. */
  readonly input: string | undefined;
  /** Size of the generated file. */
  readonly sizeBytes: number;
  readonly viewers: number;
  /** Where the network keeps its files; a temporary folder that is removed at the end if absent. */
  readonly folder: string | undefined;
}

const MIB = 1024 * 1024;
const DEFAULT_SIZE_BYTES = 24 * MIB;
const DEFAULT_VIEWERS = 8;
const MIN_VIEWERS = 4;
const MAX_VIEWERS = 64;

/** Reads the command line; `--help` and mistakes end the process with a message on standard error. */
export function parseDevnetOptions(argv: readonly string[]): DevnetOptions {
  const command = ending(new Command('npm start --'))
    .description('Starts a whole bcdn network on this machine and delivers a file through it.')
    .option('--once', 'run the job once, check everything, stop all processes and exit', false)
    .option('--json', 'print one JSON document on standard output (with --once)', false)
    .option('--input <file>', 'publish this file instead of a generated one')
    .option(
      '--size <bytes>',
      'size of the generated file',
      wholeNumber(0, Number.MAX_SAFE_INTEGER),
      DEFAULT_SIZE_BYTES,
    )
    .option(
      '--viewers <count>',
      'viewers that fetch the file',
      wholeNumber(MIN_VIEWERS, MAX_VIEWERS),
      DEFAULT_VIEWERS,
    )
    .option(
      '--folder <path>',
      'keep the files of the network here (default: a temporary folder, removed at the end)',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ npm start                                        stays up; k kills an edge, c corrupts one, q quits
  $ npm start -- --once                              one job, then exit 0 if every check held
  $ npm start -- --once --json --input movie.mp4     the same with your file and a JSON report`,
    );
  const values = command.parse(argv, { from: 'user' }).opts<{
    once: boolean;
    json: boolean;
    input?: string;
    size: number;
    viewers: number;
    folder?: string;
  }>();
  if (values.json && !values.once)
    command.error('error: --json prints the report of one job: use it with --once');
  return {
    once: values.once,
    json: values.json,
    input: values.input,
    sizeBytes: values.size,
    viewers: values.viewers,
    folder: values.folder,
  };
}
