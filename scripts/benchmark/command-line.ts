import { Command } from 'commander';

import { wholeNumber } from '../command-line/whole-number.ts';
import type { Bench } from './bench.ts';

/** What `npm run bench` was asked to do. */
export interface BenchCommand {
  readonly bench: Bench;
  readonly values: Readonly<Record<string, number>>;
  /** One JSON object on standard output instead of tables. */
  readonly json: boolean;
}

/** Where help and mistakes go, and how the process ends for them. */
export interface CommandLineEnd {
  readonly write: (text: string) => void;
  readonly exit: (code: number) => never;
}

/** Reads the command line; `--help` and mistakes end it with a message through `end`. */
export function parseBenchCommand(
  argv: readonly string[],
  benches: readonly Bench[],
  end: CommandLineEnd,
): BenchCommand {
  let chosen: BenchCommand | undefined;
  const program = ending(new Command('npm run bench --'), end)
    .description('Measures one part of bcdn beside its peers, on this machine, and prints the ratios.')
    .addHelpText(
      'after',
      `
Every bench takes --json and --help. Progress goes to standard error, the result to standard output.

Examples:
  $ npm run bench -- ${benches[0]?.name ?? '<name>'}
  $ npm run bench -- ${benches[0]?.name ?? '<name>'} --json > result.json
  $ npm run bench -- ${benches[0]?.name ?? '<name>'} --help`,
    );
  for (const bench of benches) {
    const command = ending(program.command(bench.name), end)
      .description(bench.summary)
      .option('--json', 'print one JSON object on standard output', false);
    for (const [name, option] of Object.entries(bench.options)) {
      const { description, fallback, min, max } = option;
      command.option(
        `--${name} <count>`,
        `${description} (${min} to ${max})`,
        wholeNumber(min, max),
        fallback,
      );
    }
    command.action((options: Record<string, number | boolean>) => {
      const values: Record<string, number> = {};
      for (const name of Object.keys(bench.options)) values[name] = Number(options[name]);
      chosen = { bench, values, json: options['json'] === true };
    });
  }
  program.parse(argv, { from: 'user' });
  return chosen ?? program.help({ error: true });
}

/** Help is no result: it goes where progress goes. A mistake ends with 2. */
function ending(command: Command, { write, exit }: CommandLineEnd): Command {
  return command
    .exitOverride((error) => exit(error.exitCode === 0 ? 0 : 2))
    .configureOutput({ writeOut: write, writeErr: write });
}
