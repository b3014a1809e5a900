import { Command, InvalidArgumentError, Option } from 'commander';

import { ending } from '../command-line/ending.ts';
import type { Scenario, ScenarioOption } from './scenarios/scenario.ts';

/** What `npm run simulate` was asked for. */
export interface SimulateOptions {
  readonly scenario: Scenario;
  readonly nodes: number;
  readonly seed: number;
  readonly json: boolean;
  /** Folder for the time series, file for the plot. */
  readonly csv: string | undefined;
  readonly svg: string | undefined;
  readonly network: 'constant' | 'geographic';
  readonly rttMs: number;
  readonly jitterMs: number;
  /** File of measured delays; replaces the network. */
  readonly delays: string | undefined;
  readonly lossRate: number;
  readonly exactProbes: boolean;
  readonly refusals: boolean;
  readonly quiet: boolean;
  /** The scenario's own options by name in camel case. */
  readonly values: Readonly<Record<string, number | string>>;
}

type RawValues = Record<string, number | string | boolean | undefined>;

const MAX_NODES = 200_000;

/** Reads the command line; `--help` and mistakes end the process with a message on standard error. */
export function parseSimulateOptions(
  argv: readonly string[],
  scenarios: readonly Scenario[],
): SimulateOptions {
  let chosen: SimulateOptions | undefined;
  const program = ending(new Command('npm run simulate --'))
    .description(
      'Runs the one-hop ring, unchanged, on many nodes in virtual time. Repeatable bit for bit by its seed.',
    )
    .addHelpText(
      'after',
      `\nExamples:\n${scenarios.flatMap((each) => each.examples.map((line) => `  $ ${line}\n`)).join('')}`,
    );
  for (const scenario of scenarios) {
    const command = ending(program.command(scenario.name)).description(scenario.summary);
    addCommonOptions(command, scenario);
    for (const option of scenario.options) command.addOption(toOption(option));
    command
      .addHelpText('after', `\nExamples:\n${scenario.examples.map((line) => `  $ ${line}\n`).join('')}`)
      .action((values: RawValues) => {
        chosen = toOptions(scenario, values);
      });
  }
  program.parse(argv, { from: 'user' });
  return chosen ?? program.error('error: name a scenario; --help lists them');
}

function addCommonOptions(command: Command, scenario: Scenario): void {
  command
    .option('--nodes <count>', 'members at the start', number(1, MAX_NODES, true), scenario.defaultNodes)
    .option('--seed <number>', 'what happens follows from it', number(0, 0xffff_ffff, true), 1)
    .option('--json', 'print one JSON document on standard output and nothing else there', false)
    .option('--csv <folder>', 'write the time series there')
    .option('--svg <file>', 'write a plot there')
    .addOption(
      new Option('--network <model>', 'delays between nodes')
        .choices(['constant', 'geographic'])
        .default('constant'),
    )
    .option('--rtt <ms>', 'round trip of the constant network', number(0, 10_000), 100)
    .option('--jitter <ms>', "added to each message's way, from 0 to this", number(0, 10_000), 0)
    .option(
      '--delays <file>',
      'round trips in ms: a square table (TSV) or lines from,to,ms (CSV); .gz accepted',
    )
    .option('--loss <share>', 'messages that are lost', number(0, 1), 0)
    .option('--exact-probes', 'send every keep-alive instead of charging the certain ones', false)
    .option('--refusals', 'a sender learns that no process runs there, as TCP tells', false)
    .option('--quiet', 'no progress on standard error', false);
}

function toOption(option: ScenarioOption): Option {
  const made = new Option(option.flags, option.description).default(option.default);
  if (option.choices !== undefined) return made.choices([...option.choices]);
  return made.argParser(number(option.min ?? -Infinity, option.max ?? Infinity));
}

function toOptions(scenario: Scenario, raw: RawValues): SimulateOptions {
  const values: Record<string, number | string> = {};
  for (const option of scenario.options) {
    const name = new Option(option.flags).attributeName();
    const value = raw[name];
    values[name] = typeof value === 'number' || typeof value === 'string' ? value : option.default;
  }
  return {
    scenario,
    nodes: Number(raw['nodes']),
    seed: Number(raw['seed']),
    json: raw['json'] === true,
    csv: textOf(raw['csv']),
    svg: textOf(raw['svg']),
    network: raw['network'] === 'geographic' ? 'geographic' : 'constant',
    rttMs: Number(raw['rtt']),
    jitterMs: Number(raw['jitter']),
    delays: textOf(raw['delays']),
    lossRate: Number(raw['loss']),
    exactProbes: raw['exactProbes'] === true,
    refusals: raw['refusals'] === true,
    quiet: raw['quiet'] === true,
    values,
  };
}

function textOf(value: RawValues[string]): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function number(min: number, max: number, whole = false): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (
      text.trim() === '' ||
      Number.isNaN(value) ||
      value < min ||
      value > max ||
      (whole && !Number.isInteger(value))
    ) {
      throw new InvalidArgumentError(`Expected a ${whole ? 'whole ' : ''}number from ${min} to ${max}.`);
    }
    return value;
  };
}
