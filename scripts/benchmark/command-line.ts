import { Command } from 'commander';

import { ending, type CommandLineEnd } from '../command-line/ending.ts';
import { wholeNumber } from '../command-line/whole-number.ts';
import type { Bench } from './bench.ts';

/** What `npm run bench` was asked to do. */
export interface BenchCommand {
  readonly bench: Bench;
  readonly values: Readonly<Record<string, number>>;
  /** One JSON object on standard output instead of tables. */
  readonly json: boolean;
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
